"""What a lab needs of the machine, checked before anything is touched."""

import os
import shutil

from components.lab.command import TOOLS_PATH, LabError

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "libvirtd": "libvirt-daemon-system",
    "virtlogd": "libvirt-daemon-system",
    "virsh": "libvirt-clients",
    "iptables": "iptables",
    "ip": "iproute2",
    "tc": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "taskset": "util-linux",
    "mount": "mount",
    "hostname": "hostname",
}
"""Each tool and the Debian package that brings it."""


_VERBS = {"up": "bring up", "down": "take down", "crash": "cut the power of"}


def missing() -> list[str]:
    """The Debian packages that are missing."""
    return sorted({package for tool, package in TOOLS.items() if not shutil.which(tool, path=TOOLS_PATH)})


def check(verb: str, lab: str) -> None:
    """Raise LabError, with all that is missing at once, when `verb` (`up`, `down`) can't be done here."""
    what = f"Unable to {_VERBS[verb]} lab {lab}"
    if os.geteuid():
        raise LabError(
            what, "it needs root (namespaces, mounts, a network bridge)", f"Run `sudo vps lab {verb} {lab}`."
        )
    if packages := missing():
        raise LabError(what, f"packages are missing: {', '.join(packages)}", "Run `./run setup`, which installs them.")
