"""What a package does to a guest is told by what state knows of it: nothing where no machine was made."""

import datetime as dt
import json
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from tests.cli.writers import Checkout, Writers, clean

TITLE = "example-coop/web1"
TODAY = dt.datetime.now(dt.UTC).date()
LATER = (TODAY + dt.timedelta(days=40)).isoformat()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    clean(monkeypatch)
    found = Writers(tmp_path / "project")
    file = found.file("example-coop")
    file.write_text(file.read_text().replace('start: "2026-12-01"', 'start: "2026-01-01"'))
    return found


def test_of_a_machine_that_was_never_made_nothing_is_foretold(made: Writers) -> None:
    said = made.vps("package", TITLE, "medium", "--yes")
    assert "note        no machine is there yet: the first `vps up client.example-coop` makes it" in said
    assert "memoryMib: 2048 MiB -> 4096 MiB: it is made so" in said
    assert "reboot" not in said
    found = json.loads(made.vps("package", TITLE, "small", "--extra", "disk=3", "--from", LATER, "--json"))
    assert {one["effect"] for one in found["consequences"]} == {"recorded only"}
    assert found["notes"]


def test_a_running_guest_grows_inside_its_room(made: Writers) -> None:
    made.record("example-coop", room={"vcpus": 8, "memoryMib": 8192})
    said = made.vps("package", TITLE, "medium", "--yes")
    assert "vcpus: 2 -> 4: live, inside the room" in said
    assert "note  " not in said


def test_what_state_holds_counts_more_than_what_was_written_meanwhile(made: Writers) -> None:
    """Written twice on one day, applied between."""
    made.vps("package", TITLE, "medium", "--yes")
    made.record("example-coop")
    said = made.vps("package", TITLE, "medium", "--extra", "memory=1", "--yes")
    assert "memoryMib: 4096 MiB -> 5120 MiB: at next reboot" in said
    assert "vcpus" not in said


def test_a_state_that_only_the_engine_can_read_is_told_as_such(made: Writers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://nobody@localhost/none")
    said = made.vps("package", TITLE, "medium", "--yes")
    assert "the state of client.example-coop can't be read from here: of its guest nothing is known" in said


def test_before_the_first_term_it_is_had_at_once_and_paid_later(made: Writers) -> None:
    file = made.file("example-coop")
    file.write_text(file.read_text().replace('start: "2026-01-01"', f'start: "{LATER}"'))
    said = made.vps("package", TITLE, "medium", "--yes")
    assert f"the next `vps up client.example-coop`; it is paid from {LATER} on, when the first term begins" in said


def test_the_commit_names_what_is_sold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean(monkeypatch)
    said = Checkout(tmp_path / "checkout").vps("package", TITLE, "--extra", "memory=2", "--yes")
    assert "git" in said
    assert f"'{TITLE}: small@2026-01 + 2 x memory@2026-01 from 2026-12-01'" in said


def test_sales_that_give_way_are_told_to_machines(made: Writers) -> None:
    made.vps("package", TITLE, "medium", "--from", LATER, "--yes")
    found = json.loads(made.vps("package", TITLE, "medium", "--json"))
    assert found["withdrawn"] == [{"package": "medium@2026-01", "extras": {}, "since": LATER}]


def test_a_disk_that_would_shrink_is_refused_by_what_state_holds(made: Writers) -> None:
    made.vps("package", TITLE, "medium", "--yes")
    made.record("example-coop")
    file = made.file("example-coop")
    text = file.read_text()
    before = text[text.index("    before:") :].splitlines(keepends=True)[0]
    since = text[text.index("    since:") :].splitlines(keepends=True)[0]
    file.write_text(text.replace(before, "").replace(since, "").replace("package: medium@", "package: small@"))
    with pytest.raises(DomainError, match=r"a disk never shrinks"):
        made.run("package", TITLE, "small", "--extra", "memory=1", "--yes")
