"""What every driver promises of a reinstallation: a new disk, the old one kept, the machine itself."""

from dataclasses import replace

import pytest

from components.domain.names import disk_volume, seed_volume
from components.drivers.base import Phase, Power
from components.drivers.errors import Changed, DriverError, HostFull, Missing, NotOurs, Refused
from components.drivers.trash import ENDED, REINSTALLED, key_of
from tests.drivers.machines import DUE, end, in_trash, make

STEPS = ("reinstall.admit", "reinstall.stop", "reinstall.trash", "reinstall.detach", "create.disk", "create.seed")
STEPS += ("create.starting", "create.start", "create.ready")
SECOND = b"another seed" * 500


def both(spec):
    names = {disk_volume(spec.name, spec.uuid, "root"), disk_volume(spec.name, spec.uuid, "root", 1)}
    return names | {seed_volume(spec.name, spec.uuid, 0), seed_volume(spec.name, spec.uuid, 1)}


def test_a_reinstalled_machine_has_a_new_disk_and_is_itself(host, driver):
    spec, machine = make(host, driver)
    before = host.volumes(spec)

    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    assert (new.uuid, new.name, new.macs, new.addresses) == (spec.uuid, spec.name, machine.macs, machine.addresses)
    assert (new.mark.phase, new.mark.reinstall, new.power) == (Phase.READY, 1, Power.RUNNING)
    assert (new.mark.incarnation, new.mark.revision) == (machine.mark.incarnation, machine.mark.revision + 1)
    assert new.volumes["root"] == disk_volume(spec.name, spec.uuid, "root", 1)
    assert {key: one.configured for key, one in new.readings.items()} == spec.limits()
    after = host.volumes(spec)
    assert set(after) == both(spec)
    assert {name: after[name] for name in before} == before
    (old,) = in_trash(driver, spec)
    assert (old.key, old.why, old.due, old.in_use) == (key_of(spec.uuid, 0), REINSTALLED, DUE, False)
    assert old.volumes["root"] == machine.volumes["root"]


def test_the_former_disk_is_destroyed_alone_and_when_it_is_due(host, driver):
    spec, machine = make(host, driver)
    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    with pytest.raises(Refused, match="its former disk comes back as a machine only when that one has ended"):
        driver.restore(key_of(spec.uuid, 0))
    with pytest.raises(Refused, match="it is kept until"):
        driver.empty(key_of(spec.uuid, 0), "2026-12-01", "")
    driver.empty(key_of(spec.uuid, 0), DUE, "")

    assert set(host.volumes(spec)) == set(new.volumes.values())
    assert driver.read(spec.uuid) == new


def test_both_installations_of_an_ended_machine_are_in_the_trash(host, driver):
    spec, machine = make(host, driver)
    new = driver.reinstall(spec, SECOND, machine.mark, DUE)
    end(driver, new)

    assert [found.key for found in in_trash(driver, spec)] in (
        [key_of(spec.uuid, 0), spec.uuid],
        [spec.uuid, key_of(spec.uuid, 0)],
    )
    back = driver.restore(key_of(spec.uuid, 0))
    assert (back.mark.reinstall, back.volumes) == (0, machine.volumes)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_of_a_reinstallation_the_old_disk_is_kept_and_the_next_run_ends_it(host, driver, step, when):
    spec, machine = make(host, driver)
    before = host.volumes(spec)
    host.fault({"step": step, "do": "kill", "when": when})
    assert host.apart("reinstall", spec, SECOND, machine.mark, DUE) == -9
    now = driver.read(spec.uuid)

    if now.mark.reinstall == 0:
        new = driver.reinstall(spec, SECOND, now.mark, DUE)
    else:
        new = driver.create(spec, SECOND, now.mark)

    assert host.names_like(spec) == [spec.uuid]
    assert (new.mark.phase, new.mark.reinstall, new.power) == (Phase.READY, 1, Power.RUNNING)
    after = host.volumes(spec)
    assert set(after) == both(spec)
    assert {name: after[name] for name in before} == before
    assert [found.key for found in in_trash(driver, spec)] == [key_of(spec.uuid, 0)]


def test_a_lost_answer_is_taken_up_by_the_same_call(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "reinstall.detach", "do": "lose-answer"})
    with pytest.raises(DriverError):
        driver.reinstall(spec, SECOND, machine.mark, DUE)

    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    assert (new.mark.phase, new.mark.reinstall, new.power) == (Phase.READY, 1, Power.RUNNING)


def test_a_reinstallation_that_was_withdrawn_half_way_is_no_trash(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "reinstall.detach", "do": "fail"})
    with pytest.raises(DriverError):
        driver.reinstall(spec, SECOND, machine.mark, DUE)
    (found,) = in_trash(driver, spec)
    assert found.in_use
    with pytest.raises(Refused):
        driver.empty(found.key, "2099-01-01", "")

    end(driver, machine)

    (found,) = in_trash(driver, spec)
    assert (found.key, found.why) == (spec.uuid, ENDED)
    assert set(host.volumes(spec)) == host.volume_names(spec)


def test_a_lost_disk_is_made_anew_only_so(host, driver):
    spec, machine = make(host, driver)
    host.stop_by_hand(spec)
    host.lose_disk(spec)

    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    assert new.lost_disks == ()
    assert new.power is Power.RUNNING


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"incarnation": "other"}, NotOurs), ({"revision": 7}, Changed), ({"reinstall": 3}, Changed)],
)
def test_who_knows_another_machine_reinstalls_nothing(host, driver, changes, error):
    spec, machine = make(host, driver)
    before = host.volumes(spec)

    with pytest.raises(error):
        driver.reinstall(spec, SECOND, replace(machine.mark, **changes), DUE)

    assert driver.read(spec.uuid) == machine
    assert host.volumes(spec) == before


def test_without_room_or_image_nothing_is_touched(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "reinstall.admit", "do": "full"})
    with pytest.raises(HostFull):
        driver.reinstall(spec, SECOND, machine.mark, DUE)
    other = replace(spec.disks["root"], image=replace(host.image, sha256="0" * 64))
    with pytest.raises(Missing):
        driver.reinstall(replace(spec, disks={"root": other}), SECOND, machine.mark, DUE)

    assert driver.read(spec.uuid) == machine
    assert in_trash(driver, spec) == []


def test_a_delivered_machine_that_is_half_reinstalled_ends_without_losing_its_disk(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "create.disk", "do": "fail"})
    with pytest.raises(DriverError):
        driver.reinstall(spec, SECOND, machine.mark, DUE)

    end(driver, machine)

    (found,) = in_trash(driver, spec)
    assert found.key == key_of(spec.uuid, 0)
    assert set(host.volumes(spec)) == host.volume_names(spec)
    assert driver.restore(found.key).volumes == machine.volumes
