"""What the engine holds and the files lost: told by check, refused before anything is done."""

import datetime as dt

import pytest

from tests.engine.conftest import HOST_STACK, STACK, Bench

pytestmark = pytest.mark.engine

CLIENT = "clients/example-coop.yaml"
HOST = "hosts/lab1.yaml"


def _everything(bench: Bench) -> tuple[object, ...]:
    return bench.domains(), bench.volumes(), sorted(path.name for path in (bench.world / "images" / "vps").iterdir())


def test_check_tells_stacks_without_a_file_and_machines_without_a_line(bench: Bench) -> None:
    bench.up()
    assert "nothing wrong was found" in bench.vps("check")

    bench.edit(lambda client: client["vps"].update(web2=client["vps"].pop("web1")))
    assert "nothing wrong was found" in bench.vps("check")
    bench.edit(lambda client: client["vps"]["web2"].update(id="v-other1"))
    said = " ".join(bench.vps("check", code=1).split())
    assert "example-coop/web1 is there, and no line declares it any more. Put the lines back." in said
    assert "vps end CLIENT/VPS --on DATE" in said

    (bench.project.fleet / CLIENT).unlink()
    (bench.project.fleet / HOST).unlink()
    said = " ".join(bench.vps("check", code=1).split())
    assert "The stack client.example-coop has no file, and it holds example-coop/web1. Restore clients/" in said
    assert "The stack host.lab1 has no file, and it holds" in said


@pytest.mark.parametrize("stack", [STACK, HOST_STACK])
def test_destroy_is_refused_whole(bench: Bench, stack: str) -> None:
    """The engine's own refusal comes before anything is deleted: not one of the host's objects goes."""
    bench.up()
    before = _everything(bench)

    said = bench.pulumi("destroy", "--yes", "--stack", stack, code=1)
    assert "protected" in said
    assert _everything(bench) == before
    assert len([one for one in bench.state(HOST_STACK) if one["type"].startswith("vps:index:")]) == 3


def test_a_host_file_that_is_gone_is_no_order(bench: Bench) -> None:
    bench.up()
    before = _everything(bench)
    (bench.project.fleet / HOST).unlink()

    assert "Restore hosts/lab1.yaml from git" in bench.vps("up", HOST_STACK, "--yes", code=1)
    assert "Restore hosts/lab1.yaml from git" in bench.pulumi("up", "--yes", "--stack", HOST_STACK, code=1)
    assert _everything(bench) == before


def test_an_image_that_is_withdrawn_stays_until_it_is_retired(bench: Bench) -> None:
    """Nothing else of the host's stack is changed meanwhile: the run is refused whole, by us and by plain pulumi."""
    bench.up()
    before = _everything(bench)
    (name,) = [one["outputs"]["name"] for one in bench.state(HOST_STACK) if one["type"] == "vps:index:Image"]
    bench.edit(lambda lock: lock["images"].pop(name), file="images.lock.yaml")

    for said in (
        bench.vps("up", HOST_STACK, "--yes", code=1),
        bench.vps("preview", HOST_STACK, code=1),
        bench.pulumi("up", "--yes", "--skip-preview", "--stack", HOST_STACK, code=1),
    ):
        assert f"image {name}: still there, but the lines that declare it are gone" in " ".join(said.split())
        assert "vps image retire" in said
    assert _everything(bench) == before


def test_plain_pulumi_says_it_in_our_words_too(bench: Bench) -> None:
    bench.up()
    before = _everything(bench)
    bench.edit(lambda client: client["vps"]["web1"].update(id="v-other1"))

    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        said = " ".join(bench.pulumi(*command, "--stack", STACK, code=1).split())
        assert "example-coop/web1: the machine is there under another id than its file has now: an `id:` was" in said
    assert _everything(bench) == before


def test_an_end_that_is_still_to_come_lets_no_line_go(bench: Bench) -> None:
    """The engine's protection is lifted with the first day that is declared; ours is not."""
    later = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=90)).isoformat()
    bench.vps("end", "example-coop/web1", "--on", later, "--yes")
    bench.up()
    assert not any(one.get("protect") for one in bench.state() if one["type"] == "vps:index:Machine")
    before = _everything(bench)
    bench.edit(lambda client: client["vps"]["web1"].update(id="v-other1"))

    for said in (bench.vps("preview", STACK, code=1), bench.pulumi("preview", "--stack", STACK, code=1)):
        assert "an `id:` was changed, which would make a second, empty machine" in " ".join(said.split())
    assert "its declared end is" in " ".join(bench.pulumi("destroy", "--yes", "--stack", STACK, code=1).split())
    assert _everything(bench) == before
