"""Anti-spoofing as every driver promises it: declared, changed live, read back, mended."""

import pytest

from components.drivers.errors import DriverError
from tests.drivers.fake_host import FakeHost
from tests.drivers.hosts import SEED
from tests.drivers.machines import make, with_nic


def unguard_by_hand(host, spec):
    """Take the filter away behind the driver's back."""
    if isinstance(host, FakeHost):
        nics = host.world.get("domains", spec.uuid)["nics"]
        host.world.change("domains", spec.uuid, nics={"n0": nics["n0"] | {"antispoof": False}})
        return
    path = host.folder / "nic.xml"
    path.write_text(
        f"<interface type='network'><mac address='{spec.nics['n0'].mac}'/><source network='public1'/>"
        "<model type='virtio'/><alias name='ua-nic-n0'/></interface>"
    )
    host.virsh("update-device", spec.uuid, str(path), "--live", "--config")


@pytest.fixture
def made(host, driver):
    return make(host, driver)


def test_a_machine_is_guarded_unless_declared_otherwise(host, driver, made):
    _, machine = made
    assert machine.guarded == {"n0": True}
    spec = with_nic(host.spec(), antispoof=False)
    assert driver.create(spec, SEED, host.mark(spec)).guarded == {"n0": False}


def test_it_is_switched_off_and_on_live(driver, made):
    spec, machine = made
    for on in (False, True):
        machine = driver.update(with_nic(spec, antispoof=on), machine.mark)
        assert (machine.guarded, machine.power) == ({"n0": on}, "running")
        assert [found.guarded for found in driver.read_all() if found.uuid == spec.uuid] == [{"n0": on}]


def test_new_addresses_are_guarded_at_once(driver, made):
    spec, machine = made
    machine = driver.update(with_nic(spec, addresses=("192.0.2.12/24", "2001:db8:1::12/64")), machine.mark)
    assert (machine.guarded, machine.power) == ({"n0": True}, "running")
    assert machine.addresses == {"n0": ("192.0.2.12/24", "2001:db8:1::12/64")}


def test_a_filter_taken_away_is_seen_and_mended(host, driver, made):
    spec, machine = made
    unguard_by_hand(host, spec)
    assert driver.read(spec.uuid).guarded == {"n0": False}
    assert driver.update(spec, machine.mark).guarded == {"n0": True}


def test_a_change_that_fails_leaves_the_former_state(host, driver, made):
    spec, machine = made
    host.fault({"step": "update.antispoof", "do": "fail", "when": "after"})
    with pytest.raises(DriverError):
        driver.update(with_nic(spec, antispoof=False), machine.mark)
    assert driver.read(spec.uuid).guarded == {"n0": True}


def test_it_waits_for_the_start_of_a_machine_that_is_off(driver, made):
    spec, machine = made
    machine = driver.power(spec.uuid, "off", machine.mark)
    machine = driver.update(with_nic(spec, antispoof=False), machine.mark)
    assert machine.guarded == {"n0": False}
    machine = driver.update(spec, machine.mark)
    machine = driver.power(spec.uuid, "running", machine.mark)
    assert machine.guarded == {"n0": True}
