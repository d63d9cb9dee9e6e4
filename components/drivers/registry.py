"""Which driver serves a host: the only place that knows all of them."""

from collections.abc import Sequence

from components.drivers.base import Driver, HostRef, Machine
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


def survey(host: HostRef) -> Sequence[Machine]:
    """Every marked machine of `host`, as `Driver.read_all` of a new driver, without what only a change needs.

    Raises as that and as `connect`.
    """
    if host.driver == "libvirt":
        from components.drivers.libvirt import survey as libvirt_survey

        return libvirt_survey.machines(host)
    driver = connect(host)
    try:
        return driver.read_all()
    finally:
        driver.close()
