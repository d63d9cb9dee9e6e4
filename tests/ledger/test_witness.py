"""Who noted it, and what files they looked at."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.ledger.witness import actor, commit, note, why


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"VPS_ACTOR": "olena", "SUDO_USER": "marco", "LOGNAME": "root"}, "olena"),
        ({"VPS_ACTOR": " ", "SUDO_USER": "marco", "LOGNAME": "root"}, "marco"),
        ({"LOGNAME": "night", "USER": "other"}, "night"),
        ({"VPS_ACTOR": "ole\x1b[2Jna\n \udcff"}, "ole?[2Jna ?"),
        ({}, pwd.getpwuid(os.getuid()).pw_name),
    ],
)
def test_the_name_that_was_given_else_the_login(environ: dict[str, str], name: str) -> None:
    assert actor(environ) == name


def test_a_reason_is_one_plain_line() -> None:
    assert why("  a disk\n is\tdue \x1b[2J") == "a disk is due ?[2J"
    assert note(" \n") == ""
    with pytest.raises(DomainError, match="Nobody said why"):
        why(" \n")


def test_the_commit_is_known_where_there_is_one(tmp_path: Path) -> None:
    assert commit(tmp_path) == ""
    for words in (
        ["init", "-q"],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", "-C", tmp_path, *words], check=True, timeout=20)
    assert len(commit(tmp_path)) == 40
