"""Control groups of a guest in a container: its own, or its systemd would stop, kill and count all guests' services."""

import os
import time
from pathlib import Path


class Group:
    """A control group below this process's own; whoever runs the guest makes it and goes into it."""

    def __init__(self, name: str) -> None:
        """Not made yet; `name` is nobody else's. Where none can be made `path` is None, and guests share one."""
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        owned = Path("/proc/self/cgroup").read_text().splitlines()
        own = next((line[3:] for line in owned if line.startswith("0::")), "/").lstrip("/")
        kinds = [(words[words.index("-") + 1], Path(words[4]) / own / name) for words in mounts]
        found = [place for kind, place in kinds if kind == "cgroup2" and os.access(place.parent, os.W_OK)]
        self.path = found[0] if found else None
        # systemd-nspawn makes the same in the hierarchies of the first version, where there are any.
        self._all = [*found, *(place for kind, place in kinds if kind == "cgroup")]

    def remove(self) -> None:
        """Take it away, wherever it is; it holds on until the last process that was killed is gone."""
        end = time.monotonic() + 60
        for place in self._all:
            for group in sorted([place, *place.rglob("*/")], reverse=True):
                while group.is_dir():
                    try:
                        group.rmdir()
                    except OSError:
                        assert time.monotonic() < end, f"{group} has processes: {(group / 'cgroup.procs').read_text()}"
                        time.sleep(0.02)
