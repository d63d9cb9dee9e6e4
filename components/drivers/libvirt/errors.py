"""libvirt's errors become ours at one edge: a table, most specific first."""

import errno

import libvirt

from components.drivers.errors import DriverError, HostFull, HostUnreachable, Missing


class Lost(HostUnreachable):
    """A connection that stood broke: a read may be tried once more over a new one."""


CLASSES: dict[int, type[DriverError]] = {
    libvirt.VIR_ERR_NO_DOMAIN: Missing,
    libvirt.VIR_ERR_NO_STORAGE_POOL: Missing,
    libvirt.VIR_ERR_NO_STORAGE_VOL: Missing,
    libvirt.VIR_ERR_NO_NETWORK: Missing,
    libvirt.VIR_ERR_NO_CONNECT: Lost,
    libvirt.VIR_ERR_RPC: Lost,
    libvirt.VIR_ERR_INVALID_CONN: Lost,
    libvirt.VIR_ERR_AUTH_FAILED: HostUnreachable,
    libvirt.VIR_ERR_AUTH_CANCELLED: HostUnreachable,
    libvirt.VIR_ERR_AUTH_UNAVAILABLE: HostUnreachable,
}

REMEDIES: dict[type[DriverError], str] = {
    Missing: "Bring up the host's stack first, then run again",
    Lost: "Nothing is known of what it was doing. Check the host and libvirtd, then run again: it goes on from there",
    HostUnreachable: "Check the host, its libvirtd, and the URI in the host's file",
    HostFull: "Empty the trash, add disks, or choose another host; then run again: it goes on from there",
    DriverError: "Look at libvirtd's log on the host, then run again",
}


def is_code(problem: libvirt.libvirtError, *codes: int) -> bool:
    """Whether libvirt names one of `codes` as the error."""
    return problem.get_error_code() in codes


def translate(what: str, problem: libvirt.libvirtError, *, alive: bool) -> DriverError:
    """Our error for one of libvirt's. `alive` tells whether the connection still stands."""
    cause = (problem.get_error_message() or str(problem)).strip().replace("\n", "; ")
    kind = CLASSES.get(problem.get_error_code(), DriverError)
    if not alive:
        kind = Lost
    elif problem.get_int1() == errno.ENOSPC or "No space left on device" in cause:
        kind = HostFull
    return kind(what, cause, REMEDIES[kind])
