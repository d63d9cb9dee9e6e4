"""What is refused before the engine starts."""

import dataclasses
import datetime as dt
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from components.config.loader import load
from components.domain.problems import DomainError
from components.engine import undeclared
from components.engine.project import Project
from components.engine.run import Engine
from components.lab.example import EXAMPLE, make_fake_project

STACK = "client.example-coop"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(
        project=Project(folder=tmp_path, fleet=tmp_path / "stacks"),
        environment={"PULUMI_BACKEND_URL": f"file://{tmp_path}"},
    )


def _checkpoint(tmp_path: Path, *machines: dict[str, str]) -> None:
    folder = tmp_path / ".pulumi" / "stacks" / "aegir-vps"
    folder.mkdir(parents=True)
    resources = [{"type": "vps:index:Machine", "outputs": machine} for machine in machines]
    (folder / f"{STACK}.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))


def test_unknown_stack_names_the_command(engine: Engine) -> None:
    """`vps init` makes it."""
    with pytest.raises(DomainError, match=f"vps init {STACK}"):
        engine.check(STACK, load(EXAMPLE))


def test_machine_without_its_lines_is_refused(engine: Engine, tmp_path: Path) -> None:
    """Deleting lines never ends a VPS; one whose end is declared may go."""
    _checkpoint(tmp_path, {"uuid": "other", "title": "example-coop/web2", "ends": ""})
    with pytest.raises(DomainError, match=r"example-coop/web2.*never ends a VPS"):
        engine.check(STACK, load(EXAMPLE))


def test_an_id_that_was_changed_is_not_called_lines_that_are_gone(engine: Engine, tmp_path: Path) -> None:
    """They are there, and would make a second machine."""
    _checkpoint(tmp_path, {"uuid": "other", "title": "example-coop/web1", "ends": ""})
    with pytest.raises(DomainError, match=r"an `id:` was changed.*Put the id back") as refused:
        engine.check(STACK, load(EXAMPLE))
    assert "gone" not in str(refused.value)
    (problem,) = undeclared.problems(engine.environment, load(EXAMPLE))
    assert "under another id than its lines have now" in problem.message


@pytest.mark.parametrize(
    ("broken", "lost"),
    [
        (lambda text: text + "\nx: [", []),
        (lambda text: text.replace("term:", "trem:"), []),
        (lambda text: text.replace("\nvps:", "\nvsp:"), []),
        (lambda text: text.replace("term:", "trem:").replace("web1:", "web3:"), ["example-coop/web1"]),
        (lambda text: text.partition("\nvps:")[0] + "\nvps:\n", ["example-coop/web1"]),
    ],
    ids=["no YAML", "a wrong key", "a wrong head", "lines gone", "all lines gone"],
)
def test_a_broken_file_is_no_line_that_was_deleted(
    engine: Engine, tmp_path: Path, broken: Callable[[str], str], lost: list[str]
) -> None:
    """Only what it certainly has no lines for is said to be without."""
    fleet = make_fake_project(tmp_path / "project").fleet
    file = fleet / "clients/example-coop.yaml"
    file.write_text(broken(file.read_text()))
    _checkpoint(tmp_path, {"uuid": "one", "title": "example-coop/web1", "ends": ""})
    loaded = load(fleet)
    assert "example-coop" not in loaded.fleet.clients
    assert engine.undeclared(STACK, loaded) == lost


def test_declared_end_may_leave(engine: Engine, tmp_path: Path) -> None:
    """The plugin judges the date."""
    _checkpoint(tmp_path, {"uuid": "other", "title": "example-coop/web2", "ends": "2026-01-01"})
    engine.check(STACK, load(EXAMPLE))
    assert engine.undeclared(STACK, load(EXAMPLE)) == []


@pytest.mark.parametrize(
    ("in_file", "said"), [("2026-01-01", True), (None, False), ("2999-01-01", False), ("gone", True)]
)
def test_only_an_end_that_the_file_still_declares_is_announced(
    engine: Engine, tmp_path: Path, in_file: str | None, said: bool
) -> None:
    """A withdrawn or postponed end ends nothing, so nothing is said; one whose lines are gone is carried out."""
    loaded = load(EXAMPLE)
    client = loaded.fleet.clients["example-coop"]
    uuid = client.vps["web1"].machine_uuid(loaded.fleet.id, client.id)
    _checkpoint(tmp_path, {"uuid": uuid, "title": "example-coop/web1", "ends": "2026-01-01"})
    ends = dt.date.fromisoformat(in_file) if in_file not in (None, "gone") else None
    vps = {} if in_file == "gone" else {"web1": dataclasses.replace(client.vps["web1"], ends=ends)}
    clients = {"example-coop": dataclasses.replace(client, vps=vps)}
    changed = dataclasses.replace(loaded, fleet=dataclasses.replace(loaded.fleet, clients=clients))
    assert engine.ending(STACK, changed) == (["example-coop/web1"] if said else [])


@pytest.mark.parametrize("alive", [True, False])
def test_lock_of_the_living_stays_and_of_the_dead_goes(engine: Engine, tmp_path: Path, alive: bool) -> None:
    """Who holds it since when is said."""
    _checkpoint(tmp_path)
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "aegir-vps" / STACK
    folder.mkdir(parents=True)
    host = "elsewhere" if alive else socket.gethostname()
    lock = folder / "0.json"
    lock.write_text(json.dumps({"pid": 2**22 + 1, "username": "ops", "hostname": host, "timestamp": "today"}))
    said: list[str] = []
    if alive:
        with (
            pytest.raises(DomainError, match="locked by ops@elsewhere"),
            engine.turn(STACK, "vps up", say=said.append, deadline_s=0),
        ):
            pytest.fail("it ran beside somebody else")
        assert lock.exists()
    else:
        engine.check(STACK, load(EXAMPLE))
        assert lock.exists(), "a look changes nothing"
        with engine.turn(STACK, "vps up", say=said.append):
            assert not lock.exists()
        assert "that process is dead" in said[0]


def test_exit_code_of_the_engine_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """7 is drift, 255 is a bug: they mustn't be mixed up."""
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\nexit 7\n")
    pulumi.chmod(0o755)
    monkeypatch.setattr("components.engine.run.engine_path", lambda: pulumi)
    engine = Engine(project=Project(folder=tmp_path, fleet=tmp_path), environment=dict(os.environ))
    assert engine.run(["refresh"]) == 7


def test_ctrl_c_is_told_once_the_engine_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a failure of the engine, and never while it is still at work."""
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\nkill -INT $PPID\nsleep 0.3\necho done > {tmp_path / 'ended'}\nexit 1\n")
    pulumi.chmod(0o755)
    monkeypatch.setattr("components.engine.run.engine_path", lambda: pulumi)
    engine = Engine(project=Project(folder=tmp_path, fleet=tmp_path), environment=dict(os.environ))
    with pytest.raises(KeyboardInterrupt):
        engine.run(["up"])
    assert (tmp_path / "ended").exists()
