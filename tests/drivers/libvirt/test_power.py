"""Starting and stopping one domain: why a start failed, and that down is down, whatever the guest did before."""

import os
import subprocess
import time

import libvirt
import pytest

from components.domain.names import disk_volume
from components.drivers.base import Power
from components.drivers.libvirt.power import why_rates_fail
from tests.drivers.hosts import SEED

TC = (
    "internal error: Child process (tc qdisc add dev vnet1 parent 1:1 handle 2: sfq perturb 10) unexpected exit status "
    "2: Error: Specified qdisc kind is unknown."
)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (TC, "Specified qdisc kind is unknown (sfq)"),
        ("internal error: Child process (tc filter add dev vnet1) unexpected exit status 1:", "tc failed"),
        ("internal error: process exited while connecting to monitor: no memory", ""),
        ("Cannot access storage file '/pool/etc qdisc'", ""),
    ],
)
def test_the_reason_is_tcs_own(message, reason):
    error = libvirt.libvirtError("x")
    error.err = (1, 0, message, 2, None, None, None, 0, 0)

    assert why_rates_fail(error) == reason


ASLEEP = (
    bytes.fromhex(
        "b050 e670 e471 3c5a 740f"  # al = CMOS[0x50]; was it here before, go to the end
        "b050 e670 b05a e671"  # CMOS[0x50] = 0x5a: it was here
        "ba0406 b80024 ef"  # q35's PM1a control (0x604) = SLP_EN, SLP_TYP 1: suspend to RAM
        "f4 ebfd"  # halt
    ).ljust(510, b"\0")
    + b"\x55\xaa"
)
"""A boot sector that suspends its machine once, as every client's guest can."""


@pytest.fixture
def asleep(lab_host, tmp_path):
    """A machine whose guest has suspended itself to RAM, as every client's guest can."""
    driver = lab_host.driver()
    spec = lab_host.spec()
    machine = driver.create(spec, SEED, lab_host.mark(spec))
    lab_host.stop_by_hand(spec)
    sector = tmp_path / "sector"
    sector.write_bytes(ASLEEP)
    disk = lab_host.pool_folder / disk_volume(spec.name, spec.uuid, "root")
    os.truncate(sector, 1024**3)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", sector, disk], check=True)
    lab_host.start_by_hand(spec)
    until = time.monotonic() + 30
    while "pmsuspended" not in lab_host.virsh("domstate", spec.uuid):
        assert time.monotonic() < until, lab_host.virsh("domstate", spec.uuid, "--reason")
        time.sleep(0.2)
    yield driver, machine
    driver.close()
    lab_host.clean()


@pytest.mark.lab
def test_a_guest_that_suspended_itself_is_down_when_it_is_stopped(asleep):
    driver, machine = asleep

    assert driver.power(machine.uuid, "off", machine.mark).power is Power.OFF


@pytest.mark.lab
def test_a_guest_that_suspended_itself_is_down_before_its_machine_ends(asleep, lab_host):
    driver, machine = asleep

    driver.delete(machine.uuid, machine.mark.incarnation)
    assert machine.uuid not in lab_host.virsh("list", "--uuid", "--all")


@pytest.mark.lab
def test_a_guest_that_suspended_itself_is_woken(asleep):
    driver, machine = asleep

    assert driver.power(machine.uuid, "running", machine.mark).power is Power.RUNNING
