"""Addresses of VPSs whose lines are gone: git remembers whose they were, and until when nobody else gets them."""

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from components.config.loader import load
from components.config.quarantine import quarantine

FILE = "clients/example-coop.yaml"
TODAY = date(2027, 3, 10)
ADDRESSES = {"192.0.2.10", "2001:db8:1::10"}


def _git(folder: Path, *words: str, day: str = "2027-03-01") -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@hoster.example", "-c", "commit.gpgsign=false")
    instant = {"GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
    command = ["git", "-C", str(folder.parent), *identity, *words]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | instant)


def _commit(folder: Path, day: str) -> None:
    _git(folder, "add", "-A", day=day)
    _git(folder, "commit", "-q", "--allow-empty", "-m", "a change", day=day)


@pytest.fixture
def history(folder: Path) -> Path:
    """A fleet whose client's VPS ends on 1 March, known to git."""
    _git(folder, "init", "-q", "-b", "main")
    file = folder / FILE
    file.write_text(file.read_text().replace("    fqdn: ", '    ends: "2027-03-01"\n    fqdn: ', 1))
    _commit(folder, "2027-02-01")
    return folder


def _found(folder: Path, today: date = TODAY) -> dict[str, date]:
    return dict(quarantine(folder, load(folder).fleet, today))


def test_what_files_still_declare_is_nobody_elses_anyway(history: Path) -> None:
    assert _found(history) == {}


def test_addresses_whose_lines_are_gone_stay_in_quarantine_until_retention_is_over(history: Path) -> None:
    """30 days after the VPS ended, whenever its lines went."""
    (history / FILE).unlink()
    _commit(history, "2027-03-09")
    assert _found(history) == dict.fromkeys(ADDRESSES, date(2027, 3, 31))
    assert _found(history, date(2027, 3, 30)) != {}
    assert _found(history, date(2027, 3, 31)) == {}


def test_lines_that_went_without_a_commit_count_as_well(history: Path) -> None:
    (history / FILE).unlink()
    assert set(_found(history)) == ADDRESSES


def test_lines_that_went_on_a_branch_count_from_the_merge(history: Path) -> None:
    _git(history, "checkout", "-q", "-b", "ending")
    (history / FILE).unlink()
    _commit(history, "2027-03-02")
    _git(history, "checkout", "-q", "main")
    _git(history, "merge", "-q", "--no-ff", "-m", "merge", "ending", day="2027-03-05")
    assert _found(history) == dict.fromkeys(ADDRESSES, date(2027, 3, 31))


def test_lines_that_went_without_an_end_are_counted_from_the_day_on_which_they_went(history: Path) -> None:
    file = history / FILE
    file.write_text(file.read_text().replace('    ends: "2027-03-01"\n', ""))
    _commit(history, "2027-02-02")
    file.unlink()
    _commit(history, "2027-03-05")
    assert _found(history) == dict.fromkeys(ADDRESSES, date(2027, 4, 4))


def test_a_vps_that_only_moved_to_another_file_is_still_there(history: Path) -> None:
    (history / FILE).rename(history / "clients" / "other-name.yaml")
    _commit(history, "2027-03-05")
    assert _found(history) == {}


def test_a_file_that_was_broken_then_hides_nobody(history: Path) -> None:
    file = history / FILE
    file.write_text(file.read_text() + "unknown: [1, 2]\n")
    _commit(history, "2027-03-04")
    file.unlink()
    _commit(history, "2027-03-05")
    assert set(_found(history)) == ADDRESSES


def test_outside_of_git_nothing_is_known(folder: Path) -> None:
    (folder / FILE).unlink()
    assert _found(folder) == {}


def test_a_checkout_without_a_commit_has_no_history(folder: Path) -> None:
    _git(folder, "init", "-q", "-b", "main")
    assert _found(folder) == {}


def test_days_beyond_the_calendar_are_its_last(history: Path) -> None:
    """Somebody wrote an end that never comes, or keeps what is in the trash for a century."""
    fleet = history / "fleet.yaml"
    fleet.write_text(fleet.read_text().replace("trash: 30 days", "trash: 36500 days"))
    assert load(history).fleet.trash_days == 36500
    file = history / FILE
    file.write_text(file.read_text().replace('ends: "2027-03-01"', 'ends: "9999-12-31"'))
    _commit(history, "2027-03-02")
    file.unlink()
    assert _found(history) == dict.fromkeys(ADDRESSES, date.max)
