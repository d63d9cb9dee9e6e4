"""Leases for host-wide work: a volume of a fixed name, made exclusively in the pool, that expires.

The whole lease is the file's size, so that taking it is one atomic call: a sparse file of `expiry << 6 | token` bytes,
expiry in seconds of Unix time. A holder that died is outlasted; clocks of two controllers may differ by less than
the shortest lease.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from components.drivers.base import DriverError
from components.drivers.libvirt import volumes
from components.drivers.libvirt.errors import is_code

PREFIX = "lease-"
PAUSE_S = 0.05


class Leases:
    """The leases that this process takes on one host; its own threads queue here before they ask the host."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine: dict[str, threading.Lock] = {}

    @contextmanager
    def hold(
        self, what: str, pool: libvirt.virStoragePool, purpose: str, *, seconds: int, wait: float
    ) -> Iterator[None]:
        """Hold the lease `purpose` for at most `seconds`; raises DriverError when `wait` seconds were not enough."""
        name = f"{PREFIX}{purpose}"
        with self._lock:
            mine = self._mine.setdefault(name, threading.Lock())
        if not mine.acquire(timeout=wait):
            raise _busy(what, name)
        try:
            size = _take(what, pool, name, seconds, time.monotonic() + wait)
            try:
                yield
            finally:
                _give_back(pool, name, size)
        finally:
            mine.release()


def _take(what: str, pool: libvirt.virStoragePool, name: str, seconds: int, until: float) -> int:
    while True:
        size = (int(time.time()) + seconds) << 6 | secrets.randbelow(64)
        try:
            volumes.make_raw(pool, name, size)
        except libvirt.libvirtError as problem:
            if not is_code(problem, libvirt.VIR_ERR_STORAGE_VOL_EXIST):
                raise
        else:
            return size
        _outlast(pool, name)
        if time.monotonic() > until:
            raise _busy(what, name)
        time.sleep(PAUSE_S)


def _outlast(pool: libvirt.virStoragePool, name: str) -> None:
    """Remove a lease whose time is over."""
    held = volumes.find(pool, name)
    try:
        if held is not None and held.info()[1] >> 6 < time.time():
            held.delete(0)
    except libvirt.libvirtError as problem:
        if not is_code(problem, libvirt.VIR_ERR_NO_STORAGE_VOL):
            raise


def _give_back(pool: libvirt.virStoragePool, name: str, size: int) -> None:
    """Remove our lease, unless it expired and is another's by now. A lost connection leaves it to its expiry."""
    try:
        held = volumes.find(pool, name)
        if held is not None and held.info()[1] == size:
            held.delete(0)
    except libvirt.libvirtError:
        return


def _busy(what: str, name: str) -> DriverError:
    return DriverError(
        what, f"somebody else holds {name} on the host", "It expires by itself within minutes; run again"
    )
