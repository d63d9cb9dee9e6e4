"""A finished image is read back before anybody may use it: what was written is what stands there, and nothing more."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from components.images import disk, recipe
from components.images.errors import ImageError
from components.images.steps import Steps

_LEFTOVERS = (
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_ecdsa_key",
    "/etc/ssh/ssh_host_ed25519_key",
    "/var/lib/dbus/machine-id",
    "/var/lib/systemd/random-seed",
    "/var/log/dpkg.log",
    "/var/log/apt/history.log",
    "/var/lib/cloud/instance",
    "/root/.bash_history",
)


def verify(steps: Steps, wanted: recipe.Recipe, raw: Path, image: Path) -> None:
    """Read `image` (qcow2) back: sound, the same bytes as `raw`, partitions as declared, nothing forbidden on its root.

    Raises ImageError naming the first thing that is wrong.
    """

    def look(title: str, argv: list[str], deadline_s: float = 300) -> str:
        return steps.run(f"verify: {title}", argv, deadline_s=deadline_s, quiet=True)

    steps.say("verifying …")
    look("qcow2", ["qemu-img", "check", "-f", "qcow2", str(image)])
    look("bytes", ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", str(raw), str(image)])
    described = json.loads(look("header", ["qemu-img", "info", "--output=json", str(image)]))
    if described["virtual-size"] != wanted.size_gib * disk.GIB or "backing-filename" in described:
        _refuse(wanted, f"it is {described['virtual-size']} bytes large or has a backing file")
    _partitions(wanted, look, raw)
    _filesystem(wanted, look, raw)


def _partitions(wanted: recipe.Recipe, look: Callable[[str, list[str]], str], raw: Path) -> None:
    if "No problems found" not in look("GPT", ["sgdisk", "--verify", str(raw)]):
        _refuse(wanted, "its partition table has problems")
    table = look("partitions", ["sgdisk", "--print", str(raw)])
    rows = [
        (int(row[0]), int(row[1]), row[2]) for row in re.findall(r"^\s+(\d+)\s+(\d+)\s+.*\s(\S+)$", table, re.MULTILINE)
    ]
    expected = [(1, disk.BIOS_BOOT_SECTOR, "bios_boot"), (disk.ROOT_NUMBER, disk.ROOT_SECTOR, "root")]
    if rows != expected:
        _refuse(wanted, f"its partitions are {rows}, not {expected}")
    with raw.open("rb") as file:
        if file.read(disk.SECTOR)[-2:] != b"\x55\xaa":
            _refuse(wanted, "its first sector is no boot sector")


def _filesystem(wanted: recipe.Recipe, look: Callable[[str, list[str]], str], raw: Path) -> None:
    root = f"{raw}?offset={disk.ROOT_SECTOR * disk.SECTOR}"
    look("root filesystem", ["e2fsck", "-fn", root])
    stat = {path: look(path, ["debugfs", "-R", f"stat {path}", root]) for path in ("/boot/grub/grub.cfg", *_LEFTOVERS)}
    if "Type: regular" not in stat.pop("/boot/grub/grub.cfg"):
        _refuse(wanted, "it has no /boot/grub/grub.cfg")
    found = [path for path, seen in stat.items() if "File not found" not in seen]
    if found:
        _refuse(wanted, f"it carries {', '.join(found)}")
    if wanted.kind == "debian":
        machine_id = look("machine-id", ["debugfs", "-R", "stat /etc/machine-id", root])
        if not re.search(r"Project:\s+\d+\s+Size: 0\b", machine_id):
            _refuse(wanted, "its /etc/machine-id is not empty")
        shadow = look("passwords", ["debugfs", "-R", "cat /etc/shadow", root])
        open_users = re.findall(r"^([a-z_][\w-]*):(?![!*])", shadow, re.MULTILINE)
        if open_users or not re.search(r"^root:[!*]", shadow, re.MULTILINE):
            _refuse(wanted, f"users have a password or none is needed: {', '.join(open_users) or 'root'}")


def _refuse(wanted: recipe.Recipe, cause: str) -> None:
    raise ImageError(
        f"Unable to accept the image {wanted.name} that was built: {cause}.",
        "Mend the recipe and build again; the image was thrown away.",
    )
