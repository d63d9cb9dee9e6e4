"""Two real guests on one bridge, and one of them is hostile: it tries to be its neighbour, a DHCP server and a router.

It is driven at its serial console. What it gets out is judged where it would do harm: at the bridge and at the
neighbour's tap. With anti-spoofing off the same attempts arrive, so that this test is known to be able to fail.
"""

import base64
import os
import re
import secrets
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import libvirt
import pytest

from components.cloudinit.seed import seed_iso
from components.cloudinit.template import Rendered
from components.drivers.base import DiskSpec, Driver, ImageRef, ImageSpec, Machine, MachineSpec, NicSpec
from components.drivers.libvirt.filterref import link_local
from components.images import cache
from components.images.build import build
from components.lab.host import Lab
from tests.drivers.libvirt_host import LibvirtHost
from tests.wire import arp, frame, icmp6, ipv4, mac, packed, tap, udp

pytestmark = [pytest.mark.lab, pytest.mark.boot]

GATEWAY, GATEWAY6 = "192.0.2.1", "2001:db8:1::1"
FORGED = "02:66:66:66:66:66"
ALL_NODES = "33:33:00:00:00:01"
BOOT_S = 400


@dataclass
class Guest:
    """A tiny guest with its console."""

    host: LibvirtHost
    driver: Driver
    spec: MachineSpec
    machine: Machine

    @property
    def nic(self) -> NicSpec:
        return self.spec.nics["n0"]

    @property
    def addresses(self) -> list[str]:
        return [address.partition("/")[0] for address in self.nic.addresses]

    @property
    def device(self) -> str:
        return self.host.virsh("domiflist", self.spec.name).split()[0]

    def page(self) -> str:
        """What its web server says; waits until it does."""
        end = time.monotonic() + BOOT_S
        while time.monotonic() < end:
            pages = [self.host.lab.run(["curl", "-sf", "--max-time", "2", f"http://{url}/"]) for url in self.urls]
            if all(page.returncode == 0 for page in pages):
                return pages[0].stdout
            time.sleep(0.3)
        raise AssertionError(f"{self.urls} did not answer within {BOOT_S} s")

    @property
    def urls(self) -> list[str]:
        return [f"[{address}]" if ":" in address else address for address in self.addresses]

    def update(self, **changes: object) -> None:
        """Change its NIC while it runs."""
        self.spec = replace(self.spec, nics={"n0": replace(self.nic, **changes)})
        assert self.machine.mark is not None
        self.machine = self.driver.update(self.spec, self.machine.mark)

    def run(self, *commands: str) -> None:
        """Run commands at its console, one after the other, whether they succeed or not."""
        connection = libvirt.open(self.host.lab.uri)
        stream = connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
        connection.lookupByName(self.spec.name).openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
        try:
            for command in commands:
                _say(stream, command)
        finally:
            stream.abort()
            connection.close()


def _say(stream: libvirt.virStream, command: str) -> None:
    done = secrets.token_hex(6)
    left = f"{command}; echo {done}=$?\n".encode()
    said, end = b"", time.monotonic() + 60
    while not re.search(rf"{done}=\d".encode(), said):
        assert time.monotonic() < end, f"{command}: the console said {said[-500:]!r}"
        if left and (sent := stream.send(left[:256])) > 0:
            left = left[sent:]
        got = stream.recv(4096)
        if isinstance(got, bytes):
            said += got
        else:
            time.sleep(0.02)


def _make(host: LibvirtHost, driver: Driver, image: ImageRef, last: int) -> Guest:
    spec = host.spec(memory_mib=256, cpu_cap_percent=100)
    addresses = (f"192.0.2.{last}/24", f"2001:db8:1::{last}/64")
    nic = replace(spec.nics["n0"], addresses=addresses)
    disk = DiskSpec(size_gib=1, iops=2000, rate_mib_s=200, image=image, standalone=False)
    spec = replace(spec, nics={"n0": nic}, disks={"root": disk})
    network = (
        f"version: 2\nethernets:\n  n0:\n    match: {{macaddress: '{nic.mac}'}}\n    addresses: {list(addresses)}\n"
    )
    texts = Rendered(
        user_data="", meta_data=f"instance-id: {spec.uuid}\nlocal-hostname: g{last}\n", network_config=network
    )
    return Guest(host, driver, spec, driver.create(spec, seed_iso(texts), host.mark(spec)))


@pytest.fixture
def guests(lab: Lab, tmp_path: Path) -> Iterator[tuple[Guest, Guest]]:
    """The hostile one, with a command that sends any frame, and its neighbour; both answer."""
    host = LibvirtHost(tmp_path, lab)
    driver = host.driver()
    sha256 = build("tiny", tmp_path, lambda _: None).sha256
    driver.ensure_image(ImageSpec(name="tiny", sha256=sha256, pool="vps", source=str(cache.locate(sha256, "tiny"))))
    image = ImageRef(name="tiny", sha256=sha256)
    try:
        with ThreadPoolExecutor(2) as both:
            hostile, neighbour = both.map(lambda last: _make(host, driver, image, last), (21, 22))
        hostile.page()
        neighbour.page()
        arm(hostile, tmp_path)
        yield hostile, neighbour
    finally:
        host.clean()
        driver.close()


def arm(hostile: Guest, folder: Path) -> None:
    """Give the guest our `frame` command."""
    flags = "-static -nostdlib -Os -fno-stack-protector -fno-asynchronous-unwind-tables -Wl,--build-id=none -s"
    source = Path(__file__).with_name("frame.c")
    subprocess.run(
        ["gcc", *flags.split(), "-Wl,-z,noseparate-code", "-o", folder / "frame", source], check=True, timeout=60
    )
    text = base64.b64encode((folder / "frame").read_bytes()).decode()
    hostile.run(f"echo {text} | base64 -d >/bin/frame && chmod +x /bin/frame")


def attack(hostile: Guest, neighbour: Guest) -> None:
    """Everything that it must not get out."""
    (own, own6), own_mac, (four, six) = hostile.addresses, hostile.nic.mac, neighbour.addresses
    local = str(link_local(own_mac))
    frames = [
        frame(FORGED, 0x0800, ipv4(own, "192.0.2.255", 17, udp(1000, 2000))),
        frame(own_mac, 0x0806, arp(own_mac, four, GATEWAY, answer=True)),
        frame(own_mac, 0x0800, ipv4(own, "255.255.255.255", 17, udp(67, 68))),
        frame(own_mac, 0x86DD, icmp6(local, "ff02::1", 134, bytes(12)), to=ALL_NODES),
        frame(own_mac, 0x86DD, icmp6(local, "ff02::1", 137, bytes(36)), to=ALL_NODES),
        frame(own_mac, 0x86DD, icmp6(local, "ff02::1", 136, bytes(4) + packed(six)), to=ALL_NODES),
        frame(own_mac, 0x86DD, icmp6(own6, GATEWAY6, 136, b"\x20" + bytes(3) + packed(six)), to=bridge(hostile)),
        frame(own_mac, 0x88B5, bytes(50)),
    ]
    hostile.run(
        f"ip addr add {four}/24 dev eth0; arping -c 1 -w 1 -A -I eth0 -s {four} {four}; "
        f"ping -c 1 -W 1 -I {four} {GATEWAY}; ip addr del {four}/24 dev eth0",
        f"ip addr del {own6}/64 dev eth0; ip addr add {six}/64 dev eth0; ping6 -c 1 -W 1 {GATEWAY6}; "
        f"ip addr del {six}/64 dev eth0; ip addr add {own6}/64 dev eth0",
        f"ip link set eth0 address {FORGED}; ping -c 1 -W 1 {GATEWAY}; ip link set eth0 address {own_mac}",
        *(f"frame $(cat /sys/class/net/eth0/ifindex) {each.hex()}" for each in frames),
    )


def bridge(guest: Guest) -> str:
    """The MAC of the gateway, which is the lab's bridge."""
    return guest.host.lab.run(["ip", "-o", "link", "show", "vpsbr0"]).stdout.partition("link/ether ")[2].split()[0]


EVERYTHING = {"mac", "arp", "ipv4", "ipv6", "dhcp", "ra", "redirect", "na", "claim", "other"}


def wrong(seen: bytes, hostile: Guest) -> set[str]:
    """What is wrong with a frame that the hostile guest sent; nothing for one of somebody else."""
    four, six = (packed(address) for address in hostile.addresses)
    own, own6 = mac(hostile.nic.mac), (six, link_local(hostile.nic.mac).packed)
    if seen[6:12] not in (own, mac(FORGED)):
        return set()
    found = {"mac"} if seen[6:12] != own else set()
    kind = int.from_bytes(seen[12:14], "big")
    if kind == 0x0806:
        return found | ({"arp"} if (seen[22:28], seen[28:32]) != (own, four) else set())
    if kind == 0x0800:
        found |= {"ipv4"} if seen[26:30] != four else set()
        return found | ({"dhcp"} if (seen[23], seen[36:38]) == (17, b"\0\x44") else set())
    if kind == 0x86DD:
        if seen[20] == 58 and seen[54] == 136 and seen[62:78] not in own6 and seen[38] != 0xFF:
            found |= {"claim"}
        found |= {"ipv6"} if seen[22:38] not in own6 else set()
        named = {134: "ra", 137: "redirect"} | ({136: "na"} if seen[38] == 0xFF else {})
        return found | ({named[seen[54]]} if seen[20] == 58 and seen[54] in named else set())
    return found | {"other"}


def gets_out(hostile: Guest, neighbour: Guest) -> set[str]:
    """What of the attack is seen on the bridge or at the neighbour's tap."""
    found: set[str] = set()
    over = threading.Event()
    with ExitStack() as stack:
        ears = [stack.enter_context(tap(hostile.host.lab, device)) for device in ("vpsbr0", neighbour.device)]

        def listen() -> None:
            while not over.is_set():
                for ear in select.select(ears, [], [], 0.1)[0]:
                    found.update(wrong(ear.recv(2048), hostile))

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            attack(hostile, neighbour)
            time.sleep(0.3)
        finally:
            over.set()
            listener.join()
    return found


def test_nothing_but_its_own_gets_out(guests: tuple[Guest, Guest], tmp_path: Path) -> None:
    """From the first frame, after being switched off and on live, and after libvirtd and the guest were restarted."""
    hostile, neighbour = guests
    before, other = hostile.page(), neighbour.page()
    assert hostile.machine.guarded == {"n0": True}
    assert gets_out(hostile, neighbour) == set()

    lab = hostile.host.lab
    held = f"element bridge vps_neighbours guarded {{ {hostile.nic.mac} }}"
    hostile.update(antispoof=False)
    assert lab.run(["nft", f"delete {held}"]).returncode == 0  # The host kit's part lasts until the next start.
    assert hostile.machine.guarded == {"n0": False}
    assert gets_out(hostile, neighbour) == EVERYTHING
    assert lab.run(["nft", f"add {held}"]).returncode == 0

    hostile.update(antispoof=True)
    assert hostile.machine.guarded == {"n0": True}
    assert gets_out(hostile, neighbour) == set()

    os.kill(lab.status().pid, signal.SIGKILL)
    lab.up()
    assert gets_out(hostile, neighbour) == set()
    assert hostile.page() == before  # The same boot, and its own addresses answered all the time.
    assert neighbour.page() == other

    hostile.host.virsh("destroy", hostile.spec.name)
    hostile.host.virsh("start", hostile.spec.name)
    assert hostile.page() != before
    arm(hostile, tmp_path)
    assert gets_out(hostile, neighbour) == set()
