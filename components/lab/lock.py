"""One `up` or `down` of a lab at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from components.lab.command import LabError
from components.lab.places import RUN, Places


@contextmanager
def held(places: Places, wait_s: float = 120) -> Iterator[None]:
    """Hold the lab's lock; the kernel gives it back however the holder ends. Raises LabError after `wait_s`."""
    file = RUN / f".{places.name}.lock"
    RUN.mkdir(parents=True, exist_ok=True, mode=0o755)
    ends = time.monotonic() + wait_s
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if file.exists() and file.stat().st_ino == os.fstat(handle).st_ino:
                break  # the file that everybody else would lock, not one that its last holder removed
        except BlockingIOError:
            if time.monotonic() > ends:
                os.close(handle)
                raise LabError(
                    f"Unable to change lab {places.name}",
                    f"another `vps lab` has been at it for {wait_s:g} s",
                    f"Wait for it, or find it with `fuser {file}`.",
                ) from None
            time.sleep(0.1)
        os.close(handle)
    try:
        yield
    finally:
        if not places.run.exists():
            file.unlink(missing_ok=True)
        os.close(handle)
