"""Control groups of a guest in a container: its own, or its systemd would stop, kill and count all guests' services."""

import time
from pathlib import Path


class Group:
    """A control group below this process's own; whoever runs the guest makes it and goes into it."""

    def __init__(self, name: str) -> None:
        """Not made yet. `name` is nobody else's."""
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        kinds = [(words[words.index("-") + 1], words[4]) for words in mounts]
        own = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
        places = {kind: Path(place) / own.lstrip("/") / name for kind, place in kinds if kind == "cgroup2"}
        self.path = places["cgroup2"]
        # systemd-nspawn makes the same in the hierarchies of the first version, where there are any.
        self._all = [self.path, *(Path(place) / own.lstrip("/") / name for kind, place in kinds if kind == "cgroup")]

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
