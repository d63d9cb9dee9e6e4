"""A machine that a run finds there, over the fake driver, without an engine: replaced, half-made or taken over."""

import copy
import dataclasses

import pytest

from components.drivers.base import Driver, HostRef, Phase, Power
from components.provider.machine import MachineResource, PartlyCreated
from components.provider.properties import Bag
from tests.provider.one_host import (
    URN,
    disks_of,
    interrupted,
    standing,
    up,
)


def test_replacement_leaves_machine_and_disk_untouched(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Create-then-delete, as the engine replaces: the second create takes over, the delete finds a stranger."""
    _, old = resource.create(URN, news)
    disks = disks_of(host)
    _, new = resource.create(URN, news)
    words = resource.delete(news["uuid"], old)
    assert "not ours any more" in words
    assert new["incarnation"] != old["incarnation"]
    assert disks_of(host) == disks
    assert standing(driver, news).power is Power.RUNNING


def test_a_run_killed_inside_a_replacement_is_no_stranger(resource: MachineResource, news: Bag) -> None:
    """The host carries the new incarnation, state the old one: the next refresh learns it."""
    _, old = resource.create(URN, news)
    _, lost = resource.create(URN, news)
    _, seen, inputs = resource.read(news["uuid"], URN, old, news)
    assert seen["status"] == "present"
    assert seen["incarnation"] == lost["incarnation"]
    assert resource.changes(inputs, seen, news) == []
    _, stranger, _ = resource.read(news["uuid"], URN.replace("h3k9", "zzzz"), old, news)
    assert stranger["status"] != "present"


@pytest.mark.parametrize("step", ["create.disk", "create.seed", "create.start", "create.ready"])
def test_half_made_machine_is_kept_in_state_and_taken_up(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, step: str
) -> None:
    """A failed create keeps what was made; the next run goes on there."""
    state = interrupted(resource, host, news, step)
    assert state["phase"] in (Phase.CREATING, Phase.STARTING)
    assert [change.key for change in resource.changes(news, state, news)] == ["phase"]
    after = up(resource, state, news, news)
    assert after["phase"] == Phase.READY
    assert len(disks_of(host)) == 1
    assert len(driver.read_all()) == 1


def test_power_declared_while_creation_is_taken_up_is_not_lost(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Both the rest of the creation and the new wish happen."""
    state = interrupted(resource, host, news, "create.ready")
    after = up(resource, state, news, {**news, "power": "suspended"})
    assert after["observedPower"] == Power.OFF
    assert standing(driver, news).power is Power.OFF


def test_a_take_over_that_cannot_finish_is_kept_in_state(resource: MachineResource, news: Bag) -> None:
    """Otherwise the next run would take the machine for somebody else's."""
    resource.create(URN, news)
    less = copy.deepcopy(news)
    less["disks"]["root"]["sizeGib"] = 5
    with pytest.raises(PartlyCreated, match="shrink") as caught:
        resource.create(URN, less)
    _, seen, _ = resource.read(news["uuid"], URN, caught.value.state, news)
    assert seen["status"] == "present"


def test_a_take_over_brings_the_limits_to_the_file(resource: MachineResource, driver: Driver, news: Bag) -> None:
    """State was lost and the file went on: one run later the machine has what is sold today, and is the same one."""
    resource.create(URN, news)
    more = copy.deepcopy({**news, "cpuCapPercent": 200, "memoryMib": 4096})
    more["disks"]["root"] |= {"sizeGib": 20, "iops": 2000}
    more["nics"]["n0"]["rateMbitS"] = 200
    _, state = resource.create(URN, more)
    wanted = resource.model.model_validate(more).spec().limits()
    assert {key: reading.configured for key, reading in standing(driver, news).readings.items()} == wanted
    assert {key: row["configured"] for key, row in state["limits"].items()} == wanted
    assert state["limits"]["disks.root.iops"]["effective"] == 2000
    assert state["rebootRequired"] == ["memoryMib"]
    _, seen, inputs = resource.read(news["uuid"], URN, state, more)
    assert resource.changes(inputs, seen, more) == []


def test_a_take_over_of_a_machine_as_declared_changes_its_mark_alone(
    resource: MachineResource, driver: Driver, news: Bag
) -> None:
    """Nothing to converge: one write."""
    resource.create(URN, news)
    before = standing(driver, news)
    resource.create(URN, news)
    after = standing(driver, news)
    assert before.mark is not None
    assert after.mark is not None
    assert after.mark.revision == before.mark.revision + 1
    assert dataclasses.replace(after, mark=None) == dataclasses.replace(before, mark=None)


def test_a_take_over_brings_a_machine_down_that_is_declared_down(
    resource: MachineResource, driver: Driver, news: Bag
) -> None:
    """State was lost, the file says suspended, the host still runs it."""
    resource.create(URN, news)
    _, state = resource.create(URN, {**news, "power": "suspended"})
    assert state["observedPower"] == Power.OFF
    assert standing(driver, news).power is Power.OFF
