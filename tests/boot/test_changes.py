"""Every row of "What a change does" on a running guest: its boot id and uptime say that nothing rebooted."""

import time
from collections.abc import Callable
from dataclasses import replace

import libvirt
import pytest

from components.domain.images import Image
from components.drivers.base import HostRef, Machine, MachineSpec
from components.drivers.libvirt import tree
from components.drivers.libvirt.driver import LibvirtDriver
from components.images.build import build
from components.provider.inputs import MachineInputs, parse
from tests.boot.conftest import LabBench
from tests.drivers.machines import with_disk, with_nic
from tests.engine.conftest import STACK

pytestmark = [pytest.mark.lab, pytest.mark.engine]

BOOT_S = 400
SEEN_S = 60
"""How long a guest may take to notice what it was given."""
Now = dict[str, str]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build("tiny", tmp_path_factory.mktemp("lock"), lambda _: None)


def now(bench: LabBench, wanted: Callable[[Now], bool] = lambda _: True, within_s: float = BOOT_S) -> Now:
    """What the guest says of itself, once it is as `wanted`."""
    end, seen = time.monotonic() + within_s, Now()
    while time.monotonic() < end:
        done = bench.lab.run(["curl", "--silent", "--fail", "--max-time", "3", "http://192.0.2.10/cgi-bin/now"])
        if done.returncode == 0:
            seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
            if wanted(seen):
                return seen
        time.sleep(0.5)
    raise AssertionError(f"the guest was not as wanted within {within_s} s: {seen}")


def still_runs(before: Now, after: Now) -> None:
    assert after["boot-id"] == before["boot-id"]
    assert int(after["uptime-s"]) >= int(before["uptime-s"])


def mib(seen: Now) -> int:
    return int(seen["memory-kib"]) // 1024


def gib(seen: Now) -> float:
    return int(seen["disk-sectors"]) / 2**21


def one_domain(bench: LabBench) -> libvirt.virDomain:
    (name,) = bench.virtual_machines()
    return bench.connection().lookupByName(name)


def declared(bench: LabBench) -> tuple[LibvirtDriver, MachineSpec]:
    """The driver as the plugin uses it, and what the engine declared."""
    (inputs,) = [found["inputs"] for found in bench.state() if found["type"] == "vps:index:Machine"]
    host = HostRef(name="lab1", driver="libvirt", uri=bench.lab.uri, probe=bench.lab.probe)
    return LibvirtDriver(host, stop_seconds=20), parse(MachineInputs, inputs).spec()


def effective(machine: Machine) -> dict[str, int | None]:
    return {key: reading.effective for key, reading in machine.readings.items()}


def test_a_larger_package_is_in_force_without_a_reboot(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    """The preview says it, `up` does it, the guest has it, and nothing is left to do."""
    bench = lab_project(tiny)
    bench.up()
    before = now(bench)
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    said = bench.vps("preview", STACK)
    assert "memoryMib: 2048 MiB -> 4096 MiB: live, inside the room" in said
    assert "vcpus: 2 -> 4: live, inside the room" in said
    assert "disks.root.sizeGib: 10 GiB -> 40 GiB: live" in said
    bench.up()
    after = now(bench, lambda seen: mib(seen) > mib(before) + 1900 and gib(seen) == 40, SEEN_S)
    still_runs(before, after)
    (machine,) = [found["outputs"] for found in bench.state() if found["type"] == "vps:index:Machine"]
    assert machine["rebootRequired"] == []
    assert machine["limits"]["vcpus"]["effective"] == 4
    assert machine["limits"]["memoryMib"]["effective"] == 4096
    bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK)


ROWS: list[tuple[str, Callable[[MachineSpec], MachineSpec]]] = [
    ("cpuCapPercent", lambda spec: replace(spec, cpu_cap_percent=90)),
    ("disks.root.iops", lambda spec: with_disk(spec, iops=333)),
    ("disks.root.rateMibS", lambda spec: with_disk(spec, rate_mib_s=33)),
    ("nics.n0.rateMbitS", lambda spec: with_nic(spec, rate_mbit_s=33)),
    ("disks.root.sizeGib", lambda spec: with_disk(spec, size_gib=11)),
    ("vcpus", lambda spec: replace(spec, vcpus=3)),
    ("memoryMib", lambda spec: replace(spec, memory_mib=2048 + 256)),
    ("memoryMib", lambda spec: replace(spec, memory_mib=2048 + 512)),
]
WAITING: list[tuple[str, Callable[[MachineSpec], MachineSpec]]] = [
    ("memoryMib", lambda spec: replace(spec, memory_mib=2048 + 512 + 100)),
    ("memoryMib", lambda spec: replace(spec, memory_mib=8192)),
    ("memoryMib", lambda spec: replace(spec, memory_mib=1024)),
    ("vcpus", lambda spec: replace(spec, vcpus=5, memory_mib=2048 + 512)),
    ("vcpus", lambda spec: replace(spec, vcpus=1)),
]


def test_row_by_row(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    """Each limit alone; what can't be live waits for the next boot and comes with it."""
    bench = lab_project(tiny)
    bench.up()
    first = now(bench)
    driver, spec = declared(bench)
    found = driver.read(spec.uuid)

    for key, change in ROWS:
        spec = change(spec)
        assert found is not None
        assert found.mark is not None
        found = driver.update(spec, found.mark)
        assert found.readings[key].configured == spec.limits()[key], key
        if key != "nics.n0.rateMbitS" or bench.lab.status().rates_enforced:
            assert found.readings[key].effective == spec.limits()[key], key
        assert found.reboot_required == (), key
    grown = now(bench, lambda seen: mib(seen) > mib(first) + 500 and gib(seen) == 11, SEEN_S)
    still_runs(first, grown)

    in_force = effective(found)
    for key, change in WAITING:
        spec = change(spec)
        assert found.mark is not None
        found = driver.update(spec, found.mark)
        assert found.readings[key].configured == spec.limits()[key], key
        assert found.reboot_required == (key,)
        assert effective(found) == in_force
    still_runs(first, now(bench))

    # Somebody tells the guest on which hypervisor it runs: under emulation Linux takes no new CPU otherwise.
    spec = replace(spec, vcpus=2, memory_mib=1024)
    assert found.mark is not None
    found = driver.update(spec, found.mark)
    by_hand(bench)
    edited = tree.parse(one_domain(bench).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    assert found.mark is not None
    found = driver.power(spec.uuid, "off", found.mark)
    assert found.mark is not None
    found = driver.power(spec.uuid, "running", found.mark)
    assert found.reboot_required == ()
    small = now(bench, lambda seen: seen["boot-id"] != first["boot-id"])
    assert small["cpus"] == "2"
    assert mib(small) < 1024

    assert found.mark is not None
    found = driver.update(replace(spec, vcpus=4, memory_mib=1024 + 128), found.mark)
    assert found.reboot_required == ()
    large = now(bench, lambda seen: seen["cpus"] == "4" and mib(seen) > mib(small) + 100, SEEN_S)
    still_runs(small, large)
    after = tree.parse(one_domain(bench).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    for path in ("sysinfo", "os", "devices", "features", "clock"):
        assert tree.text(after.find(path)) == tree.text(edited.find(path))
    driver.close()


def by_hand(bench: LabBench) -> None:
    """Edit the configuration as `virsh edit` does."""
    domain = one_domain(bench)
    described = tree.parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    system = tree.add(tree.add(described, "sysinfo", type="smbios"), "system")
    tree.add(system, "entry", "VMware-1", name="serial")
    tree.add(tree.child(described, "os"), "smbios", mode="sysinfo")
    tree.add(tree.child(described, "cpu"), "feature", policy="disable", name="hypervisor")
    bench.connection().defineXML(tree.text(described))
