"""What every driver promises a client who returns: the same machine, from the trash."""

from dataclasses import replace

import pytest

from components.domain.names import disk_volume
from components.drivers.base import Phase, Power
from components.drivers.errors import DriverError, HostFull, Missing, NotOurs, Refused
from tests.drivers.hosts import SEED
from tests.drivers.machines import DUE, end, in_trash, make


def test_a_client_who_returns_gets_the_same_machine(host, driver):
    spec, machine = make(host, driver)
    before = host.volumes(spec)
    end(driver, machine)

    back = driver.restore(spec.uuid)

    assert (back.uuid, back.name, back.power) == (machine.uuid, machine.name, Power.OFF)
    assert (back.mark.phase, back.mark.incarnation) == (Phase.STARTING, machine.mark.incarnation)
    assert (back.macs, back.addresses, back.attach) == (machine.macs, machine.addresses, machine.attach)
    assert {key: one.configured for key, one in back.readings.items()} == spec.limits()
    assert in_trash(driver, spec) == []
    assert driver.restore(spec.uuid) == back

    again = driver.create(spec, SEED, host.mark(spec, incarnation="later"))

    assert (again.mark.phase, again.mark.incarnation, again.power) == (Phase.READY, "later", Power.RUNNING)
    assert host.volumes(spec) == before


@pytest.mark.parametrize("step", ["restore.define", "restore.forget"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_restore_is_finished_by_the_next(host, driver, step, when):
    spec, machine = make(host, driver)
    before = host.volumes(spec)
    end(driver, machine)
    host.fault({"step": step, "do": "kill", "when": when})
    assert host.apart("restore", spec.uuid) == -9

    back = driver.restore(spec.uuid)

    assert host.names_like(spec) == [spec.uuid]
    assert (back.mark.phase, back.power) == (Phase.STARTING, Power.OFF)
    assert in_trash(driver, spec) == []
    assert host.volumes(spec) == before


def test_a_restore_half_way_is_taken_over_and_its_record_destroys_nothing(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.fault({"step": "restore.forget", "do": "fail"})
    with pytest.raises(DriverError):
        driver.restore(spec.uuid)
    driver.create(spec, SEED, host.mark(spec, incarnation="later"))

    (found,) = in_trash(driver, spec)
    assert found.in_use
    with pytest.raises(Refused, match="its machine is there again"):
        driver.empty(spec.uuid, "2099-01-01", "")
    assert set(host.volumes(spec)) == host.volume_names(spec)

    assert driver.restore(spec.uuid).mark.incarnation == "later"
    assert in_trash(driver, spec) == []


def test_what_others_have_now_is_not_taken_back(host, driver):
    spec, machine = make(host, driver)
    driver.delete(machine.uuid, machine.mark.incarnation, DUE)
    other = host.spec(nics={"n0": replace(host.spec().nics["n0"], addresses=("192.0.2.77/24",))})
    taker = driver.create(other, SEED, host.mark(other))
    moved = replace(other, nics={"n0": replace(other.nics["n0"], addresses=("192.0.2.10/24",))})
    driver.update(moved, taker.mark)

    with pytest.raises(Refused, match=f"192\\.0\\.2\\.10 belongs to {other.name} now"):
        driver.restore(spec.uuid)
    assert driver.read(spec.uuid) is None
    assert in_trash(driver, spec)


def test_a_name_that_is_taken_or_a_volume_that_is_gone_is_said(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.lose_disk(spec)
    (found,) = in_trash(driver, spec)
    assert found.lost == (disk_volume(spec.name, spec.uuid, "root"),)
    with pytest.raises(Missing, match="is gone from pool vps"):
        driver.restore(spec.uuid)

    host.stranger(spec)
    with pytest.raises((NotOurs, Refused)):
        driver.restore(spec.uuid)


def test_nothing_of_that_key_is_said(host, driver):
    with pytest.raises(Missing, match="its trash holds no"):
        driver.restore(host.spec().uuid)
    driver.empty(host.spec().uuid, "2099-01-01", "")


def test_a_restore_needs_the_hosts_memory(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.fault({"step": "restore.admit", "do": "full"})

    with pytest.raises(HostFull):
        driver.restore(spec.uuid)
    assert driver.read(spec.uuid) is None
