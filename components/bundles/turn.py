"""Folders of the cache, bundles' and images' alike: where they stand, and one maker at a time in each."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

WAIT_S = 3600
LOOK_S = 0.5


def folder(name: str) -> Path:
    """`$XDG_CACHE_HOME/aegir-vps/<name>`, by default below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aegir-vps" / name


@contextlib.contextmanager
def turn(place: Path, waits: str, late: Exception, progress: Callable[[str], None]) -> Iterator[None]:
    """Be the only maker in a folder, which is there; the lock ends with the process that holds it.

    Says `waits` once when it waits for another one, and raises `late` after an hour.
    """
    with (place / ".lock").open("a+") as handle:
        ends = time.monotonic() + WAIT_S
        said = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if not said:
                    progress(waits)
                    said = True
                if time.monotonic() > ends:
                    raise late from error
                time.sleep(LOOK_S)
        yield
