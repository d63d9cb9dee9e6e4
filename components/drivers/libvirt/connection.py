"""One connection to one libvirtd: opened within a deadline, kept alive, shared by threads, reopened when lost."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import libvirt

from components.drivers.base import HostRef
from components.drivers.errors import HostUnreachable
from components.drivers.libvirt.errors import REMEDIES, is_code, translate
from components.drivers.libvirt.patience import within

OPEN_S = 6.0
"""Opening takes longer only when the host is not answering."""
KEEPALIVE_S = 3
KEEPALIVE_COUNT = 3
"""After so many unanswered probes libvirt breaks the connection, and every call that waits on it raises: the deadline
of all calls (12 s). A call that takes long on a living host, such as copying a disk, is not cut off."""
CLOSE_S = 2.0
SLOW_S = 1.0
REMEMBER_S = 5.0
"""A host whose silence cost more than `SLOW_S` is not asked again for so long: many machines wait once, not each."""
CHANGES = 4
"""How many changes run at a time on one host."""

_loop = threading.Lock()
_loop_runs = False
# Errors are told where they are mended, not on the terminal.
libvirt.registerErrorHandler(lambda _context, _error: None, None)


class Connection:
    """A lazily opened connection. Every libvirt call stands inside `edge`, where foreign errors end."""

    def __init__(self, host: HostRef) -> None:
        self.host = host
        self._lock = threading.Lock()
        self._handle: libvirt.virConnect | None = None
        self._silent: tuple[float, HostUnreachable] | None = None
        self._changes = threading.BoundedSemaphore(CHANGES)

    @contextmanager
    def edge(self, what: str) -> Iterator[libvirt.virConnect]:
        """The open connection; `what` begins the message of any error ("Unable to … on <host>")."""
        handle = self._open(what)
        try:
            yield handle
        except libvirt.libvirtError as problem:
            raise translate(what, problem, alive=_alive(handle)) from problem

    @contextmanager
    def passing(self, what: str) -> Iterator[libvirt.virConnect]:
        """A connection of its own for one pass over the host, without keepalive: the caller keeps deadlines himself.

        Keepalive wakes another thread twice in each call, which takes longer than the calls of a pass. Raises
        HostUnreachable for a caller's TimeoutError.
        """
        handle = _open_within(self.host, what, watched=False)
        try:
            yield handle
        except libvirt.libvirtError as problem:
            raise translate(what, problem, alive=_alive(handle)) from problem
        except TimeoutError as late:
            raise HostUnreachable(what, f"libvirtd does not answer: {late}", REMEDIES[HostUnreachable]) from late
        finally:
            # It may wait for an answer that never comes; then its thread keeps it for as long as we live.
            with suppress(TimeoutError):
                within(CLOSE_S, f"close {self.host.name}", lambda: _close(handle))

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold one of the few places for changes."""
        with self._changes:
            yield

    def close(self) -> None:
        """Give the connection back; the next call opens another."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            _close(handle)

    def _open(self, what: str) -> libvirt.virConnect:
        with self._lock:
            if self._handle is not None and _alive(self._handle):
                return self._handle
            if self._handle is not None:
                _close(self._handle)
                self._handle = None
            if self._silent is not None and time.monotonic() < self._silent[0]:
                known = self._silent[1]
                raise HostUnreachable(what, known.cause, known.remedy)
            began = time.monotonic()
            try:
                self._handle = _open_within(self.host, what)
            except HostUnreachable as problem:
                now = time.monotonic()
                self._silent = (now + REMEMBER_S, problem) if now - began > SLOW_S else None
                raise
            self._silent = None
            return self._handle


def _alive(handle: libvirt.virConnect) -> bool:
    try:
        return bool(handle.isAlive())
    except libvirt.libvirtError:
        return False


def _close(handle: libvirt.virConnect) -> None:
    with suppress(libvirt.libvirtError):
        handle.close()


def _open_within(host: HostRef, what: str, *, watched: bool = True) -> libvirt.virConnect:
    """Libvirt's open has no deadline, so it runs in a thread that may be left behind. `watched`: with keepalive."""
    if watched:
        _run_loop()
    answers: queue.Queue[libvirt.virConnect | libvirt.libvirtError] = queue.Queue()
    given_up = threading.Event()

    def attempt() -> None:
        try:
            handle = libvirt.open(host.uri)
        except libvirt.libvirtError as problem:
            answers.put(problem)
            return
        if given_up.is_set():
            _close(handle)
        answers.put(handle)

    threading.Thread(target=attempt, name=f"open {host.name}", daemon=True).start()
    try:
        answer = answers.get(timeout=OPEN_S)
    except queue.Empty:
        given_up.set()
        cause = f"host {host.name} ({host.uri}) did not answer within {OPEN_S:.0f} s"
        raise HostUnreachable(what, cause, REMEDIES[HostUnreachable]) from None
    if isinstance(answer, libvirt.libvirtError):
        cause = f"host {host.name} can't be reached at {host.uri}: {answer.get_error_message()}"
        raise HostUnreachable(what, cause, REMEDIES[HostUnreachable]) from answer
    if not watched:
        return answer
    try:
        answer.setKeepAlive(KEEPALIVE_S, KEEPALIVE_COUNT)
    except libvirt.libvirtError as problem:
        # A driver inside this process (libvirt's own test driver) has no wire that could break.
        if not is_code(problem, libvirt.VIR_ERR_NO_SUPPORT):
            raise translate(what, problem, alive=_alive(answer)) from problem
    return answer


def _run_loop() -> None:
    """Keepalive needs libvirt's event loop; it is registered once per process, before the first connection."""
    global _loop_runs  # noqa: PLW0603 - libvirt itself keeps this per process
    with _loop:
        if _loop_runs:
            return
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_turn, name="libvirt events", daemon=True).start()
        _loop_runs = True


def _turn() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
