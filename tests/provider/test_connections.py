"""One driver per host."""

import json
from pathlib import Path

import pytest

from components.drivers.base import HostRef
from components.drivers.errors import DriverError
from components.drivers.fake.driver import FakeDriver
from components.provider.connections import ADDRESSES, Connections


def test_threads_share_one_driver_per_host(host: HostRef) -> None:
    """Connections are dear."""
    connections = Connections()
    assert connections.driver_for(host) is connections.driver_for(host)
    connections.close()


def test_unknown_driver_is_said_with_what_is_known() -> None:
    """A typo in a host's file."""
    with pytest.raises(DriverError, match="libvirt or fake"):
        Connections().driver_for(HostRef(name="h", driver="xen", uri="x"))


def test_a_host_that_moved_is_reached_at_its_address_of_today(host: HostRef, tmp_path: Path) -> None:
    """State remembers the address of the last run."""
    today = {host.name: {"driver": "fake", "uri": f"fake://{tmp_path / 'moved'}", "probe": ""}}
    connections = Connections({ADDRESSES: json.dumps(today)})
    driver = connections.driver_for(host)
    assert isinstance(driver, FakeDriver)
    assert driver.world.folder == tmp_path / "moved"
