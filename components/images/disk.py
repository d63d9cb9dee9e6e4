"""A bootable disk out of a tree of files, without a loop device: GPT, GRUB for BIOS, and one ext4 root that is last.

GRUB is laid down as its own grub-bios-setup does it (documented in GRUB's manual, "BIOS installation", and in
grub/i386/pc/boot.h): boot.img into the first sector, told where core.img begins; core.img into the bios_boot
partition, its first sector told where the rest of it lies. Both stay valid when the root partition grows.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from components.images.errors import ImageError
from components.images.steps import Steps

SECTOR = 512
GIB = 1024**3
BIOS_BOOT_SECTOR = 2048
ROOT_SECTOR = 4096
BIOS_BOOT_TYPE = "21686148-6449-6E6F-744E-656564454649"
LINUX_TYPE = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
ROOT_NUMBER = 2

_BACKUP_SECTORS = 2048
# Offsets in boot.img: where core.img's first sector is written, and the jump that distrusts the drive given by BIOS.
_KERNEL_SECTOR = 0x5C
_BOOT_CODE_END = 440
_DRIVE_CHECK = 0x66
_NOPS = b"\x90\x90"
# The last entry of the block list in core.img's first sector: sector (8 bytes), count (2), load segment (2).
_BLOCK_LIST = 0x1F4
_LOAD_SEGMENT = 0x820


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """UUIDs of the disk, its two partitions and the root filesystem."""

    disk: str
    bios_boot: str
    root_partition: str
    root_filesystem: str


def assemble(
    steps: Steps, tree: Path, disk: Path, *, size_gib: int, ids: Identities, boot_img: Path, core_img: Path
) -> None:
    """Write `disk`, a sparse raw file of `size_gib`, with `tree` as its root filesystem and GRUB before it."""
    with disk.open("wb") as file:
        file.truncate(size_gib * GIB)
    partition = [
        "sgdisk", "--clear", "--set-alignment=2048", f"--disk-guid={ids.disk}",
        f"--new=1:{BIOS_BOOT_SECTOR}:{ROOT_SECTOR - 1}", f"--typecode=1:{BIOS_BOOT_TYPE}",
        f"--partition-guid=1:{ids.bios_boot}", "--change-name=1:bios_boot",
        f"--new=2:{ROOT_SECTOR}:0", f"--typecode=2:{LINUX_TYPE}",
        f"--partition-guid=2:{ids.root_partition}", "--change-name=2:root",
        str(disk),
    ]  # fmt: skip
    steps.run("partition table", partition, deadline_s=60, quiet=True)
    size_kib = (size_gib * GIB - (ROOT_SECTOR + _BACKUP_SECTORS) * SECTOR) // 1024
    filesystem = [
        # Features younger than the oldest GRUB that must read this stay off; a guest can switch them on.
        "mkfs.ext4", "-q", "-F", "-L", "root", "-U", ids.root_filesystem, "-O", "^metadata_csum_seed,^orphan_file",
        "-E", f"offset={ROOT_SECTOR * SECTOR},hash_seed={ids.root_filesystem},root_owner=0:0", "-m", "1",
        "-d", str(tree), str(disk), f"{size_kib}k",
    ]  # fmt: skip
    steps.run("root filesystem", filesystem, deadline_s=600)
    embed(disk, boot_img.read_bytes(), core_img.read_bytes())


def embed(disk: Path, boot_img: bytes, core_img: bytes) -> None:
    """Write GRUB's two parts into `disk` and into the bios_boot partition that begins at its place of old.

    Raises ImageError when they are no such images or don't fit.
    """
    room = (ROOT_SECTOR - BIOS_BOOT_SECTOR) * SECTOR
    if len(boot_img) != SECTOR or boot_img[-2:] != b"\x55\xaa":
        raise ImageError("Unable to install GRUB: boot.img is no boot sector.", "Install the package grub-pc-bin anew.")
    if not SECTOR < len(core_img) <= room:
        raise ImageError(
            f"Unable to install GRUB: core.img has {len(core_img)} bytes, the bios_boot partition holds {room}.",
            "Leave modules out of it that booting from ext4 doesn't need.",
        )
    core = bytearray(core_img)
    sectors = -(-len(core) // SECTOR)
    struct.pack_into("<QHH", core, _BLOCK_LIST, BIOS_BOOT_SECTOR + 1, sectors - 1, _LOAD_SEGMENT)
    boot = bytearray(boot_img[:_BOOT_CODE_END])
    struct.pack_into("<Q", boot, _KERNEL_SECTOR, BIOS_BOOT_SECTOR)
    boot[_DRIVE_CHECK : _DRIVE_CHECK + len(_NOPS)] = _NOPS
    with disk.open("r+b") as file:
        file.write(boot)
        file.seek(BIOS_BOOT_SECTOR * SECTOR)
        file.write(core)
