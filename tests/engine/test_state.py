"""Checkpoints and locks of a local backend, read without the engine."""

import json
import os
import socket
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("change", "dead"),
    [
        ({}, False),
        ({"pid": 2**22 + 1}, True),
        ({"pid": 2**22 + 1, "hostname": "elsewhere"}, False),
        ({"pid": 0}, False),
    ],
)
def test_only_a_certainly_dead_owner_is_dead(
    tmp_path: Path, environment: dict[str, str], change: dict[str, object], dead: bool
) -> None:
    """A living engine, another host and an unreadable owner all keep their lock."""
    python = Path(f"/proc/{os.getpid()}/exe").readlink().name
    alive = {"pid": os.getpid(), "username": "ops", "hostname": socket.gethostname(), "timestamp": "2026-11-22"}
    _lock(tmp_path, alive | change)
    (lock,) = state.locks(environment, STACK)
    # This process is no engine, so its own number counts as given to somebody else.
    assert lock.is_dead == (dead or (not change and "pulumi" not in python))


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


def test_other_backends_are_left_to_the_engine() -> None:
    """None is not no."""
    remote = {"PULUMI_BACKEND_URL": "s3://bucket"}
    assert state.is_initialised(remote, STACK) is None
    assert state.machines(remote, STACK) is None
    assert list(state.locks(remote, STACK)) == []
