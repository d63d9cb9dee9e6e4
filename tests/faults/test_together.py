"""Several runs at the same time, from processes of their own: nothing is sold twice, nothing is made twice."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from components.domain.names import mac_address, machine_uuid
from tests.faults.fake_world import FakeWorld
from tests.faults.operators import Bag, Operator
from tests.faults.view import problems
from tests.faults.worker import DONE, Worker

CLIENTS = 4
FIT = 2
"""As many as the world's memory holds beside the stranger."""


def _of_client(world: FakeWorld, number: int) -> tuple[str, Bag]:
    """URN and inputs of another client's machine on the same host."""
    client, vps = f"c-{number}", "v-1"
    uuid = machine_uuid("demo", client, vps)
    inputs = world.inputs(client=client, vps=vps, uuid=uuid, name=f"demo-{client}-{vps}", title=f"client-{number}/web1")
    nic = {**inputs["nics"]["n0"], "mac": mac_address(uuid, "n0"), "addresses": [f"192.0.2.{100 + number}/24"]}
    return world.urn.replace("example-coop", f"client-{number}"), {**inputs, "nics": {"n0": nic}}


def test_clients_at_once_on_one_host_never_oversell_it(furnished: FakeWorld, tmp_path: Path) -> None:
    world = furnished.copy(tmp_path / "world")
    before = world.look()
    # Whoever is admitted takes its time until it has written what it takes.
    world.fault({"step": "create.define", "do": "delay", "seconds": 0.3, "when": "before", "times": CLIENTS})
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker()) for _ in range(CLIENTS)]
        for number, worker in enumerate(workers):
            urn, news = _of_client(world, number)
            state = str(tmp_path / f"{number}.state")
            worker.begin("up", tmp_path / f"{number}.log", urn=urn, state=state, news=news, environ=world.environ())
        ends = [worker.end() for worker in workers]

    said = "".join((tmp_path / f"{number}.log").read_text() for number in range(CLIENTS))
    assert sorted(ends) == [0] * FIT + [1] * (CLIENTS - FIT), said
    assert said.count("promised to others") == CLIENTS - FIT
    after = world.look()
    assert problems(before, after, settled=True) == []
    assert len([guest for guest in after.guests if guest.runs and guest.owner]) == FIT


@pytest.mark.parametrize("step", ["create.define", "create.disk", "create.starting", "create.start", "create.ready"])
def test_two_runs_of_one_machine_make_one(furnished: FakeWorld, tmp_path: Path, worker: Worker, step: str) -> None:
    """Even where no lock keeps them apart, as between two state backends that nobody compares."""
    world = furnished.copy(tmp_path / "world")
    before = world.look()
    world.fault({"step": step, "do": "delay", "seconds": 0.5, "when": "after", "times": 1})
    first = Operator(world, worker)
    first.begun = True
    first.up(world.inputs())
    end = time.monotonic() + 30
    while not world.struck():
        assert time.monotonic() < end, first.said
        time.sleep(0.01)
    with Worker() as other:
        log, state = tmp_path / "second.log", str(tmp_path / "second.state")
        ends = [
            other.run("up", log, urn=world.urn, state=state, news=world.inputs(), environ=world.environ()),
            first.wait(),
        ]

    assert DONE in ends, first.said + log.read_text()
    after = world.look()
    assert problems(before, after, settled=True) == []
    (machine,) = [guest for guest in after.guests if guest.owner]
    assert (machine.phase, machine.runs) == ("ready", True)
