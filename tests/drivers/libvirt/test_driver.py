"""What only a real host can show: a libvirtd that dies, a probe that is missing, the record of an ended machine."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from components.drivers.base import HostRef, Phase, PoolSpec, Power
from components.drivers.errors import HostUnreachable
from components.drivers.libvirt.driver import LibvirtDriver
from tests.drivers.hosts import SEED
from tests.engine.processes import wait_until

pytestmark = pytest.mark.lab


@pytest.fixture
def host(lab_host):
    yield lab_host
    lab_host.clean()


def test_after_libvirtd_died_and_came_back_the_same_driver_goes_on(host):
    driver, spec = host.driver(), host.spec()
    machine = driver.create(spec, SEED, host.mark(spec))

    os.kill(host.lab.status().pid, signal.SIGKILL)
    with pytest.raises(HostUnreachable):
        driver.read(spec.uuid)
    host.lab.up()

    # libvirtd finds its guests again in the background; until then a limit in force may be unknown, never wrong.
    wait_until(lambda: driver.read(spec.uuid) == machine, "the machine never read as before")
    driver.close()


def test_without_a_probe_a_machine_runs_all_the_same(host):
    driver = LibvirtDriver(HostRef(name="lab", driver="libvirt", uri=host.ref.uri), stop_seconds=0.3)
    spec = host.spec()

    machine = driver.create(spec, SEED, host.mark(spec))

    rate = machine.readings["nics.n0.rateMbitS"]
    assert machine.power is Power.RUNNING
    assert (rate.configured, rate.effective) == (100, None)
    expected = "unknown: the host has no probe" if host.enforces_nic_rates else "not enforced by this host: "
    assert rate.source.startswith(expected)
    driver.close()


def test_an_ended_machine_leaves_a_record_to_bring_it_back(host):
    driver, spec = host.driver(), host.spec()
    machine = driver.create(spec, SEED, host.mark(spec))

    driver.delete(spec.uuid, machine.mark.incarnation)

    record = json.loads((host.pool_folder / f"trash-{spec.uuid}.json").read_text())
    assert record["uuid"] == spec.uuid
    assert record["mark"]["phase"] == Phase.READY
    assert set(record["volumes"].values()) == host.volume_names(spec)
    assert f"<uuid>{spec.uuid}</uuid>" in record["xml"]
    driver.close()


def test_a_qemu_that_hangs_does_not_keep_others_from_being_made(host):
    driver, stuck, spec = host.driver(), host.spec(), host.spec()
    driver.create(stuck, SEED, host.mark(stuck))
    (pid,) = (
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"qemu-system" in (words := path.read_bytes()) and stuck.uuid.encode() in words
    )
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert driver.create(spec, SEED, host.mark(spec)).power is Power.RUNNING
        assert time.monotonic() - began < 10
    finally:
        os.kill(pid, signal.SIGCONT)
    driver.close()


def test_only_a_pool_or_network_that_we_defined_starts_with_the_host(host):
    driver = host.driver()
    folder = host.lab.places.data / "aegir-vps/foreign"
    folder.mkdir()
    host.virsh("pool-define-as", "foreign", "dir", "--target", "/var/lib/aegir-vps/foreign")
    try:
        made = driver.ensure_pool(PoolSpec(name="foreign", path="/var/lib/aegir-vps/foreign"))

        assert not made.made
        assert "no" in host.virsh("pool-info", "foreign").split("Autostart:")[1].splitlines()[0]
        assert "yes" in host.virsh("pool-info", "vps").split("Autostart:")[1].splitlines()[0]
        driver.delete_pool(PoolSpec(name="foreign", path="/var/lib/aegir-vps/foreign"))
        assert "foreign" in host.virsh("pool-list", "--all", "--name")
    finally:
        host.virsh("pool-destroy", "foreign", check=False)
        host.virsh("pool-undefine", "foreign")
        shutil.rmtree(folder)
        driver.close()


def test_a_pool_whose_making_was_killed_before_it_was_defined_is_still_ours(host):
    driver, spec = host.driver(), PoolSpec(name="third", path="/var/lib/aegir-vps/third")
    host.virsh("pool-create-as", "third", "dir", "--target", spec.path, "--build")

    assert driver.ensure_pool(spec).made

    assert "yes" in host.virsh("pool-info", "third").split("Persistent:")[1].splitlines()[0]
    driver.delete_pool(spec)
    assert driver.read_pool(spec) is None
    driver.close()
