"""A VPS that is filled from its backup, through the real engine: what `up` does of what `vps restore` wrote."""

from tests.engine.conftest import STACK, Bench

AT = "2026-11-30T03:12:00Z"


def _restore(bench: Bench, instant: str, **more: int) -> None:
    lines = {"from": "lab1", "empty": True, "backup": instant}
    bench.edit(lambda client: client["vps"]["web1"].update(restore=lines, **more))


def _seed_values(bench: Bench) -> dict[str, object]:
    (machine,) = [found for found in bench.state() if found["type"] == "vps:index:Machine"]
    values = machine["inputs"]["seed"]["values"]
    assert isinstance(values, dict)
    return values


def test_one_that_is_gone_is_made_anew_under_its_own_number_and_told_where_its_data_are(bench: Bench) -> None:
    bench.up()
    (uuid,) = bench.domains()
    for line in (AT, AT.replace("30T", "29T")):
        (bench.world / "domains" / f"{uuid}.json").unlink()
        for disk in (bench.world / "volumes" / "vps").glob("demo-c-*"):
            disk.unlink()
        bench.pulumi("refresh", "--yes", "--stack", STACK)
        assert "never created empty again" in " ".join(bench.up(code=1).split()) or line != AT
        _restore(bench, line)
        said = " ".join(bench.vps("preview", STACK).split())
        assert f"which its first boot fills from the backup of {line}" in said
        bench.up()
        assert list(bench.domains()) == [uuid]
        assert _seed_values(bench)["settings"]["restore"] == {"archive": line}  # type: ignore[index]
    # The line may stay: nothing is restored again.
    bench.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def test_in_place_its_disk_goes_to_the_trash_and_the_line_counts_once(bench: Bench) -> None:
    bench.up()
    (uuid,) = bench.domains()
    _restore(bench, AT, reinstall=1)
    assert f"then it is filled from the backup of {AT}" in " ".join(bench.vps("preview", STACK).split())
    bench.up()
    assert list(bench.domains()) == [uuid]
    assert _seed_values(bench)["settings"]["restore"] == {"archive": AT}  # type: ignore[index]
    bench.edit(lambda client: client["vps"]["web1"].update(reinstall=2))
    said = " ".join(bench.up(code=1).split())
    assert f"still names the backup of {AT}" in said
