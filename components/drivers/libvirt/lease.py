"""Leases for host-wide work: a volume of a fixed name, made exclusively in the pool, that expires.

The whole lease is the file's size, so that taking it is one atomic call: a sparse file of `expiry << 6 | token` bytes,
expiry in seconds of Unix time. The holder renews it by growing the file; one that died is outlasted within `LEASE_S`.
Clocks of two controllers may differ by less than that.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import libvirt

from components.drivers.errors import DriverError
from components.drivers.libvirt import volumes
from components.drivers.libvirt.errors import is_code

PREFIX = "lease-"
LEASE_S = 12
TOKEN = 63
PAUSE_S = 0.05


class Leases:
    """The leases that this process takes on one host, each for `seconds` unless renewed.

    Its own threads queue here before they ask the host.
    """

    def __init__(self, seconds: int = LEASE_S) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._mine: dict[str, threading.Lock] = {}

    @contextmanager
    def hold(self, what: str, pool: libvirt.virStoragePool, purpose: str, *, wait: float) -> Iterator["Held"]:
        """Hold the lease `purpose`, renewed until the end; raises DriverError when `wait` seconds were not enough.

        Ask `Held.need` directly before the write that the lease is for: a process that was stopped may have lost it.
        """
        name = f"{PREFIX}{purpose}"
        with self._lock:
            mine = self._mine.setdefault(name, threading.Lock())
        if not mine.acquire(timeout=wait):
            raise _busy(what, name)
        try:
            taken = _take(what, pool, name, self._seconds, time.monotonic() + wait)
            held = Held(what, pool, name, taken, self._seconds)
            try:
                yield held
            finally:
                held.give_back()
        finally:
            mine.release()


class Held:
    """A lease that we hold, renewed by a thread of its own."""

    def __init__(self, what: str, pool: libvirt.virStoragePool, name: str, size: int, seconds: int) -> None:
        self._seconds = seconds
        self._what = what
        self._pool = pool
        self._name = name
        self._size = size
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=name, daemon=True)
        self._thread.start()

    def still_ours(self) -> bool:
        """Whether the host still holds the lease for us, and not only for a moment."""
        with self._lock:
            return self._ours() is not None and self._size >> 6 > time.time() + self._seconds / 4

    def need(self) -> None:
        """Raises DriverError when the lease was lost: what was looked at under it may have changed since."""
        if not self.still_ours():
            raise DriverError(
                self._what,
                f"{self._name} was lost to somebody else: this process was stopped or cut off for too long",
                "Nothing was changed. Run again",
            )

    def give_back(self) -> None:
        """Remove our lease, unless it expired and is another's by now. A lost connection leaves it to its expiry."""
        self._over.set()
        self._thread.join()
        with suppress(libvirt.libvirtError):
            held = self._ours()
            if held is not None:
                held.delete(0)

    def _renew(self) -> None:
        while not self._over.wait(self._seconds / 4):
            with self._lock, suppress(libvirt.libvirtError):
                held = self._ours()
                if held is None:
                    return
                size = _size(self._seconds, self._size & TOKEN)
                held.resize(size, 0)
                self._size = size

    def _ours(self) -> libvirt.virStorageVol | None:
        held = volumes.find(self._pool, self._name)
        return held if held is not None and held.info()[1] == self._size else None


def _size(seconds: int, token: int) -> int:
    return (int(time.time()) + seconds) << 6 | token


def _take(what: str, pool: libvirt.virStoragePool, name: str, seconds: int, until: float) -> int:
    while True:
        size = _size(seconds, secrets.randbelow(TOKEN + 1))
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
        # libvirtd remembers a file that somebody took away: without a look it would call the name taken for ever.
        volumes.refresh(pool)


def _busy(what: str, name: str) -> DriverError:
    return DriverError(
        what,
        f"somebody else holds {name} on the host",
        "It expires by itself within seconds once its holder is gone; run again",
    )
