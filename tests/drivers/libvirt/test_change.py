"""Changes through a real libvirtd to machines that others made: everything else stays, over a restart of it as well."""

import os
import signal
import time
from dataclasses import replace

import libvirt
import pytest

from components.drivers.errors import HostFull, Refused
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.drivers.libvirt.admission import OVERHEAD_MIB, Need, admit
from tests.drivers.hosts import SEED
from tests.drivers.libvirt.foreign import CHANGES, FOREIGN, MARK, apart_from

pytestmark = pytest.mark.lab
DUMP = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE


@pytest.fixture
def host(lab_host):
    yield lab_host
    connection = libvirt.open(lab_host.lab.uri)
    for foreign in FOREIGN:
        name = foreign.spec.name
        lab_host.virsh("destroy", name, check=False)
        lab_host.virsh("undefine", name, "--keep-nvram", check=False)
        lab_host.virsh("vol-delete", foreign.volume, "vps", check=False)
        assert name not in [domain.name() for domain in connection.listAllDomains()]
    lab_host.clean()


@pytest.fixture
def driver(host):
    made = host.driver()
    yield made
    made.close()


def adopted(host, foreign):
    """The machine on the host, under our mark; its XML is what the golden file says and the mark."""
    host.virsh(
        "vol-create-as",
        "vps",
        foreign.volume,
        "1G",
        "--format",
        foreign.volume.rpartition(".")[2].replace("img", "raw"),
    )
    domain = libvirt.open(host.lab.uri).defineXML(foreign.xml)
    marks.write(domain, foreign.notes)
    assert apart_from(domain.XMLDesc(DUMP), "nothing", foreign) == apart_from(foreign.xml, "nothing", foreign)
    return domain


def restart_libvirtd(host):
    pid = host.lab.status().pid
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 10
    while host.lab.status().running and time.monotonic() < end:
        time.sleep(0.05)
    assert host.lab.up().pid != pid


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda foreign: foreign.name)
def test_every_change_leaves_the_rest_of_a_foreign_machine_as_it_was(host, driver, foreign):
    domain = adopted(host, foreign)
    mark = MARK
    for change, to in CHANGES.items():
        before, wanted = domain.XMLDesc(DUMP), to(foreign.spec)

        machine = driver.update(wanted, mark)

        after = domain.XMLDesc(DUMP)
        assert apart_from(after, change, foreign) == apart_from(before, change, foreign), change
        configured = {key: reading.configured for key, reading in machine.readings.items()}
        asked = {key: value for key, value in wanted.limits().items() if value}
        assert {key: configured[key] for key in asked} == asked, change
        mark = machine.mark
        before = domain.XMLDesc(DUMP)
        back = driver.update(foreign.spec, mark)
        mark = back.mark
    last = domain.XMLDesc(DUMP)
    restart_libvirtd(host)
    assert libvirt.open(host.lab.uri).lookupByUUIDString(foreign.spec.uuid).XMLDesc(DUMP) == last


def test_a_change_that_does_not_fit_its_layout_touches_nothing(host, driver):
    (foreign,) = [found for found in FOREIGN if found.name == "uefi"]
    domain = adopted(host, foreign)
    before = domain.XMLDesc(DUMP)

    with pytest.raises(Refused, match="don't fill"):
        driver.update(replace(foreign.spec, vcpus=5), MARK)

    assert domain.XMLDesc(DUMP) == before


def test_dimms_and_what_qemu_needs_count_in_admission(host, driver):
    spec = host.spec(memory_mib=128, grows_memory_mib=1024)
    machine = driver.create(spec, SEED, host.mark(spec))
    grown = driver.update(replace(spec, memory_mib=1024), machine.mark)
    driver.update(spec, grown.mark)
    handle = libvirt.open(host.lab.uri)
    total = handle.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)["total"] // 1024
    left = total - (1024 + OVERHEAD_MIB) - OVERHEAD_MIB
    pool = handle.storagePoolLookupByName("vps")

    admit("Unable to try", handle, pool, Need(uuid="other", memory_mib=left, disk_gib=0))
    with pytest.raises(HostFull, match="promised to others"):
        admit("Unable to try", handle, pool, Need(uuid="other", memory_mib=left + 1, disk_gib=0))


def test_what_grew_stays_over_a_managed_save_and_a_reset(host, driver):
    spec = host.spec(memory_mib=128, grows_vcpus=4, grows_memory_mib=1024)
    machine = driver.create(spec, SEED, host.mark(spec))
    grown = driver.update(replace(spec, vcpus=3, memory_mib=384), machine.mark)
    domain = libvirt.open(host.lab.uri).lookupByUUIDString(spec.uuid)

    domain.reset(0)
    assert driver.read(spec.uuid) == grown
    domain.managedSave(0)
    assert not domain.isActive()
    domain.create()

    assert driver.read(spec.uuid) == grown
    assert driver.update(replace(spec, vcpus=4, memory_mib=512), grown.mark).reboot_required == ()


def devices(domain):
    """Machine type and every device's address, in the order of the running domain."""
    running = tree.glance(domain.XMLDesc(0))
    found = [
        (part.tag, part.find("address").attrib) for part in running.find("devices") if part.find("address") is not None
    ]
    return tree.attribute(running, "os/type", "machine"), found


def test_a_running_machine_keeps_its_hardware_over_changes_and_a_restart_of_libvirtd(host, driver):
    spec = host.spec(memory_mib=128, grows_vcpus=4, grows_memory_mib=1024)
    machine = driver.create(spec, SEED, host.mark(spec))
    domain = libvirt.open(host.lab.uri).lookupByUUIDString(spec.uuid)
    before, configured = devices(domain), tree.parse(domain.XMLDesc(DUMP))
    disk = replace(spec.disks["root"], iops=77, size_gib=2)
    wanted = replace(spec, vcpus=3, memory_mib=384, cpu_cap_percent=80, disks={"root": disk})

    grown = driver.update(wanted, machine.mark)

    machine_type, addresses = devices(domain)
    dimms = [(tag, address) for tag, address in addresses if tag == "memory"]
    assert len(dimms) == 1
    assert (machine_type, [found for found in addresses if found not in dimms]) == before
    after = tree.parse(domain.XMLDesc(DUMP))
    for path in ("os", "features", "clock", "cpu/model"):
        assert (after.find(path) is None) == (configured.find(path) is None)
        assert path == "cpu/model" or tree.text(after.find(path)) == tree.text(configured.find(path))
    for part in ("controller", "interface", "serial", "channel", "rng", "memballoon"):
        texts = [[tree.text(device) for device in one.iterfind(f"devices/{part}")] for one in (after, configured)]
        assert texts[0] == texts[1]
    running, written = devices(domain), domain.XMLDesc(DUMP)
    restart_libvirtd(host)
    fresh = host.driver()
    assert fresh.read(spec.uuid) == grown
    domain = libvirt.open(host.lab.uri).lookupByUUIDString(spec.uuid)
    assert (devices(domain), domain.XMLDesc(DUMP)) == (running, written)
    more = fresh.update(replace(wanted, vcpus=4, memory_mib=512), grown.mark)
    assert more.reboot_required == ()
    assert {key: more.readings[key].effective for key in ("vcpus", "memoryMib")} == {"vcpus": 4, "memoryMib": 512}
    fresh.close()
    assert marks.find(tree.parse(domain.XMLDesc(DUMP))).mark == more.mark
