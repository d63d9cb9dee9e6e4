"""What a pass over a whole host says, against what one machine says when it is asked alone: over every driver."""

import os
import signal
import time
from pathlib import Path

import pytest

from components.drivers.base import Power
from tests.drivers.machines import make


def listed(driver, spec):
    (found,) = [machine for machine in driver.read_all() if machine.uuid == spec.uuid]
    return found


def assert_same_where_both_know(one, other):
    for name in ("uuid", "name", "mark", "power", "macs", "attach", "addresses", "volumes", "guarded"):
        assert getattr(one, name) == getattr(other, name), name
    assert (one.reboot_required, one.host_notes) == (other.reboot_required, other.host_notes)
    assert one.readings.keys() == other.readings.keys()
    for key, reading in one.readings.items():
        told = other.readings[key]
        assert None in (reading.configured, told.configured) or reading.configured == told.configured, key
        assert None in (reading.effective, told.effective) or reading.effective == told.effective, key
        assert reading.absent == told.absent, key


def test_a_running_machine(host, driver):
    spec, machine = make(host, driver)

    found = listed(driver, spec)

    assert_same_where_both_know(found, machine)
    assert {key: reading.configured for key, reading in found.readings.items()} == spec.limits()
    known = {key for key, reading in found.readings.items() if reading.effective is not None}
    assert known >= spec.limits().keys() - {"disks.root.sizeGib", "nics.n0.rateMbitS"}
    assert all(reading.source for reading in found.readings.values())


def test_a_machine_that_is_off(host, driver):
    spec, machine = make(host, driver, start=False)

    found = listed(driver, spec)

    assert_same_where_both_know(found, machine)
    assert found.power is Power.OFF
    assert all(reading.effective is None for reading in found.readings.values())


def test_what_was_lowered_or_lifted_behind_our_back(host, driver):
    spec, _ = make(host, driver)

    host.lower_cpu_cap(spec, 20)
    assert listed(driver, spec).readings["cpuCapPercent"].effective == 20
    host.lift_limits(spec)

    found = listed(driver, spec)
    assert_same_where_both_know(found, driver.read(spec.uuid))
    assert found.readings["disks.root.iops"].absent
    assert found.readings["cpuCapPercent"].absent


def test_a_machine_without_a_mark_and_one_that_goes_away_are_not_listed(host, driver):
    spec, _ = make(host, driver)
    host.stranger(other := host.spec())
    host.lose(spec)

    assert {machine.uuid for machine in driver.read_all()}.isdisjoint({spec.uuid, other.uuid})


# --- a QEMU that hangs ----------------------------------------------------------------------------------------------


def qemu(spec) -> int:
    (pid,) = (
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"qemu-system" in (words := path.read_bytes()) and spec.uuid.encode() in words
    )
    return pid


@pytest.mark.lab
def test_a_qemu_that_hangs_keeps_nobody_from_being_read(lab_host):
    host, patient = lab_host, lab_host.driver()
    driver = host.connect(host.ref, host.faults_file, ask_seconds=5)
    (stuck, whole), (spec, machine) = make(host, patient), make(host, patient)
    os.kill(qemu(stuck), signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert driver.read(stuck.uuid).readings["disks.root.iops"].source.startswith("unknown: QEMU did not answer")
        assert time.monotonic() - began < 25

        began = time.monotonic()
        again = driver.read(stuck.uuid)
        found = {machine.uuid: machine for machine in driver.read_all()}
        assert time.monotonic() - began < 25

        size = again.readings["disks.root.sizeGib"]
        assert (size.configured, size.effective) == (1, None)
        assert size.source == "unknown: QEMU has not answered an earlier question yet"
        assert again.readings["cpuCapPercent"].effective == stuck.cpu_cap_percent  # the kernel's word, not QEMU's
        assert_same_where_both_know(found[spec.uuid], machine)
        assert_same_where_both_know(found[stuck.uuid], whole)
        assert patient.read(spec.uuid) == machine
    finally:
        os.kill(qemu(stuck), signal.SIGCONT)
    assert patient.read(spec.uuid) == machine
    end = time.monotonic() + 60
    while driver.read(stuck.uuid) != whole:
        assert time.monotonic() < end
        time.sleep(0.2)
    driver.close()
    patient.close()
    host.clean()


@pytest.mark.lab
def test_a_qemu_that_hangs_can_be_ended(lab_host):
    host = lab_host
    driver = host.connect(host.ref, host.faults_file, ask_seconds=5)
    stuck, machine = make(host, driver)
    os.kill(qemu(stuck), signal.SIGSTOP)

    began = time.monotonic()
    assert driver.power(stuck.uuid, "off", machine.mark).power is Power.OFF

    # The button gets five seconds; libvirt itself waits some fifteen before it kills a process that ignores it.
    assert time.monotonic() - began < 60
    driver.close()
    host.clean()
