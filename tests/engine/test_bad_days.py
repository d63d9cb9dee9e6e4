"""Killed, failed, vanished, unreachable: one more up converges, or says why it won't."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.engine.project import CHECKOUT
from tests.engine.conftest import HOST_STACK, STACK, Bench
from tests.engine.processes import child, wait_until

pytestmark = pytest.mark.engine

Mend = Callable[[], object]
"""Makes the bad day good again, as the operator would."""

STEPS = ["create.define", "create.disk", "create.seed", "create.starting", "create.start", "create.ready"]


def _one_machine(bench: Bench) -> None:
    (domain,) = bench.domains().values()
    assert domain["power"] == "running"
    assert domain["mark"]["phase"] == "ready"
    disks = [name for name in bench.volumes() if "-root" in name]
    assert len(disks) == 1
    (machine,) = [found for found in bench.state() if found["type"] == "vps:index:Machine"]
    assert machine["outputs"]["incarnation"] == domain["mark"]["incarnation"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_plugin(bench: Bench, step: str, when: str) -> None:
    """The plugin dies at a step; the next up makes exactly one machine with one disk."""
    bench.faults({"step": step, "do": "kill", "when": when, "times": 1})
    bench.up(code=1)
    bench.up()
    _one_machine(bench)
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")


@pytest.mark.parametrize("step", ["create.define", "create.disk", "create.start", "create.ready"])
def test_killed_engine(bench: Bench, step: str) -> None:
    """kill -9 of the engine in the middle: the lock of the dead is released, its plugin is gone, one machine."""
    bench.faults({"step": step, "do": "delay", "seconds": 120, "when": "after", "times": 1})
    command = [str(CHECKOUT / ".venv" / "bin" / "vps"), "up", STACK, "--yes", "--fleet", str(bench.project.fleet)]
    log = (bench.project.work / "up.log").open("w")
    process = subprocess.Popen(command, env=bench.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    engine = child(process.pid, "pulumi")
    wait_until(lambda: '"times": 0' in (bench.world / "faults.json").read_text(), "the fault was never reached")
    os.kill(engine, signal.SIGKILL)
    process.wait(timeout=60)
    said = bench.vps("up", STACK, "--yes")
    assert "that process is dead" in said
    _one_machine(bench)


def test_failed_create_keeps_what_was_made_in_state(bench: Bench) -> None:
    """Partial failure: the machine stands in state, and the next up takes it up."""
    bench.faults({"step": "create.start", "do": "fail", "times": 1})
    said = bench.up(code=1)
    assert "asked for by a test" in said
    (machine,) = [found for found in bench.state() if found["type"] == "vps:index:Machine"]
    assert machine["initErrors"]
    assert machine["outputs"]["phase"] == "starting"
    bench.up()
    _one_machine(bench)


def test_vanished_machine_is_never_made_empty(bench: Bench) -> None:
    """Gone is not deleted: state keeps it, up refuses and says what to do."""
    bench.up()
    (uuid,) = bench.domains()
    (bench.world / "domains" / f"{uuid}.json").unlink()
    bench.pulumi("refresh", "--yes", "--stack", STACK)
    assert any(found["type"] == "vps:index:Machine" for found in bench.state())
    said = bench.up(code=1)
    assert "never created empty again" in said
    assert bench.domains() == {}


def test_unreachable_host_means_could_not_tell(bench: Bench) -> None:
    """A host that does not answer is no reason to make or forget anything."""
    bench.up()
    before = bench.volumes()
    bench.faults({"step": "reach.*", "do": "unreachable", "times": -1})
    bench.vps("drift", STACK, code=1)
    assert any(found["type"] == "vps:index:Machine" for found in bench.state())
    assert bench.volumes() == before


def _lose_images(bench: Bench) -> Mend:
    _remove(bench.world / "images")
    return lambda: bench.up(HOST_STACK)


def _unmount_pool(bench: Bench) -> Mend:
    pools = bench.world / "pools"
    away = pools.rename(pools.with_name("pools-away"))
    return lambda: away.rename(pools)


def _fail(step: str, do: str) -> Callable[[Bench], Mend]:
    def break_it(bench: Bench) -> Mend:
        bench.faults({"step": step, "do": do, "times": -1})
        return bench.faults

    return break_it


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (_lose_images, "image"),
        (_unmount_pool, "pool"),
        (_fail("create.disk", "full"), "no space left"),
        (_fail("reach.*", "unreachable"), "connection was lost"),
    ],
    ids=["no image", "no pool", "full disk", "unreachable"],
)
def test_a_bad_day_is_one_message(bench: Bench, break_it: Callable[[Bench], Mend], words: str) -> None:
    """One clear message, no traceback, and the next up succeeds when the day is mended."""
    mend = break_it(bench)
    said = bench.up(code=1)
    assert words in said
    assert "Traceback" not in said
    assert "Unable to" in said
    mend()
    bench.up()
    _one_machine(bench)


def _remove(folder: Path) -> None:
    assert folder.is_dir(), folder
    shutil.rmtree(folder)
