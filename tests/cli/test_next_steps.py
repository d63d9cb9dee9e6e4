"""What comes next can be pasted where the reader stands; the engine's file is made where its secret is at hand."""

import subprocess
from pathlib import Path

import pytest
import typer

from components.cli import next_steps
from components.cli.next_steps import EngineFile, engine_file, steps, sure, warn
from components.domain.problems import DomainError, Problem, Severity
from components.lab.example import make_fake_project
from tests.cli.writers import clean

STACK = "client.acme"
MADE = EngineFile(stack=STACK, name="pulumi/Pulumi.client.acme.yaml", made=True, here=True)
FILE = "clients/acme.yaml"


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clean(monkeypatch)
    folder = make_fake_project(tmp_path / "my project").fleet
    subprocess.run(["git", "init", "-q", str(folder.parent)], check=True, timeout=60)
    return folder


def test_paths_are_those_of_where_the_reader_stands(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(fleet.parent)
    assert steps(fleet, [FILE], "Add client acme", f"vps up {STACK}", MADE) == [
        "vps check",
        "git add stacks/clients/acme.yaml stacks/pulumi/Pulumi.client.acme.yaml && git commit -m 'Add client acme'",
        f"vps up {STACK}",
    ]
    monkeypatch.chdir(fleet / "clients")
    assert "git add acme.yaml &&" in steps(fleet, [FILE], "m", "vps up x")[1]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    check, commit, up = steps(fleet, [FILE], "m", "vps up x")
    assert (check, up) == (f"vps check --fleet '{fleet}'", f"vps up x --fleet '{fleet}'")
    assert commit.startswith(f"git -C '{fleet}' add '{fleet}/clients/acme.yaml' && git")


def test_a_stack_is_made_before_the_commit_here_and_after_it_elsewhere(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fleet.parent)
    here = EngineFile(stack=STACK, name=MADE.name, made=False, here=True)
    assert [one.split()[1] for one in steps(fleet, [FILE], "m", f"vps up {STACK}", here)] == [
        "init",
        "check",
        "add",
        "up",
    ]
    there = EngineFile(stack=STACK, name="", made=False, here=False)
    assert [one.split()[1] for one in steps(fleet, [FILE], "m", f"vps up {STACK}", there)] == [
        "check",
        "add",
        "init",
        "up",
    ]


def test_without_git_there_is_nothing_to_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert steps(tmp_path, [FILE], "m", "vps up x") == ["vps check", "vps up x"]


def test_no_stack_is_made_where_no_state_is(fleet: Path, tmp_path: Path) -> None:
    """A laptop of a team must not begin a state of its own."""
    found = engine_file(fleet, STACK, quiet=False)
    assert (found.made, found.here) == (False, True)
    assert not (fleet.parent / ".vps/state").exists()
    assert not engine_file(tmp_path, STACK, quiet=False).here


def test_nothing_is_written_without_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sure(yes=True)
    assert not sure(yes=False, as_json=True)
    with pytest.raises(DomainError, match="Nothing was written"):
        sure(yes=False)
    monkeypatch.setattr(next_steps.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", lambda question: question != "Write this?")
    with pytest.raises(typer.Exit):
        sure(yes=False)
    monkeypatch.setattr(typer, "confirm", lambda question: question == "Write this?")
    assert sure(yes=False)


def test_warnings_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    warn([Problem(path=(), message="No host may fail.", remedy="Add one.", severity=Severity.WARNING)])
    assert capsys.readouterr().out == "warning   No host may fail. Add one.\n"
