"""Asking before acting."""

import os
import pty
import sys
from pathlib import Path

import pytest
import typer

from components.cli.consent import consent
from components.domain.problems import DomainError


def _at_a_terminal(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    os.write(master, answer)
    monkeypatch.setattr(sys, "stdin", os.fdopen(slave))


def test_given_asks_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """--yes."""
    consent("Stop it?", given=True)
    assert capsys.readouterr().out == ""


def test_yes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """At a terminal."""
    _at_a_terminal(b"y\n", monkeypatch)
    consent("Stop it?", given=False)
    assert "Stop it?" in capsys.readouterr().out


def test_no_touches_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with exit 1, said in words."""
    _at_a_terminal(b"\n", monkeypatch)
    with pytest.raises(typer.Exit) as ended:
        consent("Stop it?", given=False)
    assert ended.value.exit_code == 1
    assert "Nothing was touched" in capsys.readouterr().out


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that forgot --yes is told so, and hangs nowhere."""
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(DomainError, match=r"Stop it.*--yes"):
            consent("Stop it?", given=False)
