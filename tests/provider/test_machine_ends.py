"""An end over the fake driver, without an engine: only a declared one, and the disk is kept."""

import pytest

from components.drivers.base import Driver, HostRef, Phase, Power
from components.drivers.errors import DriverError, Refused
from components.provider.machine import MachineResource
from components.provider.properties import Bag
from tests.provider.one_host import URN, disks_of, fail, interrupted, standing, world_of


@pytest.mark.parametrize(("ends", "words"), [("", "no end is declared"), ("2026-12-02", "declared end is 2026-12-02")])
def test_delete_without_a_reached_end_is_refused(
    resource: MachineResource, driver: Driver, news: Bag, ends: str, words: str
) -> None:
    """Deleting lines never ends a VPS."""
    _, state = resource.create(URN, {**news, "ends": ends})
    with pytest.raises(Refused, match=words):
        resource.delete(news["uuid"], state)
    assert standing(driver, news).power is Power.RUNNING


def test_reached_end_sends_the_disk_to_the_trash(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """The disk is kept: an end is not a loss."""
    _, state = resource.create(URN, {**news, "ends": "2026-12-01"})
    resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert all(disk["trash"] for disk in disks_of(host).values())


def test_delete_believes_the_host_not_a_stale_state(resource: MachineResource, driver: Driver, news: Bag) -> None:
    """State says creating, the host says delivered: without a reached end nothing is touched."""
    _, state = resource.create(URN, news)
    with pytest.raises(Refused, match="no end is declared"):
        resource.delete(news["uuid"], {**state, "phase": "creating"})
    assert standing(driver, news).power is Power.RUNNING


def test_an_interrupted_end_is_named_and_not_resumed_as_a_creation(resource: MachineResource, news: Bag) -> None:
    """Its own words, and nothing else happens."""
    _, state = resource.create(URN, news)
    changes = resource.changes(news, {**state, "phase": "ending"}, news)
    assert [change.key for change in changes] == ["phase"]
    with pytest.raises(Refused, match="declare its `ends:` again"):
        resource.update(news["uuid"], URN, {**state, "phase": "ending"}, news, changes)


def break_off_the_end(resource: MachineResource, host: HostRef, news: Bag) -> Bag:
    """The state of a machine whose reached end was interrupted after it began."""
    _, state = resource.create(URN, {**news, "ends": "2026-12-01"})
    fail(host, "delete.trash")
    with pytest.raises(DriverError):
        resource.delete(news["uuid"], state)
    _, seen, _ = resource.read(news["uuid"], URN, state, {**news, "ends": "2026-12-01"})
    assert seen["phase"] == Phase.ENDING
    return seen


@pytest.mark.parametrize("ends", ["", "2026-12-02"])
def test_an_end_that_began_goes_on_only_with_a_reached_end(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, ends: str
) -> None:
    """Who withdrew the end meanwhile, means it."""
    state = break_off_the_end(resource, host, news)
    with pytest.raises(Refused, match="Unable to end"):
        resource.delete(news["uuid"], {**state, "ends": ends})
    assert standing(driver, news).mark is not None
    assert not any(disk["trash"] for disk in disks_of(host).values())


def test_an_end_that_began_is_finished(resource: MachineResource, driver: Driver, host: HostRef, news: Bag) -> None:
    """kill -9 in the middle of an end: the next run finishes it, the disk is in the trash."""
    state = break_off_the_end(resource, host, news)
    assert "in the trash" in resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert all(disk["trash"] for disk in disks_of(host).values())


@pytest.mark.parametrize("step", ["create.start", "create.ready"])
def test_what_was_starting_may_have_run_so_its_disk_is_kept(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, step: str
) -> None:
    """Never delivered, so no end needs to be declared; but its guest may have written already."""
    state = interrupted(resource, host, news, step)
    assert state["phase"] == Phase.STARTING
    resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert all(disk["trash"] for disk in disks_of(host).values())


def test_what_was_creating_goes_with_its_volumes(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Nothing of the client was ever on them."""
    state = interrupted(resource, host, news, "create.seed")
    assert state["phase"] == Phase.CREATING
    assert disks_of(host)
    assert "never delivered" in resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert list((world_of(host) / "volumes" / "vps").iterdir()) == []
