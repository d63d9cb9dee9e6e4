"""What operators do to a machine, each with the moment before it and what must be true in the end.

`act` is repeated as it is after a fault: that is the one more `up` which must converge.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.fake_world import HOSTS
from tests.faults.operators import Bag, Operator
from tests.faults.worker import DONE, KILLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`destroys`: the one act that may take a disk away; `adopts`: the one that may mark a stranger's machine."""

    name: str
    prepare: Callable[[Operator], None]
    act: Callable[[Operator], int]
    expect: Callable[[Operator], None]
    destroys: bool = False
    adopts: bool = False


def _nothing(_: Operator) -> None:
    """A new client: nothing is there."""


def _made(operator: Operator) -> None:
    assert operator.up(operator.world.inputs()) == DONE, operator.said


def _state_lost(operator: Operator) -> None:
    _made(operator)
    operator.forget()


def _grown(operator: Operator) -> Bag:
    news = operator.world.inputs(cpuCapPercent=200, memoryMib=4096, vcpus=3)
    disk = {**news["disks"]["root"], "sizeGib": 20, "iops": 2000, "rateMibS": 200}
    return {**news, "disks": {"root": disk}, "nics": {"n0": {**news["nics"]["n0"], "rateMbitS": 200}}}


def _runs(operator: Operator, news: Bag | None = None) -> None:
    machine = operator.machine
    assert machine is not None
    assert (machine.phase, machine.runs) == ("ready", True)
    assert operator.shows_nothing(news or operator.world.inputs()), operator.said


def _off(operator: Operator, **changes: Any) -> None:
    machine = operator.machine
    assert machine is not None
    assert (machine.phase, machine.runs) == ("ready", False)
    assert operator.shows_nothing(operator.world.inputs(**changes)), operator.said


def _stopped(operator: Operator) -> None:
    _made(operator)
    assert operator.up(operator.world.inputs(power="stopped")) == DONE, operator.said


def _turned_off(operator: Operator) -> None:
    _made(operator)
    assert operator.power("off") == DONE, operator.said


def _put_to_sleep(operator: Operator) -> None:
    _made(operator)
    assert operator.power("paused") == DONE, operator.said


def _paused(operator: Operator) -> None:
    assert operator.machine is not None
    assert operator.machine.power == "paused"


def _ending(operator: Operator) -> None:
    """The day has come and is recorded: the next run finds the lines gone."""
    _made(operator)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    assert operator.up(operator.world.inputs(ends=today)) == DONE, operator.said


def _ended(operator: Operator) -> None:
    assert operator.machine is None
    kept = [volume for volume in operator.world.look().volumes if volume.kept]
    assert len(kept) == 2, kept


def _in_trash(operator: Operator) -> None:
    _ending(operator)
    assert operator.up(None) == DONE, operator.said


def _brought_back(operator: Operator) -> int:
    """Restored, then started by the next `up`, which knows nothing of it yet."""
    return operator.restore() or operator.up(operator.world.inputs())


def _emptied(operator: Operator) -> None:
    assert operator.machine is None
    assert not [volume for volume in operator.world.look().volumes if volume.kept]


def _uploaded(operator: Operator) -> None:
    spec = operator.world.other_image()
    assert operator.world.holds_image(spec)


def _again(operator: Operator) -> Bag:
    """Reinstalled once."""
    inputs = operator.world.inputs(reinstall=1)
    return {**inputs, "seed": {**inputs["seed"], "values": {**inputs["seed"]["values"], "reinstall": 1}}}


def _new_disk(operator: Operator) -> None:
    _runs(operator, _again(operator))
    kept = [volume for volume in operator.world.look().volumes if volume.kept]
    assert len(kept) == 2, kept


def _moved(operator: Operator, *, live: bool) -> Bag:
    return operator.world.inputs(HOSTS[1], move={"from": HOSTS[0], "live": live})


def _there(operator: Operator, *, live: bool, runs: bool = True) -> None:
    machine = operator.machine
    assert machine is not None
    assert (machine.host, machine.phase, machine.runs) == (HOSTS[1], "ready", runs)
    assert operator.shows_nothing(_moved(operator, live=live)), operator.said


def _unguarded(operator: Operator) -> Bag:
    """As somebody's own machine is: with no filter of ours."""
    news = operator.world.inputs()
    return {**news, "nics": {"n0": {**news["nics"]["n0"], "antispoof": False}}}


def _somebodys(operator: Operator) -> None:
    """The same machine, made by somebody else: no mark, no state."""
    assert operator.up(_unguarded(operator)) == DONE, operator.said
    operator.forget()
    operator.world.unmark(operator.world.inputs()["uuid"])


def _half_moved(operator: Operator) -> None:
    """A move that died when its disk was copied."""
    _made(operator)
    operator.world.fault({"step": "move.arm", "do": "kill", "times": 1})
    assert operator.up(_moved(operator, live=False)) == KILLED, operator.said
    operator.world.heal()


def _half_copied(operator: Operator) -> None:
    """A move that died before its source let go."""
    _made(operator)
    operator.world.fault({"step": "move.verify", "do": "kill", "times": 1})
    assert operator.up(_moved(operator, live=False)) == KILLED, operator.said
    operator.world.heal()


def _burnt(operator: Operator) -> None:
    """Its host is lost, with all that was on it."""
    _made(operator)
    operator.world.burn(HOSTS[0])


def _anew(operator: Operator) -> Bag:
    return operator.world.inputs(HOSTS[1], restore={"from": HOSTS[0], "empty": True})


def _made_anew(operator: Operator) -> None:
    machine = operator.machine
    assert machine is not None
    assert (machine.host, machine.phase, machine.runs) == (HOSTS[1], "ready", True)
    assert operator.shows_nothing(_anew(operator)), operator.said


SCENARIOS = (
    Scenario(name="create", prepare=_nothing, act=lambda it: it.up(it.world.inputs()), expect=_runs),
    Scenario(name="take over", prepare=_state_lost, act=lambda it: it.up(it.world.inputs()), expect=_runs),
    Scenario(name="update", prepare=_made, act=lambda it: it.up(_grown(it)), expect=lambda it: _runs(it, _grown(it))),
    Scenario(
        name="declare stopped",
        prepare=_made,
        act=lambda it: it.up(it.world.inputs(power="stopped")),
        expect=lambda it: _off(it, power="stopped"),
    ),
    Scenario(name="declare managed", prepare=_stopped, act=lambda it: it.up(it.world.inputs()), expect=_runs),
    Scenario(name="stop", prepare=_made, act=lambda it: it.power("off"), expect=_off),
    Scenario(name="start", prepare=_turned_off, act=lambda it: it.power("running"), expect=_runs),
    Scenario(name="suspend", prepare=_made, act=lambda it: it.power("paused"), expect=_paused),
    Scenario(name="resume", prepare=_put_to_sleep, act=lambda it: it.power("running"), expect=_runs),
    Scenario(name="end", prepare=_ending, act=lambda it: it.up(None), expect=_ended),
    Scenario(name="reinstall", prepare=_made, act=lambda it: it.up(_again(it)), expect=_new_disk),
    Scenario(
        name="move",
        prepare=_made,
        act=lambda it: it.up(_moved(it, live=False)),
        expect=lambda it: _there(it, live=False),
    ),
    Scenario(
        name="move live",
        prepare=_made,
        act=lambda it: it.up(_moved(it, live=True)),
        expect=lambda it: _there(it, live=True),
    ),
    Scenario(
        name="move what is off",
        prepare=_turned_off,
        act=lambda it: it.up(_moved(it, live=False)),
        expect=lambda it: _there(it, live=False, runs=False),
    ),
    Scenario(
        name="move taken up",
        prepare=_half_moved,
        act=lambda it: it.up(_moved(it, live=False)),
        expect=lambda it: _there(it, live=False),
    ),
    Scenario(name="move withdrawn", prepare=_half_copied, act=lambda it: it.up(it.world.inputs()), expect=_runs),
    Scenario(
        name="unguard", prepare=_made, act=lambda it: it.up(_unguarded(it)), expect=lambda it: _runs(it, _unguarded(it))
    ),
    Scenario(
        name="adopt",
        prepare=_somebodys,
        act=lambda it: it.adopt(_unguarded(it)),
        expect=lambda it: _runs(it, _unguarded(it)),
        adopts=True,
    ),
    Scenario(name="restore elsewhere", prepare=_burnt, act=lambda it: it.up(_anew(it)), expect=_made_anew),
    Scenario(name="trash restore", prepare=_in_trash, act=_brought_back, expect=_runs),
    Scenario(name="trash empty", prepare=_in_trash, act=lambda it: it.empty(), expect=_emptied, destroys=True),
    Scenario(name="image upload", prepare=_nothing, act=lambda it: it.upload(), expect=_uploaded),
)
