"""The real libvirt driver: plugin, libvirtd and QEMU killed, the connection dropped, in the middle of what matters.

Which steps there are is for `test_fake` to try one by one; here stand those where a real host differs from a folder.
"""

import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from components.lab.host import Lab
from tests.faults.campaign import FAULTS
from tests.faults.lab_world import LabWorld
from tests.faults.operators import Operator
from tests.faults.view import Problem, problems
from tests.faults.worker import DONE, KILLED, Worker

pytestmark = pytest.mark.lab

ON = "libvirt driver, real QEMU"
Count = Callable[[str, int, list[Problem]], None]

SLOW_S = 4.0
"""How long a step waits for the test to kill something beside it."""


@pytest.fixture(scope="module")
def labs(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabWorld]:
    world = LabWorld.furnish(lab, tmp_path_factory.mktemp("lab-faults") / "host")
    yield world
    world.leave()


_numbers = itertools.count(1)


@pytest.fixture
def operator(labs: LabWorld, worker: Worker) -> Iterator[Operator]:
    world = labs.fresh(next(_numbers))
    yield Operator(world, worker)
    world.heal()
    world.clean()


def _create(operator: Operator) -> int:
    return operator.up(operator.world.inputs())


def _update(operator: Operator) -> int:
    news = operator.world.inputs(cpuCapPercent=80)
    disk = {**news["disks"]["root"], "sizeGib": 2, "iops": 2000}
    return operator.up({**news, "disks": {"root": disk}})


def _end(operator: Operator) -> int:
    return operator.up(None)


def _reinstall(operator: Operator) -> int:
    news = operator.world.inputs(reinstall=1)
    values = {**news["seed"]["values"], "reinstall": 1}
    return operator.up({**news, "seed": {**news["seed"], "values": values}})


def _restore(operator: Operator) -> int:
    return operator.restore() or operator.up(operator.world.inputs())


def _stop(operator: Operator) -> int:
    return operator.up(operator.world.inputs(power="stopped"))


def _made(operator: Operator) -> None:
    assert _create(operator) == DONE, operator.said


def _ending(operator: Operator) -> None:
    _made(operator)
    assert operator.up(operator.world.inputs(ends="2026-01-01")) == DONE, operator.said


def _ended(operator: Operator) -> None:
    _ending(operator)
    assert operator.up(None) == DONE, operator.said


def _stands(operator: Operator, *, runs: bool = True) -> None:
    machine = operator.machine
    assert machine is not None
    assert (machine.phase, machine.runs) == ("ready", runs)


def _gone(operator: Operator) -> None:
    assert operator.machine is None
    names = operator.world.inputs()["name"]
    assert len([volume for volume in operator.world.look().volumes if volume.kept and names in volume.name]) == 2


ACTS: dict[str, tuple[Callable[[Operator], object], Callable[[Operator], int], Callable[[Operator], None]]] = {
    "create": (lambda _: None, _create, _stands),
    "update": (_made, _update, _stands),
    "end": (_ending, _end, _gone),
    "reinstall": (_made, _reinstall, _stands),
    "restore": (_ended, _restore, _stands),
    "stop": (_made, _stop, lambda operator: _stands(operator, runs=False)),
}

STEPS = [
    ("create", "create.define", "killed after"),
    ("create", "create.disk", "killed after"),
    ("create", "create.starting", "killed after"),
    ("create", "create.start", "answer lost"),
    ("create", "create.ready", "killed before"),
    ("update", "update.sizeGib", "killed after"),
    ("update", "update.define", "connection dropped"),
    ("update", "update.define", "answer lost"),
    ("end", "delete.trash", "killed after"),
    ("end", "delete.undefine", "answer lost"),
    ("reinstall", "reinstall.detach", "killed after"),
    ("restore", "restore.define", "answer lost"),
    ("stop", "power.off", "killed after"),
]


@pytest.mark.parametrize(("act", "step", "kind"), STEPS)
def test_broken_at_a_step_the_next_run_converges(
    operator: Operator, act: str, step: str, kind: str, count: Count
) -> None:
    prepare, do, expect = ACTS[act]
    prepare(operator)
    before = operator.world.look()
    operator.world.fault({"step": step, "times": 1, **FAULTS[kind]})

    status = do(operator)

    assert status == (KILLED if "killed" in kind else 1), operator.said
    assert operator.world.struck() == 1
    operator.world.heal()
    wreck = operator.world.look()
    assert problems(before, wreck, settled=False) == []
    assert do(operator) == DONE, operator.said
    expect(operator)
    after = operator.world.look()
    found = [*problems(before, after, settled=True), *problems(wreck, after, settled=True)]
    count(ON, 1, found)
    assert found == []


@pytest.mark.parametrize(
    ("act", "step", "when"),
    [
        ("create", "create.define", "after"),
        ("create", "create.start", "before"),
        ("update", "update.define", "before"),
        ("end", "delete.trash", "before"),
    ],
)
def test_libvirtd_killed_at_a_step_the_next_run_converges(
    operator: Operator, act: str, step: str, when: str, count: Count
) -> None:
    prepare, do, expect = ACTS[act]
    prepare(operator)
    before = operator.world.look()

    status = _meanwhile(operator, do, step, when, operator.world.kill_libvirtd)

    assert status in (DONE, 1), operator.said
    assert problems(before, operator.world.look(), settled=False) == []
    assert do(operator) == DONE, operator.said
    expect(operator)
    found = problems(before, operator.world.look(), settled=True)
    count(ON, 1, found)
    assert found == []


@pytest.mark.parametrize(
    ("act", "step", "runs"), [("create", "create.ready", False), ("update", "update.define", False)]
)
def test_qemu_killed_at_a_step_nothing_is_lost(
    operator: Operator, act: str, step: str, runs: bool, count: Count
) -> None:
    """A guest whose process dies is off; nobody starts it behind its client's back, and everything else is as asked."""
    prepare, do, _ = ACTS[act]
    prepare(operator)
    before = operator.world.look()

    status = _meanwhile(operator, do, step, "before", lambda: operator.world.kill_qemu() or pytest.fail("no QEMU"))

    assert status in (DONE, 1), operator.said
    assert do(operator) == DONE, operator.said
    _stands(operator, runs=runs)
    found = problems(before, operator.world.look(), settled=True)
    count(ON, 1, found)
    assert found == []


def _meanwhile(
    operator: Operator, do: Callable[[Operator], int], step: str, when: str, harm: Callable[[], object]
) -> int:
    """Do it, and do harm while it waits in that step; its exit status."""
    operator.world.fault({"step": step, "do": "delay", "seconds": SLOW_S, "when": when, "times": 1})
    operator.begun = True
    do(operator)
    end = time.monotonic() + 60
    while not operator.world.struck():
        assert time.monotonic() < end, operator.said
        time.sleep(0.05)
    harm()
    status = operator.wait()
    operator.world.heal()
    return status
