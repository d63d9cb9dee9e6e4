"""Processes as the kernel tells them: tests kill what they started, at a moment that they chose."""

import time
from collections.abc import Callable
from pathlib import Path


def child(parent: int, name: str) -> int:
    """The PID of the process called `name…` below process `parent`, once there is one."""
    found: list[int] = []

    def look() -> bool:
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rsplit(")", 1)
            except OSError:
                continue
            if int(fields[1].split()[1]) == parent and f"({name}" in fields[0]:
                found.append(int(path.parent.name))
        return bool(found)

    wait_until(look, f"no {name} below process {parent}")
    return found[0]


def wait_until(condition: Callable[[], bool], problem: str, deadline_s: float = 90) -> None:
    """Wait for a condition; after `deadline_s` the test fails with `problem`."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, problem
        time.sleep(0.05)
