"""A new disk comes only by raising `reinstall` by one, said before, and the old one is kept."""

import copy

import pytest

from components.domain.changes import Effect
from components.drivers.base import Driver, HostRef, Phase, Power
from components.drivers.errors import DriverError, Refused
from components.provider.machine import MachineResource
from components.provider.properties import Bag
from tests.provider.one_host import URN, fail


def _again(news: Bag, number: int = 1, **changes: object) -> Bag:
    found = copy.deepcopy(news) | {"reinstall": number, **changes}
    found["seed"]["values"]["reinstall"] = number
    return found


def _up(resource: MachineResource, state: Bag, old: Bag, news: Bag) -> Bag:
    """As the engine does it: read, diff, update."""
    _, state, old = resource.read(news["uuid"], URN, state, old)
    changes = resource.changes(old, state, news)
    return resource.update(news["uuid"], URN, state, news, changes) if changes else state


def test_the_preview_says_downtime_new_disk_and_how_long_the_old_one_is_kept(
    resource: MachineResource, news: Bag
) -> None:
    _, state = resource.create(URN, news)
    again = _again(news, trashDays=10)
    again["disks"]["root"]["image"]["name"] = "debian-14"

    found = {change.key: change.consequence for change in resource.changes(news, state, again)}

    assert found["reinstall"].effect is Effect.REINSTALL
    for words in ("DOWNTIME", "NEW, EMPTY DISK from debian-14", "kept in the trash until 2026-12-11"):
        assert words in found["reinstall"].words
    assert found["seed.values.reinstall"].words.endswith("comes with the new installation")
    assert found["disks.root.image.name"].words.endswith("comes with the new installation")


def test_up_gives_a_new_disk_and_state_learns_it(resource: MachineResource, driver: Driver, news: Bag) -> None:
    _, state = resource.create(URN, news)
    again = _again(news)

    after = _up(resource, state, news, again)

    assert (after["reinstall"], after["phase"], after["observedPower"]) == (1, "ready", "running")
    assert after["seedDigest"] != state["seedDigest"]
    assert after["incarnation"] == state["incarnation"]
    (old,) = driver.read_trash()
    assert (old.why, old.due) == ("reinstalled", "2026-12-31")
    assert resource.read(news["uuid"], URN, after, again)[2] == again
    assert resource.changes(again, after, again) == []


@pytest.mark.parametrize("number", [2, 7])
def test_other_numbers_are_refused_and_touch_nothing(
    resource: MachineResource, driver: Driver, news: Bag, number: int
) -> None:
    _, state = resource.create(URN, news)
    before = driver.read(news["uuid"])

    with pytest.raises(Refused, match="raises it by exactly one; write 0, or 1 to reinstall"):
        _up(resource, state, news, _again(news, number))
    assert driver.read(news["uuid"]) == before


def test_lowering_is_refused(resource: MachineResource, driver: Driver, news: Bag) -> None:
    _, state = resource.create(URN, news)
    state = _up(resource, state, news, _again(news))

    with pytest.raises(Refused, match="reinstall: 1 -> 0: a reinstallation raises it by exactly one"):
        _up(resource, state, _again(news), news)
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.volumes["root"].endswith("-r1.qcow2")


STEPS = ("reinstall.admit", "reinstall.stop", "reinstall.trash", "reinstall.detach", "create.disk", "create.seed")


@pytest.mark.parametrize("step", [*STEPS, "create.starting", "create.start", "create.ready", "read.back"])
@pytest.mark.parametrize("do", ["fail", "lose-answer"])
def test_interrupted_anywhere_the_next_up_ends_it(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, step: str, do: str
) -> None:
    _, state = resource.create(URN, news)
    again = _again(news)
    fail(host, step, do)
    with pytest.raises(DriverError):
        _up(resource, state, news, again)

    after = _up(resource, state, news, again)

    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.mark is not None
    assert (machine.mark.phase, machine.mark.reinstall, machine.power) == (Phase.READY, 1, Power.RUNNING)
    assert after["reinstall"] == 1
    assert [found.key for found in driver.read_trash()] == [f"{news['uuid']}-r0"]
    assert resource.read(news["uuid"], URN, after, again)[2] == again


def test_half_way_it_is_neither_lost_nor_ended_by_an_edit(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """The host says `creating`, as it does of a machine that nobody ever had; this one was delivered."""
    _, state = resource.create(URN, news)
    fail(host, "create.disk")
    with pytest.raises(DriverError):
        _up(resource, state, news, _again(news))
    _, now, _ = resource.read(news["uuid"], URN, state, news)
    assert (now["phase"], now["reinstall"]) == ("creating", 1)

    with pytest.raises(Refused, match="no end is declared"):
        resource.delete(news["uuid"], now)
    with pytest.raises(Refused, match="its installation 1 is not finished"):
        _up(resource, state, news, _again(news, 2))

    driver.delete(news["uuid"], now["incarnation"])
    assert resource.read(news["uuid"], URN, now, news)[1]["status"] == "missing"


def test_a_lost_machine_comes_back_empty_only_so(resource: MachineResource, driver: Driver, news: Bag) -> None:
    _, state = resource.create(URN, news)
    driver.delete(news["uuid"], state["incarnation"])
    with pytest.raises(Refused, match="raising `reinstall` by one"):
        _up(resource, state, news, news)

    after = _up(resource, state, news, _again(news))

    assert (after["status"], after["reinstall"], after["phase"]) == ("present", 1, "ready")
    assert [found.key for found in driver.read_trash()] == [news["uuid"]]


def test_a_state_that_was_lost_takes_over_the_number_of_the_host_only(
    resource: MachineResource, driver: Driver, news: Bag
) -> None:
    """The file was raised and never applied: nobody may believe that it was."""
    resource.create(URN, news)
    before = driver.read(news["uuid"])

    with pytest.raises(Refused, match="Write `reinstall: 0`"):
        resource.create(URN, _again(news))
    assert driver.read(news["uuid"]) == before


def test_a_disk_that_was_brought_back_is_taken_over_under_its_own_number_only(
    resource: MachineResource, driver: Driver, news: Bag
) -> None:
    """The machine was reinstalled, ended, and its former disk restored: the next run must not replace it again."""
    _, state = resource.create(URN, news)
    state = _up(resource, state, news, _again(news))
    driver.delete(news["uuid"], state["incarnation"])
    driver.restore(f"{news['uuid']}-r0")

    with pytest.raises(Refused, match="Write `reinstall: 0`"):
        resource.create(URN, _again(news))
    _, state = resource.create(URN, news)

    assert (state["reinstall"], state["phase"], state["observedPower"]) == (0, "ready", "running")
    assert resource.changes(resource.read(news["uuid"], URN, state, news)[2], state, news) == []
