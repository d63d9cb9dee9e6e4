"""Which processes belong to a lab, and how they end.

A process is the lab's when it is in the lab's cgroup or in one of the lab's namespaces; nothing else tells it for
sure (pids are used again, names are anybody's). Signals go through pidfds, so a pid that changed hands is never hit.
"""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from components.lab.cgroup import Subtree
from components.lab.command import LabError

_KINDS = ("net", "mnt", "uts", "cgroup")


def of_namespaces(files: Iterable[Path]) -> set[int]:
    """Every process that is in one of the namespaces bound to `files` (files that are none are left out)."""
    wanted = set()
    for file in files:
        with suppress(OSError):
            facts = file.stat()
            wanted.add((facts.st_dev, facts.st_ino))
    nsfs = Path("/proc/self/ns/net").stat().st_dev
    wanted = {identity for identity in wanted if identity[0] == nsfs}
    found: set[int] = set()
    if not wanted:
        return found
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        for kind in _KINDS:
            with suppress(OSError):  # it ended, or is a kernel thread
                facts = (folder / "ns" / kind).stat()
                if (facts.st_dev, facts.st_ino) in wanted:
                    found.add(int(folder.name))
    return found


def of_lab(groups: Subtree | None, namespaces: Iterable[Path]) -> set[int]:
    """Every process of the lab that still runs, but this one and those that it runs under."""
    found = of_namespaces(namespaces) | (groups.processes() if groups else set())
    return {pid for pid in found - _callers() if started(pid)}


def end(groups: Subtree | None, namespaces: Iterable[Path], *, grace_s: float = 5, deadline_s: float = 10) -> None:
    """End what is the lab's: asked first, forced after `grace_s`. Raises LabError when something outlives it."""
    files = list(namespaces)
    start = time.monotonic()
    asked: set[int] = set()
    while left := of_lab(groups, files):
        passed = time.monotonic() - start
        if passed > grace_s + deadline_s:
            raise LabError(
                "Unable to end the lab's processes",
                f"{', '.join(map(str, sorted(left)))} did not end when killed",
                "See what they wait for with `ps -o pid,stat,wchan,args`, then run it again.",
            )
        for pid in left:
            if passed > grace_s:
                _signal(pid, signal.SIGKILL, groups, files)
            elif pid not in asked:
                asked.add(pid)
                _signal(pid, signal.SIGTERM, groups, files)
        time.sleep(0.05)


def started(pid: int) -> int:
    """When a process started, in clock ticks after boot: with the pid, its identity. 0 when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


def _signal(pid: int, number: signal.Signals, groups: Subtree | None, files: list[Path]) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if pid in of_lab(groups, files):  # still the one that was meant, now that the handle holds it
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _callers() -> set[int]:
    found, pid = set(), os.getpid()
    while pid > 0:
        found.add(pid)
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            break
        pid = int(fields[1])
    return found
