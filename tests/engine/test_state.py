"""Checkpoints and locks of a local backend, read without the engine."""

import gzip
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.engine import state

STACK = "client.example-coop"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"PULUMI_BACKEND_URL": f"file://{tmp_path}"}


def _lock(tmp_path: Path, content: object) -> Path:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "aegir-vps" / STACK
    folder.mkdir(parents=True)
    path = folder / "0.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A living process whose executable is called `pulumi`."""
    program = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    process = subprocess.Popen([str(program), "600"])
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def _held(pid: int, host: str) -> dict[str, object]:
    return {"pid": pid, "username": "ops", "hostname": host, "timestamp": "2026-11-22"}


def test_a_living_engine_keeps_its_lock_until_it_ends(
    tmp_path: Path, environment: dict[str, str], engine: subprocess.Popen[bytes]
) -> None:
    """Taking it would let two runs write one state."""
    _lock(tmp_path, _held(engine.pid, socket.gethostname()))
    (lock,) = state.locks(environment, STACK)
    assert not lock.is_dead
    assert str(lock) == f"ops@{socket.gethostname()}, process {engine.pid}, since 2026-11-22"
    engine.kill()
    engine.wait(timeout=10)
    (lock,) = state.locks(environment, STACK)
    assert lock.is_dead


def test_an_engine_that_was_updated_while_it_runs_keeps_its_lock(
    tmp_path: Path, environment: dict[str, str], engine: subprocess.Popen[bytes]
) -> None:
    """Its file is gone, the process is not."""
    _lock(tmp_path, _held(engine.pid, socket.gethostname()))
    (tmp_path / "pulumi").unlink()
    (lock,) = state.locks(environment, STACK)
    assert not lock.is_dead


NOBODY = 2**22 + 1
"""A process number that Linux never gives."""


@pytest.mark.parametrize(
    ("pid", "host", "dead"),
    [
        pytest.param(os.getpid(), socket.gethostname(), True, id="the number was given to a process that is no engine"),
        pytest.param(NOBODY, socket.gethostname(), True, id="no such process"),
        pytest.param(NOBODY, "elsewhere", False, id="on another host, nobody can tell from here"),
        pytest.param(0, socket.gethostname(), False, id="no owner that could be asked for"),
    ],
)
def test_only_a_certainly_dead_owner_is_dead(
    tmp_path: Path, environment: dict[str, str], pid: int, host: str, dead: bool
) -> None:
    """In doubt a lock stays."""
    _lock(tmp_path, _held(pid, host))
    (lock,) = state.locks(environment, STACK)
    assert lock.is_dead is dead


def test_broken_lock_file_is_a_living_lock(tmp_path: Path, environment: dict[str, str]) -> None:
    """In doubt nobody's lock is taken."""
    _lock(tmp_path, "{")
    (lock,) = state.locks(environment, STACK)
    assert not lock.is_dead


def test_machines_of_a_checkpoint(tmp_path: Path, environment: dict[str, str]) -> None:
    """Only machines, and none that the engine is deleting."""
    assert state.is_initialised(environment, STACK) is False
    assert state.machines(environment, STACK) == []
    folder = tmp_path / ".pulumi" / "stacks" / "aegir-vps"
    folder.mkdir(parents=True)
    resources = [
        {"type": "vps:index:Machine", "outputs": {"uuid": "a"}},
        {"type": "vps:index:Machine", "outputs": {"uuid": "b"}, "delete": True},
        {"type": "vps:index:Image", "outputs": {"name": "tiny"}},
    ]
    (folder / f"{STACK}.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    assert state.is_initialised(environment, STACK)
    assert state.machines(environment, STACK) == [{"uuid": "a"}]


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"], ids=["no map", "no JSON", "no text"])
@pytest.mark.parametrize("ending", ["", state.COMPRESSED])
def test_a_state_that_is_broken_is_said_to_be(
    tmp_path: Path, environment: dict[str, str], content: bytes, ending: str
) -> None:
    """Whoever took it for an empty one would make everything anew."""
    path = tmp_path / ".pulumi/stacks/aegir-vps" / f"{STACK}.json{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(DomainError, match="is broken"):
        state.latest(environment, STACK)


def test_a_state_that_the_engine_compressed_is_read_too(tmp_path: Path, environment: dict[str, str]) -> None:
    """It would be taken for a stack that was never made."""
    path = tmp_path / ".pulumi/stacks/aegir-vps" / f"{STACK}.json.gz"
    path.parent.mkdir(parents=True)
    path.with_name(f"{path.name}.bak").write_bytes(b"")
    path.with_name(f"{path.name}.attrs").write_bytes(b"")
    path.write_bytes(gzip.compress(json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "a"}]}}}).encode()))
    assert state.is_initialised(environment, STACK)
    assert state.stacks(environment) == [STACK]
    assert state.resources(environment, STACK) == [{"urn": "a"}]


def test_other_backends_are_left_to_the_engine() -> None:
    """None is not no."""
    remote = {"PULUMI_BACKEND_URL": "s3://bucket"}
    assert state.is_initialised(remote, STACK) is None
    assert state.machines(remote, STACK) is None
    assert list(state.locks(remote, STACK)) == []


def test_every_stack_that_the_backend_knows(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "stacks" / "aegir-vps"
    assert state.stacks(environment) == []
    folder.mkdir(parents=True)
    for name in ("client.b.json", "client.a.json", "client.a.json.bak", "host.lab1.json"):
        (folder / name).write_text("{}")

    assert state.stacks(environment) == ["client.a", "client.b", "host.lab1"]
    assert state.stacks({"PULUMI_BACKEND_URL": "s3://states"}) is None
