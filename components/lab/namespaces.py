"""The lab's network, mount, UTS and cgroup namespaces.

They are bound to files, so that no process has to live to keep them. Either all of them are there and furnished, or
what is left of them is removed and they are made anew.
"""

import os
import shutil
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from components.lab.cgroup import Subtree
from components.lab.command import LabError, call
from components.lab.mountinfo import is_namespace, mounts, under
from components.lab.places import Places

_FILES = ("mnt", "uts", "cgroup")


def whole(places: Places, groups: Subtree) -> bool:
    """Whether the namespaces are all there and furnished; False after a crash, a reboot or an interrupted `up`."""
    bound = [places.netns_file, *(places.namespaces / name for name in _FILES)]
    return all(map(is_namespace, bound)) and _furnished(places).exists() and groups.exists()


def leftovers(places: Places) -> bool:
    """Whether anything of a lab of this name exists on the machine."""
    return places.run.exists() or places.netns_file.exists()


def make(places: Places, groups: Subtree, *, hide_kvm: bool) -> None:
    """Make and furnish them; nothing of an earlier lab of this name may be left. Raises LabError."""
    what = f"Unable to make the namespaces of lab {places.name}"
    for folder in (places.run, places.run / "libvirt", places.namespaces, places.data):
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    groups.make()
    call(["ip", "netns", "add", places.netns], what=what, remedy="It needs a kernel with namespaces and root.")
    call(["mount", "--bind", str(places.namespaces), str(places.namespaces)], what=what)
    call(["mount", "--make-private", str(places.namespaces)], what=what)
    for name in _FILES:
        (places.namespaces / name).touch()
    settings = {
        "LAB": places.name,
        "RUN": str(places.run),
        "DATA": str(places.data),
        "CGROUP_VERSION": str(groups.version),
        "CGROUP_MOUNTS": " ".join(groups.controllers),
        "HIDE_KVM": str(int(hide_kvm)),
    }
    command = [
        "unshare",
        *(
            f"--{kind}={places.namespaces / name}"
            for kind, name in zip(("mount", "uts", "cgroup"), _FILES, strict=True)
        ),
        "--propagation=slave",
        "env",
        *(f"{key}={value}" for key, value in settings.items()),
        "sh",
        "-s",
    ]
    script = files("components.lab").joinpath("inside.sh").read_text(encoding="utf-8")
    remedy = "It needs a kernel with namespaces, and root without restrictions (a container has to be privileged)."
    processors = sorted(os.sched_getaffinity(0))
    for number, processor in enumerate(processors, start=1):
        pinned = ["taskset", "--cpu-list", str(processor), *command]
        try:
            call([*joining(groups.roots), *places.enter_network, *pinned], what=what, text=script, remedy=remedy)
            break
        except LabError as error:
            # Linux 6.18 numbers namespaces per processor and binds none that is older, by number, than the caller's.
            if number == len(processors) or "Invalid argument" not in error.cause:
                raise
            for name in _FILES:
                if is_namespace(places.namespaces / name):
                    call(["umount", str(places.namespaces / name)], what=what)
    groups.delegate()
    _furnished(places).touch()


def joining(groups: tuple[Path, ...]) -> list[str]:
    """The command's head that moves it into `groups` first: setting namespaces does not move a process.

    The command ends with its caller (what it puts into the background does not), so that nothing of a killed `up` is
    still at work beside the next one.
    """
    script = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift; exec "$@"'
    return ["setpriv", "--pdeathsig", "KILL", "sh", "-c", script, "sh", *(str(group) for group in groups), "--"]


def remove(places: Places) -> None:
    """Unmount and delete them and the run folder; what is not there is done. No process may be in them any more."""
    what = f"Unable to remove the namespaces of lab {places.name}"
    while points := under(places.run):  # read anew each time: where mounts are shared, one takes others along
        call(["umount", str(points[0])], what=what)
    if is_namespace(places.netns_file):
        call(["ip", "netns", "delete", places.netns], what=what)
    with suppress(FileNotFoundError):
        places.netns_file.unlink()
    if places.run.exists():
        shutil.rmtree(places.run)


def foreign_mounts(places: Places) -> list[str]:
    """Mounts inside the lab's data that somebody else made: deleting through them would delete elsewhere."""
    return [str(mount.point) for mount in mounts() if places.data in mount.point.parents]


def _furnished(places: Places) -> Path:
    return places.run / "furnished"
