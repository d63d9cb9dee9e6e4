"""`vps rebuild`: what it refuses before anything; the rest is proven with the engine (tests/engine/test_rebuild.py)."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli.main import app
from components.drivers.base import Mark, Phase
from components.drivers.fake.world import World
from components.drivers.marks import as_values
from components.lab.example import make_fake_project


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path).fleet


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / ".vps" / "world")


def rebuild(fleet: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["rebuild", "--fleet", str(fleet), *words])


def hold(world: World, vps: str = "v-h3k9", backend: str = "0123456789ab") -> None:
    mark = Mark(fleet="demo", backend=backend, urn="u", client="c-q7m2", vps=vps, phase=Phase.READY, incarnation="i")
    world.put("domains", vps, {"mark": as_values(mark)})


def test_without_a_mark_there_is_nothing_to_rebuild(fleet: Path) -> None:
    done = rebuild(fleet, "--yes")
    assert done.exit_code == 1
    assert "nothing to make state of" in str(done.exception)


def test_a_silent_host_may_hold_anything(fleet: Path) -> None:
    path = fleet / "hosts/lab1.yaml"
    path.write_text(path.read_text().replace("fake:///", "fake:///no/such/folder/"))
    done = rebuild(fleet, "--yes")
    assert done.exit_code == 1
    assert "Not every host answered" in str(done.exception)


def test_a_host_file_that_can_not_be_read_is_a_silent_host(fleet: Path, world: World) -> None:
    hold(world)
    path = fleet / "hosts/lab2.yaml"
    shutil.copy(fleet / "hosts/lab1.yaml", path)
    path.write_text(path.read_text().replace("driver: fake\n", ""))
    done = rebuild(fleet, "--yes")
    assert done.exit_code == 1
    assert "hosts/lab2.yaml can't be read whole" in str(done.exception)


def test_two_backends_are_told(fleet: Path, world: World) -> None:
    hold(world)
    hold(world, "v-b8x2", "ba9876543210")
    done = rebuild(fleet, "--yes")
    assert done.exit_code == 1
    assert "0123456789ab on lab1; ba9876543210 on lab1" in str(done.exception)


def test_nobody_answered_nothing_done(fleet: Path, world: World) -> None:
    """The question says what must not be: the old backend still in use."""
    hold(world)
    done = rebuild(fleet)
    assert done.exit_code == 1
    assert "Never while that one may still be used" in str(done.exception)
    assert "example-coop/web1 on lab1" in done.output
    assert (fleet.parent / ".vps/state/aegir-vps-backend").read_text().strip() != "0123456789ab"
