"""`vps package` writes periods, tells what becomes of the guest and the price, and refuses what can't be."""

import datetime as dt
import json
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from tests.cli.writers import Writers, clean

TITLE = "example-coop/web1"
START = dt.date(2026, 1, 1)
LATER = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)).isoformat()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    clean(monkeypatch)
    found = Writers(tmp_path / "project")
    file = found.file("example-coop")
    file.write_text(file.read_text().replace('start: "2026-12-01"', f'start: "{START}"'))
    found.record("example-coop")
    return found


def test_periods_are_written_and_everything_else_stays(made: Writers) -> None:
    before = made.file("example-coop").read_text().splitlines()

    said = made.vps("package", TITLE, "medium", "--from", LATER, "--yes")

    after = made.file("example-coop").read_text().splitlines()
    assert [line.strip() for line in after if line not in before] == [
        "package: medium@2026-01",
        f'since: "{LATER}"',
        f'before: [{{package: small@2026-01, since: "{START}"}}]',
    ]
    assert [line for line in before if line not in after] == ["    package: small@2026-01"]
    assert "cpuCapPercent: 150 % -> 300 %: live, no reboot" in said
    assert "memoryMib: 2048 MiB -> 4096 MiB: at next reboot" in said
    assert "sizeGib: 10 GiB -> 40 GiB: live" in said
    assert "traffic: 1 TB -> 2 TB a month" in said
    # 19.00 and 37.00 less 3 % for a term of three months.
    assert f"18.43 EUR -> 35.89 EUR, from {LATER}" in said
    assert not [one for one in made.loaded().problems if one.severity == "error"]


def test_a_change_that_was_declared_can_be_taken_back(made: Writers) -> None:
    before = made.file("example-coop").read_text()
    made.vps("package", TITLE, "medium", "--from", LATER, "--yes")

    said = made.vps("package", TITLE, "small", "--from", LATER, "--yes")

    vps = made.loaded().fleet.clients["example-coop"].vps["web1"]
    assert [one.package for one in vps.sales] == ["small@2026-01", "small@2026-01"]
    assert "35.89 EUR -> 18.43 EUR" in said
    made.file("example-coop").write_text(before)
    made.vps("package", TITLE, "medium", "--from", LATER, "--yes")
    sooner = (dt.date.fromisoformat(LATER) - dt.timedelta(days=9)).isoformat()
    said = made.vps("package", TITLE, "medium", "--from", sooner, "--yes")
    assert f"withdrawn   medium@2026-01, which was declared from {LATER} on" in said


def test_for_machines_it_is_json_and_written_only_with_yes(made: Writers) -> None:
    before = made.file("example-coop").read_text()
    found = json.loads(made.vps("package", TITLE, "medium", "--from", LATER, "--json"))
    assert made.file("example-coop").read_text() == before
    assert (found["package"], found["since"], found["written"]) == ("medium@2026-01", LATER, False)
    effects = {one["limit"]: one["effect"] for one in found["consequences"]}
    assert effects["memoryMib"] == "at next reboot"
    assert effects["nics.n0.rateMbitS"] == "live"
    assert found["promises"] == ["traffic: 1 TB -> 2 TB a month"]
    assert found["withdrawn"] == []
    assert found["price"][0]["month"][0]["after"] == {"EUR": "35.89"}


def test_a_disk_never_shrinks(made: Writers) -> None:
    made.vps("package", TITLE, "medium", "--yes")
    before = made.file("example-coop").read_text()
    with pytest.raises(DomainError, match=r"small@2026-01 has 10 GiB of disk, it has 40 GiB: a disk never shrinks"):
        made.run("package", TITLE, "small", "--yes")
    assert made.file("example-coop").read_text() == before


def test_a_host_without_room_for_more_names_those_that_have(made: Writers) -> None:
    made.edit("hosts/lab1.yaml", capacity={"vcpus": 4, "memory": "5 GiB", "disk": "100 GiB"})
    before = made.file("example-coop").read_text()
    with pytest.raises(DomainError) as told:
        made.run("package", TITLE, "medium", "--yes")
    said = str(told.value)
    assert "lab1, where it lives, has no room for more" in said
    assert "memory: 2 GiB needed, 960 MiB free" in said
    assert "vps move example-coop/web1 lab2, and vps up client.example-coop" in said
    assert made.file("example-coop").read_text() == before

    made.edit("hosts/lab2.yaml", capacity={"vcpus": 4, "memory": "5 GiB", "disk": "100 GiB"})
    with pytest.raises(DomainError, match="No other host of its network has"):
        made.run("package", TITLE, "medium", "--yes")


def test_who_takes_less_of_what_a_full_host_lacks_may_take_more_of_the_rest(made: Writers) -> None:
    """Its memory is oversold since some of it was taken out; its disk is not."""
    made.vps("package", TITLE, "medium", "--yes")
    catalogue = made.fleet / "catalogue.yaml"
    text = catalogue.read_text()
    begin = text.index("  medium@2026-01:")
    medium = text[begin : text.index("\n", text.index("price:", begin)) + 1]
    wide = (
        medium.replace("medium@", "wide@").replace("memory: 4 GiB", "memory: 1 GiB", 1).replace("40 GiB", "50 GiB", 1)
    )
    catalogue.write_text(text.replace(medium, medium + wide))
    made.edit("hosts/lab1.yaml", capacity={"vcpus": 4, "memory": "2 GiB", "disk": "100 GiB"})

    said = made.vps("package", TITLE, "wide", "--yes")

    # Since the day is the same, what it had before counts; state has not seen what was written meanwhile.
    assert "memoryMib: 2048 MiB -> 1024 MiB" in said
    assert "sizeGib: 10 GiB -> 50 GiB" in said


def test_a_quota_is_kept_and_what_makes_no_sense_refused(made: Writers) -> None:
    past = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)).isoformat()
    for words, said in (
        ((TITLE, "large"), 'no package "large"'),
        ((TITLE, "small"), "has that already"),
        ((TITLE,), "Say what it shall have"),
        ((TITLE, "medium", "--from", past), "is past"),
        ((TITLE, "medium", "--from", "soon"), '"soon" is no date'),
        (("example-coop/web9", "medium"), "no VPS 'web9'"),
        (("nobody/web1", "medium"), "No client file clients/nobody.yaml"),
        ((TITLE, "--extra", "gold=1"), 'no extra "gold"'),
    ):
        with pytest.raises(DomainError, match=said):
            made.run("package", *words, "--yes")
    made.edit("fleet.yaml", client_quota={"memory": "3 GiB"})
    with pytest.raises(DomainError, match=r"(?s)new problems.*quota of 3 GiB.*Nothing was written"):
        made.run("package", TITLE, "medium", "--yes")
    with pytest.raises(DomainError, match=r"no terminal.*Nothing was written"):
        made.run("package", TITLE, "small", "--extra", _first_extra(made))


def _first_extra(made: Writers) -> str:
    """An extra that the quota leaves room for."""
    fleet = made.loaded().fleet
    return next(key for key, one in fleet.extras.items() if not one.adds.memory_mib and not one.support)
