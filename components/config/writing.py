"""How a file of a fleet comes onto the disk: by one writer at a time, whole or not at all."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.config.folder import CLIENTS, HOSTS
from components.domain.problems import DomainError

Snapshot = dict[str, tuple[int, int, int, int]]
"""By path: when it was changed, its size, and which file it is."""
_TURN_S = 60


@contextmanager
def turn(fleet: Path) -> Iterator[None]:
    """One writer at a time judges and writes: two that begin together must not take the same address.

    Raises DomainError when another one holds the folder for longer than any edit takes.
    """
    descriptor = os.open(fleet, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + _TURN_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    message = f"Unable to write in {fleet}: another command is writing there for {_TURN_S} s."
                    raise DomainError(message, "Nothing was written. Wait for it, then run this again.") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def snapshot(fleet: Path) -> Snapshot:
    """The declared files as the disk has them now: while it stays the same, so does every judgement of them."""
    found = {}
    for folder in (fleet, fleet / CLIENTS, fleet / HOSTS):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith((".yaml", ".pem")):
                        known = entry.stat()
                        found[entry.path] = known.st_mtime_ns, known.st_ctime_ns, known.st_size, known.st_ino
        except OSError:
            found[str(folder)] = 0, 0, 0, 0
    return found


def replace(file: Path, text: str) -> None:
    """Write a file whole or not at all, with the mode that it has: temporary name, fsync, rename."""
    number, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(file.stat().st_mode & 0o7777 if file.exists() else 0o644)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
