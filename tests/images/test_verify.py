"""An image that isn't what it should be is not accepted."""

import dataclasses
import shutil
import subprocess

import pytest

from components.images import disk, recipe
from components.images.errors import ImageError
from components.images.steps import Steps
from components.images.verify import verify
from tests.images.test_disk import BOOT, IDS


@pytest.fixture
def wanted(recipes):
    return recipe.load("small", recipes=recipes)


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for name in ("boot/grub/grub.cfg", "etc/machine-id", "etc/shadow"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "etc" / "shadow").write_text("root:!*:1::::::\nwww-data:*:1::::::\n")
    return root


@pytest.fixture
def check(tmp_path, wanted, tree):
    """Builds a disk out of the tree, lets a test spoil it, verifies it."""

    def run(kind="busybox", spoil=lambda raw, image: None):
        for name, data in {"boot.img": BOOT, "core.img": b"x" * 2000}.items():
            (tmp_path / name).write_bytes(data)
        raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
        steps = Steps("small", tmp_path / "log", lambda line: None)
        boot_img, core_img = tmp_path / "boot.img", tmp_path / "core.img"
        disk.assemble(steps, tree, raw, size_gib=1, ids=IDS, boot_img=boot_img, core_img=core_img)
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, image], check=True)
        spoil(raw, image)
        verify(steps, dataclasses.replace(wanted, kind=kind), raw, image)

    return run


@pytest.mark.parametrize("kind", ["busybox", "debian"])
def test_a_good_image_is_accepted(check, kind):
    check(kind)


def test_other_bytes_are_found(check):
    def spoil(raw, image):
        subprocess.run(["qemu-io", "-c", "write -P 7 600M 64k", image], capture_output=True, check=True)

    with pytest.raises(ImageError, match="verify: bytes"):
        check(spoil=spoil)


def test_a_cut_image_is_found(check):
    def spoil(raw, image):
        with image.open("r+b") as file:
            file.truncate(image.stat().st_size // 2)

    with pytest.raises(ImageError, match="verify: "):
        check(spoil=spoil)


def test_another_partition_table_is_found(check):
    def spoil(raw, image):
        subprocess.run(["sgdisk", "--delete=1", raw], capture_output=True, check=True)
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, image], check=True)

    with pytest.raises(ImageError, match="its partitions are"):
        check(spoil=spoil)


@pytest.mark.parametrize("name", ["etc/ssh/ssh_host_ed25519_key", "var/log/apt/history.log", "root/.bash_history"])
def test_traces_are_found(check, tree, name):
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("x")
    with pytest.raises(ImageError, match=f"it carries /{name}"):
        check("debian")


def test_a_machine_id_is_found(check, tree):
    (tree / "etc" / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    with pytest.raises(ImageError, match="machine-id is not empty"):
        check("debian")


@pytest.mark.parametrize("line", ["root::1::::::", "root:!:1::::::\nops:$y$abc:1::::::", "www-data:*:1::::::"])
def test_a_password_is_found(check, tree, line):
    (tree / "etc" / "shadow").write_text(f"{line}\n")
    with pytest.raises(ImageError, match="password"):
        check("debian")


def test_an_image_without_boot_menu_is_refused(check, tree):
    shutil.rmtree(tree / "boot")
    with pytest.raises(ImageError, match=r"no /boot/grub/grub\.cfg"):
        check()
