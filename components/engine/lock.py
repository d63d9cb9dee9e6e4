"""The stack's lock: whatever changes a machine holds it, an engine's run and a command of ours alike.

For a `file://` backend it is the engine's own lock: a file in its folder of locks, in its format (an unknown field is
nothing to it), with its order of doing: look, write, look again, and step back when two came at once. A second,
kernel-held lock makes our own commands queue, so that two of them never meet in the engine, which doesn't wait.
"""

import datetime as dt
import fcntl
import json
import os
import pwd
import random
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from components.domain.problems import DomainError
from components.engine import state
from components.engine.backend import local_folder

WAIT_S = 600.0
"""How long a command waits for whoever holds the stack before it gives up."""
_LOOK_S = 0.2

Say = Callable[[str], None]


def _aloud(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def hold(
    environment: Mapping[str, str], stack: str, doing: str, *, say: Say = _aloud, deadline_s: float = WAIT_S
) -> Iterator[None]:
    """Hold the stack's lock: no engine runs on it meanwhile, and no other command of ours. Not re-entrant.

    `doing` says what for ("vps stop example-coop/web1"). The lock of a provably dead holder is released with a line;
    for a living one it waits with a line that says who holds it since when, and raises DomainError after `deadline_s`.
    For other backends than `file://` nothing can be held: there the machine's own revision is the guard.
    """
    folder = local_folder(environment)
    if folder is None:
        yield
        return
    ends = time.monotonic() + deadline_s
    with turn(environment, stack, doing, say=say, deadline_s=deadline_s):
        mine = _take(environment, folder, stack, doing, say, ends)
        try:
            yield
        finally:
            mine.unlink(missing_ok=True)


@contextmanager
def turn(
    environment: Mapping[str, str], stack: str, doing: str, *, say: Say = _aloud, deadline_s: float = WAIT_S
) -> Iterator[None]:
    """Be the only command of ours at work on the stack: around a run of the engine, which takes its own lock.

    The kernel gives it back however the holder ends. Waits and raises as `hold`.
    """
    folder = local_folder(environment)
    if folder is None:
        yield
        return
    file = folder / "aegir-vps-turns" / f"{stack}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _until(lambda: _holder(handle), stack, say, time.monotonic() + deadline_s)
        os.truncate(handle, 0)
        os.pwrite(handle, json.dumps(_content(doing)).encode(), 0)
        yield
    finally:
        os.close(handle)


def wait(environment: Mapping[str, str], stack: str, *, say: Say = _aloud, deadline_s: float = WAIT_S) -> None:
    """Return once no living run holds the stack's lock; locks of the dead are released, with a line.

    Raises DomainError after `deadline_s`, saying who holds it since when.
    """
    _until(lambda: _living(environment, stack, say), stack, say, time.monotonic() + deadline_s)


def release(lock: state.Lock) -> None:
    """Take a lock away from whoever held it; one that is gone is done."""
    lock.path.unlink(missing_ok=True)


def _until(holder: Callable[[], state.Lock | None], stack: str, say: Say, ends: float) -> None:
    said = None
    while (lock := holder()) is not None:
        if time.monotonic() >= ends:
            raise DomainError(
                f"Stack {stack} is locked by {lock}.",
                "Nothing was touched. Wait until that run has ended, then run this again. If it never will, "
                f"`vps unlock {stack}` shows and releases it.",
            )
        if (lock.pid, lock.since) != said:
            say(f"waits: {lock.owner} holds {stack} since {lock.since}")
            said = (lock.pid, lock.since)
        time.sleep(_LOOK_S)


def _living(environment: Mapping[str, str], stack: str, say: Say) -> state.Lock | None:
    found = None
    for lock in state.locks(environment, stack):
        if lock.is_dead:
            release(lock)
            say(f"released the lock of {lock}: that process is dead")
        else:
            found = found or lock
    return found


def _take(environment: Mapping[str, str], folder: Path, stack: str, doing: str, say: Say, ends: float) -> Path:
    places = state.lock_folder(folder, stack)
    places.mkdir(parents=True, exist_ok=True)
    while True:
        wait(environment, stack, say=say, deadline_s=max(0.0, ends - time.monotonic()))
        # Beside the turns, not beside the locks: there the engine would read a draft as somebody's lock.
        draft, mine = folder / "aegir-vps-turns" / f"{stack}.draft", places / f"{secrets.token_hex(16)}.json"
        draft.write_text(json.dumps(_content(doing)), encoding="utf-8")
        draft.rename(mine)
        try:
            if all(lock.path == mine or lock.is_dead for lock in state.locks(environment, stack)):
                return mine
        except BaseException:
            mine.unlink(missing_ok=True)
            raise
        mine.unlink(missing_ok=True)
        time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - two that came at once shall not meet again


def _holder(handle: int) -> state.Lock | None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        path = Path(f"/proc/self/fd/{handle}")
        return state.lock_of(path, os.pread(handle, 4096, 0))
    return None


def _content(doing: str) -> dict[str, str | int]:
    """What the engine writes, and by what a holder that is no engine is known: its start, in this boot."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return {
        "pid": os.getpid(),
        "username": user,
        "hostname": socket.gethostname(),
        "timestamp": dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z"),
        "started": state.started(os.getpid()),
        "boot": state.boot_id(),
        "doing": doing,
    }
