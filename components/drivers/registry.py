"""Which driver serves a host: the only place that knows all of them."""

from components.drivers.base import Driver, HostRef
from components.drivers.errors import DriverError


def connect(host: HostRef) -> Driver:
    """A driver for `host`, connected lazily. Raises DriverError for a driver name that isn't known."""
    if host.driver == "fake":
        from components.drivers.fake.driver import FakeDriver

        return FakeDriver(host)
    if host.driver == "libvirt":
        from components.drivers.libvirt.driver import LibvirtDriver

        return LibvirtDriver(host)
    raise DriverError(
        f"Unable to reach host {host.name}",
        f"driver {host.driver!r} is not known",
        "Use libvirt or fake in the host's file.",
    )
