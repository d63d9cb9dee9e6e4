"""Faults on demand, so that tests can break every step of a driver.

A file holds a list of `{"step": "create.disk", "do": "kill", "times": 1}`:
`do` is fail, unreachable, kill, delay (with `seconds`), full, or lose-answer (the step is done, its answer lost);
`when` is `before` (default) or `after` the step; `times` counts down, and -1 means always; `step` may end in `*`.
Without the file, a step costs one look at the folder.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.drivers.errors import DriverError, HostFull, HostUnreachable


class Faults:
    """The faults that a file asks for; `path` None means none ever."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Run one named step of a driver, with the faults that were asked for before or after it."""
        self._strike(name, "before")
        yield
        self._strike(name, "after")

    def _strike(self, name: str, when: str) -> None:
        if self._path is None or not self._path.exists():
            return
        fault = self._take(name, when)
        if fault is None:
            return
        what, do = f"Unable to do step {name}", fault["do"]
        if do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "delay":
            time.sleep(float(str(fault.get("seconds", 1))))
        elif do in {"unreachable", "lose-answer"}:
            raise HostUnreachable(what, "the connection was lost (a fault asked for by a test)")
        elif do == "full":
            raise HostFull(
                what, "no space left on the pool (a fault asked for by a test)", "Free space, then run again"
            )
        else:
            raise DriverError(what, "it failed (a fault asked for by a test)", "Run again")

    def _take(self, name: str, when: str) -> dict[str, object] | None:
        assert self._path is not None
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = json.loads(self._path.read_text(encoding="utf-8"))
            faults: list[dict[str, object]] = found if isinstance(found, list) else [found]
            for fault in faults:
                times = int(str(fault.get("times", 1)))
                if times == 0 or not _matches(str(fault["step"]), name) or _when(fault) != when:
                    continue
                if times > 0:
                    fault["times"] = times - 1
                    fresh = self._path.with_suffix(f".{os.getpid()}.tmp")
                    fresh.write_text(json.dumps(faults, indent=1), encoding="utf-8")
                    fresh.replace(self._path)
                return fault
        return None


def _matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == name


def _when(fault: dict[str, object]) -> str:
    return "after" if fault["do"] == "lose-answer" else str(fault.get("when", "before"))
