"""Ids are random, and one that any branch ever held is not made again."""

import subprocess
from pathlib import Path

import pytest

from components.config import ids
from components.domain.names import is_client_id, is_vps_id


def git(folder: Path, *words: str) -> None:
    command = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@hoster.example", *words]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is made next, in turn; nothing is left to chance."""
    made: list[str] = []
    monkeypatch.setattr(ids, "_random", lambda prefix, length: f"{prefix}-{made.pop(0)[:length]}")
    return made


def test_an_id_is_of_the_form_that_the_fleet_takes(tmp_path: Path) -> None:
    assert is_client_id(ids.fresh("c", set()))
    assert is_vps_id(ids.fresh("v", set()))
    assert is_vps_id(ids.fresh("v", set(), tmp_path))


def test_what_the_files_hold_is_not_made_again(dice: list[str]) -> None:
    dice += ["aaaaaa", "bbbbbb"]
    assert ids.fresh("v", {"v-aaaaaa"}) == "v-bbbbbb"


def test_what_any_branch_ever_held_is_not_made_again(tmp_path: Path, dice: list[str]) -> None:
    """The client is gone from every file; its id still stands in backups and in the ledger."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "stacks/clients").mkdir(parents=True)
    file = tmp_path / "stacks/clients/gone.yaml"
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path, "switch", "-q", "-c", "other")
    file.write_text("id: c-aaaaaa   # permanent\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "switch", "-q", "main")
    dice += ["aaaaaa", "aaaaa2"]

    assert ids.fresh("c", set(), tmp_path / "stacks") == "c-aaaaa2"


def test_without_a_history_to_ask_an_id_is_longer(tmp_path: Path, dice: list[str]) -> None:
    dice += ["aaaaaa", "bbbbbbbbbbbb"]
    assert ids.fresh("c", set(), tmp_path) == "c-bbbbbbbbbbbb"
