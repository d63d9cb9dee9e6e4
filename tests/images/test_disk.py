"""A disk that BIOS boots, made without a loop device."""

import struct
import subprocess

import pytest

from components.images import disk
from components.images.errors import ImageError
from components.images.steps import Steps

BOOT = bytes(range(200)) + b"\x90" * 310 + b"\x55\xaa"
IDS = disk.Identities(
    disk="00000000-0000-4000-8000-000000000001",
    bios_boot="00000000-0000-4000-8000-000000000002",
    root_partition="00000000-0000-4000-8000-000000000003",
    root_filesystem="00000000-0000-4000-8000-000000000004",
)


def test_the_boot_sector_finds_core_img_and_core_img_its_rest(tmp_path):
    file = tmp_path / "disk"
    file.write_bytes(b"\xee" * disk.ROOT_SECTOR * disk.SECTOR)
    core = b"\x11" * (disk.SECTOR * 3 + 1)
    disk.embed(file, BOOT, core)
    data = file.read_bytes()
    assert struct.unpack_from("<Q", data, 0x5C) == (disk.BIOS_BOOT_SECTOR,)
    assert data[0x66:0x68] == b"\x90\x90"
    # Disk signature and partition table of the first sector are not GRUB's.
    assert data[440:512] == b"\xee" * 72
    start = disk.BIOS_BOOT_SECTOR * disk.SECTOR
    assert struct.unpack_from("<QHH", data, start + 0x1F4) == (disk.BIOS_BOOT_SECTOR + 1, 3, 0x820)
    assert data[start + disk.SECTOR : start + len(core)] == core[disk.SECTOR :]


@pytest.mark.parametrize(
    ("boot", "core"),
    [(BOOT[:-1], b"x" * 600), (b"\0" * 512, b"x" * 600), (BOOT, b"x" * 512), (BOOT, b"x" * 1024**2 + b"x")],
)
def test_what_can_not_boot_is_refused(tmp_path, boot, core):
    file = tmp_path / "disk"
    file.write_bytes(b"")
    with pytest.raises(ImageError, match="Unable to install GRUB"):
        disk.embed(file, boot, core)
    assert file.read_bytes() == b""


def test_root_is_last_and_holds_the_tree(tmp_path):
    tree = tmp_path / "tree"
    (tree / "boot").mkdir(parents=True)
    (tree / "boot" / "kernel").write_text("hello")
    for name, data in {"boot.img": BOOT, "core.img": b"x" * 2000}.items():
        (tmp_path / name).write_bytes(data)
    raw = tmp_path / "disk.raw"
    steps = Steps("small", tmp_path / "log", lambda line: None)
    disk.assemble(steps, tree, raw, size_gib=1, ids=IDS, boot_img=tmp_path / "boot.img", core_img=tmp_path / "core.img")
    assert raw.stat().st_size == disk.GIB
    table = subprocess.run(["sgdisk", "-v", "-p", raw], capture_output=True, text=True, check=True).stdout
    assert "No problems found" in table
    assert table.strip().splitlines()[-1].split()[:3] == ["2", "4096", str(disk.GIB // disk.SECTOR - 34)]
    root = f"{raw}?offset={disk.ROOT_SECTOR * disk.SECTOR}"
    subprocess.run(["e2fsck", "-fn", root], capture_output=True, check=True)
    read = subprocess.run(["debugfs", "-R", "cat /boot/kernel", root], capture_output=True, text=True, check=True)
    assert read.stdout == "hello"
