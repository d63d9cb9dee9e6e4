"""The tiny guest: modules in their order, and a real boot within ten seconds."""

import lzma
import os
import re
import select
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from components.cloudinit.seed import seed_iso
from components.cloudinit.template import Rendered
from components.images import busybox, cache
from components.images.build import build
from components.images.errors import ImageError


@pytest.fixture
def kernel(tmp_path):
    """Modules of a kernel that never was: d is built in, c.ko is compressed."""
    folder = tmp_path / "usr/lib/modules/1.2/kernel"
    folder.mkdir(parents=True)
    depends = {"a": "b-one,c", "b-one": "c", "c": "", "loner": ""}
    for name, needs in depends.items():
        data = b"\x7fELF\0depends=" + needs.encode() + b"\0name=" + name.encode() + b"\0"
        if name == "c":
            (folder / "c.ko.xz").write_bytes(lzma.compress(data))
        else:
            (folder / f"{name}.ko").write_bytes(data)
    (folder.parent / "modules.builtin").write_text("kernel/drivers/d-two.ko\n")
    return tmp_path


def test_a_module_comes_after_those_that_it_needs(kernel):
    names = [name for name, _ in busybox.modules_in_order(kernel, ("a", "d_two", "c"))]
    assert names == ["c", "b_one", "a"]


def test_compressed_modules_are_unpacked(kernel):
    assert all(data.startswith(b"\x7fELF") for _, data in busybox.modules_in_order(kernel, ("a",)))


def test_a_module_that_the_kernel_lacks_is_named(kernel):
    with pytest.raises(ImageError, match="no module e"):
        busybox.modules_in_order(kernel, ("e",))


SEEDS = {
    "sata": ["-drive", "if=none,id=cd,media=cdrom,readonly=on,file={}", "-device", "ide-cd,drive=cd"],
    "scsi": [
        "-device", "virtio-scsi-pci",
        "-drive", "if=none,id=cd,media=cdrom,readonly=on,file={}", "-device", "scsi-cd,drive=cd",
    ],
    "virtio": ["-drive", "if=virtio,format=raw,readonly=on,file={}"],
}  # fmt: skip


class Guest:
    """A tiny guest under TCG on a disk of its own; `seed_as` says how its seed is attached."""

    def __init__(self, folder, disk, seed, seed_as="sata"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.monitor = folder / "monitor"
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [
                "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "256",
                "-display", "none", "-serial", "stdio", "-monitor", f"unix:{self.monitor},server,nowait",
                "-drive", f"if=virtio,file={disk}",
                *[word.format(seed) for word in SEEDS[seed_as]],
                "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{self.port}-10.0.2.10:80",
                "-device", "virtio-net-pci,netdev=n,mac=52:54:00:aa:bb:cc",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )  # fmt: skip

    def wait_ready(self, deadline_s=90):
        """Returns the line that tells it is ready, and the seconds since it was started."""
        seen = b""
        while not (found := re.search(rb"TINY READY ([^\r\n]*)\r?\n", seen)):
            left = deadline_s - (time.monotonic() - self.began)
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert data, f"no TINY READY in {deadline_s} s; the console said: {seen[-2000:]!r}"
            seen += data
        return found.group(1).decode(), time.monotonic() - self.began

    def cpu_seconds(self):
        """Seconds that QEMU had a core: on an idle machine nearly those on the clock."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def press_power_button(self):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.monitor))
            monitor.sendall(b"system_powerdown\n")
            return self.process.communicate(timeout=60)[0]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The tiny image: from the machine's cache, built when its recipe has changed."""
    fleet = tmp_path_factory.mktemp("fleet")
    return cache.locate(build("tiny", fleet).sha256, "tiny")


@pytest.fixture
def disk(tiny, tmp_path):
    """A disk of 2 GiB over the tiny image."""
    path = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", tiny, path, "2G"], check=True)
    return path


@pytest.fixture
def seed(tmp_path):
    """A seed as our machines get it, for the network that QEMU itself plays."""
    path = tmp_path / "seed.iso"
    network = (
        "version: 2\nethernets:\n  n0:\n    match:\n      macaddress: '52:54:00:aa:bb:cc'\n    dhcp4: false\n"
        "    addresses:\n    - 10.0.2.10/24\n    - fec0::10/64\n    nameservers:\n      addresses: [10.0.2.3]\n"
        "    routes:\n    - {to: 0.0.0.0/0, via: 10.0.2.2}\n    - {to: '::/0', via: 'fec0::2'}\n"
    )
    rendered = Rendered(
        user_data="#cloud-config\n{}\n",
        meta_data='instance-id: "6f9c-1"\nlocal-hostname: web1\n',
        network_config=network,
    )
    path.write_bytes(seed_iso(rendered))
    return path


@pytest.fixture
def start(tmp_path, disk, seed):
    """Starts guests on the same disk, one after the other."""
    guests = []

    def make(**options):
        guests.append(Guest(tmp_path, disk, seed, **options))
        return guests[-1]

    yield make
    for guest in guests:
        guest.kill()


@pytest.mark.lab
def test_it_is_ready_within_ten_seconds_and_serves_its_identity(start, capsys):
    """Counted is the time for which the guest had a core, so that other work on the machine doesn't matter."""
    guest = start()
    line, took = guest.wait_ready()
    busy = guest.cpu_seconds()
    with capsys.disabled():
        print(f" tiny was ready after {took:.1f} s, {busy:.1f} s of a core ", end="")
    page = urllib.request.urlopen(f"http://127.0.0.1:{guest.port}/", timeout=20).read().decode()
    assert page.split() == line.split()
    assert "instance-id=6f9c-1" in page
    assert "hostname=web1" in page
    assert b"TINY OFF" in guest.press_power_button()
    assert guest.process.returncode == 0
    assert busy <= 10


@pytest.mark.lab
@pytest.mark.parametrize("seed_as", ["scsi", "virtio"])
def test_it_finds_its_seed_however_it_is_attached(start, seed_as):
    line, _ = start(seed_as=seed_as).wait_ready()
    assert "instance-id=6f9c-1" in line


@pytest.mark.lab
def test_its_disk_tells_that_it_is_the_same_one(start):
    """What it wrote before it was ready survives a kill without a word."""
    guest = start()
    first = dict(word.split("=") for word in guest.wait_ready()[0].split())
    guest.kill()
    second = dict(word.split("=") for word in start().wait_ready()[0].split())
    assert (first["boots"], second["boots"]) == ("1", "2")
    assert first["born"] == second["born"] != "none"
    assert first["boot-id"] != second["boot-id"]
