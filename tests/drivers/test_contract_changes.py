"""What every driver promises of changed limits: in force, or said to wait; never half."""

from dataclasses import replace

import pytest

from components.drivers.base import Power
from components.drivers.errors import Changed, DriverError, HostFull, Missing, NotOurs, Refused
from tests.drivers.hosts import SEED
from tests.drivers.machines import make, with_disk, with_nic


def test_limits_change_live_or_wait_for_the_next_boot(host, driver):
    spec, machine = make(host, driver)
    wanted = with_nic(with_disk(spec, size_gib=2, iops=900, rate_mib_s=80), rate_mbit_s=200)
    wanted = replace(wanted, cpu_cap_percent=70, vcpus=2, memory_mib=96)

    changed = driver.update(wanted, machine.mark)

    assert {key: reading.configured for key, reading in changed.readings.items()} == wanted.limits()
    assert changed.reboot_required == ("vcpus", "memoryMib")
    effective = {key: reading.effective for key, reading in changed.readings.items()}
    assert effective["vcpus"] == 1
    assert effective["memoryMib"] == 64
    assert effective["cpuCapPercent"] == 70
    assert effective["disks.root.sizeGib"] == 2
    assert effective["disks.root.iops"] == 900
    assert effective["disks.root.rateMibS"] == 80
    assert effective["nics.n0.rateMbitS"] == (200 if host.enforces_nic_rates else None)
    assert changed.mark == replace(machine.mark, revision=2)

    off = driver.power(spec.uuid, "off", changed.mark)
    assert off.power is Power.OFF
    assert off.reboot_required == ()
    again = driver.power(spec.uuid, "running", off.mark)
    assert again.reboot_required == ()
    assert again.readings["vcpus"].effective == 2
    assert again.readings["memoryMib"].effective == 96


def test_limits_of_a_machine_that_is_off_are_configured(host, driver):
    spec, machine = make(host, driver, start=False)
    wanted = replace(with_disk(spec, size_gib=2, iops=900), vcpus=2, cpu_cap_percent=60)

    changed = driver.update(wanted, machine.mark)

    assert {key: reading.configured for key, reading in changed.readings.items()} == wanted.limits()
    assert changed.power is Power.OFF


def test_what_was_lowered_behind_our_back_is_seen_and_mended(host, driver):
    spec, _machine = make(host, driver)
    host.lower_cpu_cap(spec, 20)

    seen = driver.read(spec.uuid)
    assert seen.readings["cpuCapPercent"].effective == 20
    assert seen.readings["cpuCapPercent"].configured == 50

    assert driver.update(spec, seen.mark).readings["cpuCapPercent"].effective == 50


def test_a_limit_that_was_lifted_is_unlimited_and_not_unknown(host, driver):
    spec, machine = make(host, driver)
    assert not any(reading.absent for reading in machine.readings.values())
    host.lift_limits(spec)

    seen = driver.read(spec.uuid)

    lifted = {"cpuCapPercent", "disks.root.iops", "disks.root.rateMibS"}
    lifted |= {"nics.n0.rateMbitS"} if host.enforces_nic_rates else set()
    assert {key for key, reading in seen.readings.items() if reading.absent} == lifted
    assert {seen.readings[key].effective for key in lifted} == {None}
    assert driver.update(spec, seen.mark).readings == machine.readings


def test_a_disk_whose_volume_is_gone_is_lost(host, driver):
    spec, machine = make(host, driver)
    assert machine.lost_disks == ()
    host.lose_disk(spec)

    assert driver.read(spec.uuid).lost_disks == ("root",)


def test_a_machine_grows_only_into_room_that_the_host_has(host, driver):
    disk = replace(host.spec().disks["root"], standalone=True)
    spec, machine = make(host, driver, start=False, disks={"root": disk})
    with pytest.raises(HostFull, match="memory") as raised:
        driver.update(replace(spec, memory_mib=1024 * 1024 * 64), machine.mark)
    assert "promised to others" in raised.value.cause
    assert raised.value.remedy
    with pytest.raises(HostFull, match="pool vps"):
        driver.update(with_disk(spec, size_gib=1024 * 1024 * 64), machine.mark)

    assert driver.read(spec.uuid) == machine
    grown = driver.update(replace(with_disk(spec, size_gib=2), memory_mib=96), machine.mark)
    assert grown.readings["disks.root.sizeGib"].configured == 2


def test_an_update_notes_new_addresses_and_touches_nothing_else(host, driver):
    spec, machine = make(host, driver)

    changed = driver.update(with_nic(spec, addresses=("192.0.2.77/24",)), machine.mark)

    assert changed.addresses == {"n0": ("192.0.2.77/24",)}
    assert changed.readings == machine.readings
    assert changed.power is Power.RUNNING


def test_an_update_writes_the_urn_anew(host, driver):
    spec, machine = make(host, driver)

    renamed = driver.update(spec, replace(machine.mark, urn="urn:renamed"))

    assert renamed.mark.urn == "urn:renamed"
    assert driver.create(spec, SEED, host.mark(spec, urn="urn:renamed")).uuid == spec.uuid


def test_a_disk_never_shrinks(host, driver):
    spec, machine = make(host, driver, disks={"root": replace(host.spec().disks["root"], size_gib=2)})

    with pytest.raises(Refused, match="would shrink to 1 GiB"):
        driver.update(replace(with_disk(spec, size_gib=1), vcpus=2), machine.mark)

    assert driver.read(spec.uuid) == machine


def test_another_incarnation_or_revision_is_not_touched(host, driver):
    spec, machine = make(host, driver)
    wanted = replace(spec, cpu_cap_percent=70)
    stale = replace(machine.mark, revision=machine.mark.revision + 5)
    foreign = replace(machine.mark, incarnation="other")

    with pytest.raises(Changed, match="revision"):
        driver.update(wanted, stale)
    with pytest.raises(NotOurs, match="incarnation"):
        driver.update(wanted, foreign)
    with pytest.raises(Changed):
        driver.power(spec.uuid, "off", stale)
    with pytest.raises(NotOurs):
        driver.power(spec.uuid, "off", foreign)
    with pytest.raises(NotOurs):
        driver.delete(spec.uuid, "other")

    assert driver.read(spec.uuid) == machine


def test_two_writers_from_the_same_reading_do_not_both_win(host, driver):
    spec, machine = make(host, driver)
    driver.update(replace(spec, cpu_cap_percent=70), machine.mark)

    with pytest.raises(Changed):
        driver.update(replace(spec, cpu_cap_percent=30), machine.mark)

    assert driver.read(spec.uuid).readings["cpuCapPercent"].effective == 70


@pytest.mark.parametrize("do", ["fail", "unreachable", "lose-answer"])
@pytest.mark.parametrize("step", ["update.cpuCapPercent", "update.define"])
def test_an_update_that_failed_can_be_repeated(host, driver, step, do):
    spec, machine = make(host, driver)
    wanted = replace(with_disk(spec, size_gib=2), cpu_cap_percent=70, vcpus=2)
    host.fault({"step": step, "do": do})
    with pytest.raises(DriverError):
        driver.update(wanted, machine.mark)

    changed = driver.update(wanted, machine.mark)

    assert {key: reading.configured for key, reading in changed.readings.items()} == wanted.limits()
    assert changed.readings["cpuCapPercent"].effective == 70
    assert changed.reboot_required == ("vcpus",)


def test_after_a_failed_live_set_the_former_limits_are_in_force(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "update.define", "do": "fail"})

    with pytest.raises(DriverError):
        driver.update(with_disk(replace(spec, cpu_cap_percent=70), iops=900), machine.mark)

    assert driver.read(spec.uuid) == machine


def test_a_machine_that_is_gone_is_not_made_by_an_update(host, driver):
    spec, machine = make(host, driver)
    host.lose(spec)

    with pytest.raises(Missing, match="holds no machine"):
        driver.update(spec, machine.mark)
    assert driver.read(spec.uuid) is None
