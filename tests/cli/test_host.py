"""`vps host`: what is printed and refused before anything is touched."""

import subprocess

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.domain.problems import DomainError
from components.lab.example import EXAMPLE


def _kit(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["host", "kit", *arguments, "--fleet", str(EXAMPLE)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done.output


def test_kit_is_a_script_for_the_host() -> None:
    """Nothing but the script on standard output, with the minutes that were asked for."""
    script = _kit("lab1", "--hold", "7")
    assert script.startswith("#!/bin/sh\n")
    assert "\nhold_minutes=7\n" in script
    subprocess.run(["sh", "-n"], input=script, text=True, check=True, timeout=20)


def test_kit_of_an_unknown_host() -> None:
    """The known ones are named."""
    with pytest.raises(DomainError, match="Known: lab1"):
        _kit("kvm99")
