"""What operators do to a machine, each with the moment before it and what must be true in the end.

`act` is repeated as it is after a fault: that is the one more `up` which must converge.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.fake_world import HOSTS, FakeWorld
from tests.faults.view import Guest
from tests.faults.worker import DONE, Worker

URN = "urn:pulumi:client.example-coop::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"
Bag = dict[str, Any]


class Operator:
    """Somebody with a world before them; every run is a process of its own."""

    def __init__(self, world: FakeWorld, worker: Worker) -> None:
        self.world = world
        self.worker = worker
        self.log = world.folder / "log"
        self.trace = ""

    def up(self, news: Bag | None) -> int:
        """`vps up` of the client's stack."""
        return self.worker.run("up", self.log, urn=URN, state=self.state, news=news, **self._common)

    def power(self, wish: str, host: str = HOSTS[0]) -> int:
        """`vps start|stop|suspend`."""
        inputs = self.world.inputs(host)
        return self.worker.run("power", self.log, host=inputs["host"], uuid=inputs["uuid"], wish=wish, **self._common)

    def shows_nothing(self, news: Bag) -> bool:
        """Whether a preview is empty."""
        common = {"environ": self.world.environ()}
        return self.worker.run("preview", self.log, urn=URN, state=self.state, news=news, **common) == DONE

    def forget(self) -> None:
        """Lose the state."""
        Path(self.state).unlink()

    @property
    def state(self) -> str:
        return str(self.world.folder / "machine.state")

    @property
    def machine(self) -> Guest | None:
        """The client's machine; None when it is nowhere."""
        found = [guest for guest in self.world.look().guests if guest.owner]
        assert len(found) < 2, found
        return found[0] if found else None

    @property
    def said(self) -> str:
        """What the runs so far printed."""
        return self.log.read_text() if self.log.exists() else ""

    @property
    def _common(self) -> Bag:
        return {"trace": self.trace, "environ": self.world.environ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`holds_data` tells whether the machine's disk exists, and may not be lost, from the start."""

    name: str
    prepare: Callable[[Operator], None]
    act: Callable[[Operator], int]
    expect: Callable[[Operator], None]


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


def _ending(operator: Operator) -> None:
    """The day has come and is recorded: the next run finds the lines gone."""
    _made(operator)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    assert operator.up(operator.world.inputs(ends=today)) == DONE, operator.said


def _ended(operator: Operator) -> None:
    assert operator.machine is None
    kept = [volume for volume in operator.world.look().volumes if volume.kept]
    assert len(kept) == 2, kept


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
    Scenario(name="end", prepare=_ending, act=lambda it: it.up(None), expect=_ended),
)
