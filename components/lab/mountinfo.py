"""What this process's mount namespace holds, read from the kernel."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    point: Path
    kind: str
    options: tuple[str, ...]
    """Of the file system; for cgroup v1 they name its controllers."""


def mounts() -> list[Mount]:
    """Every mount, oldest first: a later one at the same point covers an earlier one."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4].encode("latin-1", "replace").decode("unicode_escape")
        kind, _, options = right.split(" ", 2)
        found.append(Mount(Path(point), kind, tuple(options.split(","))))
    return found


def under(folder: Path) -> list[Path]:
    """The mount points at and below `folder`, innermost and newest first: the order to unmount them in."""
    points = [mount.point for mount in mounts() if mount.point == folder or folder in mount.point.parents]
    return points[::-1]


def is_namespace(file: Path) -> bool:
    """Whether a namespace is bound to `file`: a plain file is what a crash or a reboot left."""
    return any(mount.point == file and mount.kind == "nsfs" for mount in mounts())
