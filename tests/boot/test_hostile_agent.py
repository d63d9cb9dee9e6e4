"""A real guest whose agent is hostile: endless, huge and malformed answers harm neither us nor any other machine.

It floods the very port that libvirt keeps open for a guest's agent. Nothing but an operator's question to the guest
itself asks an agent; that question costs its deadline, and a call that could choose one would wait for this one.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

from components.cloudinit.seed import seed_iso
from components.cloudinit.template import Rendered
from components.drivers.base import DiskSpec, ImageRef, ImageSpec, Power
from components.drivers.errors import GuestSilent
from components.drivers.libvirt.driver import LibvirtDriver
from components.images import cache
from components.images.build import build
from components.lab.host import Lab
from tests.boot.test_spoofing import Guest
from tests.drivers.hosts import SEED
from tests.drivers.libvirt_host import LibvirtHost
from tests.engine.processes import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.boot]

FLOODS = {
    "malformed": "cat /dev/urandom",
    "huge": "cat /dev/zero",
    "endless": "yes '{\"return\": {}}'",
}
MIB = 1024


@pytest.fixture
def guest(lab: Lab, tmp_path: Path) -> Iterator[Guest]:
    host = LibvirtHost(tmp_path, lab)
    driver = host.driver()
    sha256 = build("tiny", tmp_path, lambda _: None).sha256
    driver.ensure_image(ImageSpec(name="tiny", sha256=sha256, pool="vps", source=str(cache.locate(sha256, "tiny"))))
    disk = DiskSpec(size_gib=1, iops=2000, rate_mib_s=200, image=ImageRef(name="tiny", sha256=sha256), standalone=False)
    spec = host.spec(memory_mib=256, cpu_cap_percent=100, disks={"root": disk})
    nic = replace(spec.nics["n0"], addresses=("192.0.2.31/24",))
    spec = replace(spec, nics={"n0": nic})
    network = f"version: 2\nethernets:\n  n0:\n    match: {{macaddress: '{nic.mac}'}}\n    addresses: [192.0.2.31/24]\n"
    texts = Rendered(
        user_data="", meta_data=f"instance-id: {spec.uuid}\nlocal-hostname: hostile\n", network_config=network
    )
    try:
        yield Guest(host, driver, spec, driver.create(spec, seed_iso(texts), host.mark(spec)))
    finally:
        host.clean()
        driver.close()


def resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def within(seconds: float, call, *arguments):
    began = time.monotonic()
    answer = call(*arguments)
    assert time.monotonic() - began < seconds, call
    return answer


def flood_port(guest: Guest, command: str) -> None:
    """Pour what `command` prints into the agent's port, for ever."""
    guest.run(f"(while true; do {command}; done) >$(ls /dev/vport*p1) 2>/dev/null & echo $! >/pid")


def is_connected(guest: Guest) -> bool:
    return "name='org.qemu.guest_agent.0' state='connected'" in guest.host.virsh("dumpxml", guest.spec.name)


def test_a_hostile_agent_harms_nobody(guest: Guest) -> None:
    host, driver = guest.host, guest.driver
    guest.page()
    other = host.spec()
    neighbour = driver.create(other, SEED, host.mark(other))
    daemon = host.lab.status().pid
    before = resident_kib(daemon)
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, (kind, flood) in enumerate(FLOODS.items()):
        flood_port(guest, flood)
        wait_until(lambda: is_connected(guest), f"{kind}: libvirt never took the port for an agent's", 20)
        time.sleep(1)

        machine = within(10, driver.read, guest.spec.uuid)
        assert machine.power is Power.RUNNING
        assert machine.readings["disks.root.iops"].effective == 2000, kind
        listed = {found.uuid: found for found in within(10, driver.read_all)}
        assert listed[guest.spec.uuid].readings["cpuCapPercent"].effective == guest.spec.cpu_cap_percent
        assert within(10, driver.read, other.uuid) == neighbour
        guest.spec = replace(guest.spec, cpu_cap_percent=90 - number)
        guest.machine = within(10, driver.update, guest.spec, machine.mark)
        assert guest.machine.readings["cpuCapPercent"].effective == 90 - number
        silence = within(30, hear, driver, guest)
        assert "its guest" in silence, kind
        assert within(10, driver.read, other.uuid) == neighbour
        guest.run("kill $(cat /pid); killall cat yes")

    flood_port(guest, FLOODS["huge"])
    handle = libvirt.open(host.lab.uri)
    with pytest.raises(libvirt.libvirtError):
        # What a call that chooses the agent gets: so that this guest is known to be hostile.
        handle.lookupByName(guest.spec.name).shutdownFlags(libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT)
    handle.close()
    patient = LibvirtDriver(host.ref, stop_seconds=30)
    assert within(40, patient.power, guest.spec.uuid, "off", guest.machine.mark).power is Power.OFF
    patient.close()
    assert "TINY OFF" in console(host, guest)
    assert within(10, driver.read, other.uuid) == neighbour
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - ours < 64 * MIB
    assert resident_kib(daemon) - before < 64 * MIB


def hear(driver: LibvirtDriver, guest: Guest) -> str:
    """Why nothing is known of what the guest says; its console is read all the same."""
    assert guest.machine.mark is not None
    with pytest.raises(GuestSilent) as caught:
        driver.guest().run(guest.spec.uuid, guest.machine.mark, ["/usr/local/lib/vps/report"], deadline_s=10)
    assert driver.guest().console(guest.spec.uuid, guest.machine.mark)
    return caught.value.cause


def console(host: LibvirtHost, guest: Guest) -> str:
    """What the guest said on its serial console."""
    return (host.lab.places.data / "log/qemu" / f"{guest.spec.name}-console.log").read_text(errors="replace")
