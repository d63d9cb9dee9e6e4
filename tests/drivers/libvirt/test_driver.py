"""What only a real host can show: a libvirtd that dies, a probe that is missing, the record of an ended machine."""

import json
import os
import signal

import pytest

from components.drivers.base import HostRef, Phase, Power
from components.drivers.errors import HostUnreachable
from components.drivers.libvirt.driver import LibvirtDriver
from tests.drivers.hosts import SEED

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

    assert driver.read(spec.uuid) == machine
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
