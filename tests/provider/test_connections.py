"""One driver per host."""

import pytest

from components.drivers.base import HostRef
from components.drivers.errors import DriverError
from components.provider.connections import Connections


def test_threads_share_one_driver_per_host(host: HostRef) -> None:
    """Connections are dear."""
    connections = Connections()
    assert connections.driver_for(host) is connections.driver_for(host)
    connections.close()


def test_unknown_driver_is_said_with_what_is_known() -> None:
    """A typo in a host's file."""
    with pytest.raises(DriverError, match="libvirt or fake"):
        Connections().driver_for(HostRef(name="h", driver="xen", uri="x"))
