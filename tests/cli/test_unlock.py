"""`vps unlock`: whose lock it is decides."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.domain.problems import DomainError
from components.engine import lock, state
from components.lab.example import make_fake_project

STACK = "client.example-coop"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    project = make_fake_project(tmp_path / "project")
    environment = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/state", "VPS_FLEET": str(project.fleet)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


def _held(environment: dict[str, str], pid: int, host: str) -> Path:
    folder = state.lock_folder(Path(environment["PULUMI_BACKEND_URL"].removeprefix("file://")), STACK)
    folder.mkdir(parents=True)
    file = folder / "0.json"
    content = {"pid": pid, "username": "ops", "hostname": host, "timestamp": "2026-11-22T03:00:00.123456789Z"}
    file.write_text(json.dumps(content))
    return file


def test_nobody(environment: dict[str, str]) -> None:
    """Said, and no error."""
    done = CliRunner().invoke(app, ["unlock", STACK])
    assert done.output == f"Nobody holds {STACK}.\n"
    assert done.exit_code == 0


def test_dead_owner(environment: dict[str, str]) -> None:
    """Shown with its time and released; without an answer nothing happens."""
    file = _held(environment, 2**22 + 1, os.uname().nodename)
    done = CliRunner().invoke(app, ["unlock", STACK])
    assert isinstance(done.exception, DomainError)
    assert "--yes" in str(done.exception)
    assert file.exists()
    done = CliRunner().invoke(app, ["unlock", STACK, "--yes"])
    assert done.exit_code == 0, done.output
    assert "ops@" in done.output
    assert "since 2026-11-22 03:00:00 UTC. That process is dead" in done.output
    assert not file.exists()


def test_living_owner_is_never_robbed(environment: dict[str, str]) -> None:
    """Whatever is given: it can be ended first."""
    with lock.hold(environment, STACK, "vps stop example-coop/web1"):
        done = CliRunner().invoke(app, ["unlock", STACK, "--yes", "--owner-is-gone"])
        assert "that process is alive" in str(done.exception)
        assert len(list(state.locks(environment, STACK))) == 1


def test_owner_elsewhere_needs_your_word(environment: dict[str, str]) -> None:
    """A process on another machine can't be seen from here."""
    file = _held(environment, 4711, "elsewhere")
    done = CliRunner().invoke(app, ["unlock", STACK, "--yes"])
    assert "--owner-is-gone" in str(done.exception)
    assert file.exists()
    done = CliRunner().invoke(app, ["unlock", STACK, "--yes", "--owner-is-gone"])
    assert done.exit_code == 0, done.output
    assert not file.exists()


def test_a_stack_that_nobody_knows_is_said(environment: dict[str, str]) -> None:
    """Not "nobody holds it": it was mistyped."""
    for name in ("foo", "client.example-cop"):
        done = CliRunner().invoke(app, ["unlock", name])
        assert isinstance(done.exception, DomainError)
        assert "Known: client.example-coop, host.lab1." in str(done.exception)
