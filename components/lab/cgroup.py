"""The lab's own part of the cgroup tree: without it, equal machine names on two hosts share one CPU quota.

The subtree is `aegir-vps/<lab>` in the root of the tree as this machine shows it: `<lab>` becomes the root that the
lab's libvirtd sees, which itself runs in `<lab>/daemons` (cgroup v2 allows processes in leaves only). Groups that
somebody else made are never entered. On v1 only the hierarchies of the CPU are taken: disk limits are QEMU's, memory
limits are the guest's size, and every other hierarchy keeps the lab wherever its caller was put.
"""

import errno
import os
import time
from dataclasses import dataclass
from pathlib import Path

from components.lab.command import LabError
from components.lab.mountinfo import mounts

PARENT = "aegir-vps"
DAEMONS = "daemons"

_V1 = ("cpu", "cpuacct")


@dataclass(frozen=True, slots=True)
class Subtree:
    """The lab's groups. `controllers` are v1's mount options, one per root; on v2, what is delegated."""

    version: int
    roots: tuple[Path, ...]
    controllers: tuple[str, ...]

    @property
    def daemons(self) -> tuple[Path, ...]:
        """Where the lab's own processes belong."""
        return tuple(root / DAEMONS for root in self.roots)

    def exists(self) -> bool:
        """Whether all of it is there."""
        return all(group.is_dir() for group in self.daemons)

    def make(self) -> None:
        """Make the groups with nothing delegated yet. Raises LabError when the kernel refuses."""
        for group in self.daemons:
            try:
                group.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LabError(
                    "Unable to make the lab's cgroup",
                    f"{group}: {error.strerror}",
                    "Run it where /sys/fs/cgroup is writable (a container needs its own, privileged).",
                ) from error

    def delegate(self) -> None:
        """Let the lab divide its CPU among machines (v2; v1 needs nothing). Done twice it changes nothing."""
        if self.version == 1:
            return
        (root,) = self.roots
        for group in (root.parent.parent, root.parent, root):
            try:
                enabled = (group / "cgroup.subtree_control").read_text().split()
                wanted = [f"+{controller}" for controller in self.controllers if controller not in enabled]
                if wanted:
                    (group / "cgroup.subtree_control").write_text(" ".join(wanted))
            except OSError as error:
                cause = f"{group}: {error.strerror}"
                if error.errno == errno.EBUSY:
                    cause = f"{group} holds processes of its own, so cgroup v2 lets nothing be divided below it"
                raise LabError(
                    "Unable to delegate CPU quotas to the lab", cause, "Run it on the machine itself or in a VM."
                ) from error

    def processes(self) -> set[int]:
        """Every process in the subtree."""
        found: set[int] = set()
        for root in self.roots:
            for group in (root, *(folder for folder in root.rglob("*") if folder.is_dir())):
                try:
                    found.update(int(line) for line in (group / "cgroup.procs").read_text().split())
                except (FileNotFoundError, OSError):
                    continue  # the group went away while it was read
        return found

    def remove(self, deadline_s: float = 5) -> None:
        """Remove the groups, which must hold no process any more; and the parent when no other lab is in it."""
        for root in self.roots:
            ends = time.monotonic() + deadline_s
            while root.is_dir():
                try:
                    for folder in sorted((f for f in root.rglob("*") if f.is_dir()), reverse=True):
                        folder.rmdir()
                    root.rmdir()
                except OSError as error:
                    if time.monotonic() > ends:
                        raise LabError(
                            "Unable to remove the lab's cgroup",
                            f"{error.filename}: {error.strerror}",
                            "Run `vps lab down` once more; `cat cgroup.procs` there shows who is left.",
                        ) from error
                    time.sleep(0.05)
            if (
                root.parent.name == PARENT
                and root.parent.is_dir()
                and not any(f.is_dir() for f in root.parent.iterdir())
            ):
                root.parent.rmdir()


def subtree(lab: str) -> Subtree:
    """The lab's part of this machine's tree, whichever version rules the CPU here; nothing is made.

    Raises LabError when the CPU controller can't be found at all.
    """
    seen = [mount for mount in mounts() if os.access(mount.point, os.R_OK)]
    first: dict[tuple[str, ...], Path] = {}
    for mount in seen:
        if mount.kind == "cgroup":
            named = tuple(option for option in mount.options if option in _V1)
            if named:
                first.setdefault(named, mount.point)
    if any("cpu" in named for named in first):
        roots = tuple(point / PARENT / lab for point in first.values())
        return Subtree(1, roots, tuple(",".join(named) for named in first))
    for mount in seen:
        if mount.kind == "cgroup2":
            available = (mount.point / "cgroup.controllers").read_text().split()
            if "cpu" in available:
                return unified(mount.point, lab)
    raise LabError(
        "Unable to find the CPU controller",
        "neither a cgroup v1 nor a v2 mount of this machine has it",
        "Mount cgroup2 at /sys/fs/cgroup, or run it on the machine itself or in a VM.",
    )


def unified(mount: Path, lab: str, needed: str = "cpu") -> Subtree:
    """The lab's part of a cgroup v2 tree: `needed`, and what the machine divides at its root anyway."""
    divided = set((mount / "cgroup.subtree_control").read_text().split())
    helpful = {"cpuset", "io", "memory", "pids"} & divided
    return Subtree(2, (mount / PARENT / lab,), (needed, *sorted(helpful)))
