"""What stands in the way of adopting a domain, on libvirt's own driver for tests: real parsing, no guest."""

import secrets
from collections.abc import Iterator

import libvirt
import pytest

from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import strangers

DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{path}'/>
  <target dev='vda' bus='virtio'/>{disk}</disk>"""
NIC = """<interface type='{kind}'><mac address='52:54:00:12:34:56'/><source {source}/>{nic}</interface>"""
DOMAIN = """<domain type='test'><name>{name}</name><memory unit='KiB'>{memory}</memory><vcpu>2</vcpu>{tune}
  <os><type arch='x86_64'>hvm</type></os><devices>{disks}{nics}</devices></domain>"""


@pytest.fixture(scope="module")
def handle() -> Iterator[libvirt.virConnect]:
    libvirt.registerErrorHandler(lambda *_: None, None)
    found = libvirt.open("test:///default")
    yield found
    found.close()


@pytest.fixture(scope="module")
def path(handle: libvirt.virConnect) -> str:
    """A volume of 5 GiB and a half in a folder's pool."""
    pool = handle.storagePoolLookupByName("default-pool")
    size = 5 * 2**30 + 2**29
    made = pool.createXML(f"<volume><name>old.qcow2</name><capacity>{size}</capacity></volume>", 0)
    found: str = made.path()
    return found


def seen(handle: libvirt.virConnect, path: str, **changes: str) -> strangers.Stranger:
    """A domain of one disk and one NIC with `changes` to its XML, as it is told."""
    parts = {"path": path, "disk": "", "nic": "", "kind": "network", "source": "network='default'"}
    parts |= {"memory": "1048576", "tune": "", "name": f"d-{secrets.token_hex(4)}"} | changes
    disks = changes.get("disks", DISK).format(**parts)
    nics = changes.get("nics", NIC).format(**parts)
    domain = handle.defineXML(DOMAIN.format(**(parts | {"disks": disks, "nics": nics})))
    try:
        return strangers.describe(handle, domain, machines.config(domain))
    finally:
        domain.undefine()


def test_a_plain_one_has_nothing_in_its_way(handle: libvirt.virConnect, path: str) -> None:
    """Half a GiB is the machine's own: it is neither counted nor cut off."""
    found = seen(handle, path)
    assert found.obstacles == ()
    assert (found.pool, found.volume) == ("default-pool", "old.qcow2")
    assert found.limits == {
        "vcpus": 2,
        "memoryMib": 1024,
        "cpuCapPercent": 0,
        "disks.root.sizeGib": 5,
        "disks.root.iops": 0,
        "disks.root.rateMibS": 0,
        "nics.n0.rateMbitS": 0,
    }


def test_limits_that_a_package_can_say_are_read(handle: libvirt.virConnect, path: str) -> None:
    found = seen(
        handle,
        path,
        disk="<iotune><total_bytes_sec>20971520</total_bytes_sec><total_iops_sec>500</total_iops_sec></iotune>",
        nic="<bandwidth><inbound average='12500'/><outbound average='12500'/></bandwidth>",
        tune="<cputune><global_period>50000</global_period><global_quota>75000</global_quota></cputune>",
    )
    assert found.obstacles == ()
    limits = found.limits
    assert (limits["cpuCapPercent"], limits["disks.root.iops"], limits["disks.root.rateMibS"]) == (150, 500, 20)
    assert limits["nics.n0.rateMbitS"] == 100


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"disks": ""}, "it has 0 disks"),
        ({"disks": DISK + DISK.replace("vda", "vdb")}, "it has 2 disks"),
        ({"nics": ""}, "it has 0 NICs"),
        ({"kind": "direct", "source": "dev='eth0'"}, "its NIC is of type direct"),
        ({"path": "/nowhere/x.qcow2"}, "lies in no active pool"),
        ({"disks": DISK.replace("qcow2'/><s", "vmdk'/><s")}, "its disk has the format vmdk"),
        ({"disk": "<shareable/>"}, "its disk is shareable"),
        ({"disk": "<iotune><read_iops_sec>5</read_iops_sec></iotune>"}, "throttled by read_iops_sec"),
        ({"disk": "<iotune><total_bytes_sec>1000</total_bytes_sec></iotune>"}, "no whole number of MiB/s"),
        ({"nic": "<bandwidth><inbound average='125'/></bandwidth>"}, "125 and no limit kB/s"),
        ({"nic": "<bandwidth><inbound average='100'/><outbound average='100'/></bandwidth>"}, "multiple of 125"),
        ({"memory": "1000001"}, "no whole number of MiB"),
        (
            {"tune": "<cputune><global_period>100000</global_period><global_quota>12345</global_quota></cputune>"},
            "no whole number of percent",
        ),
    ],
)
def test_each_obstacle_is_told(handle: libvirt.virConnect, path: str, changes: dict[str, str], said: str) -> None:
    found = seen(handle, changes.pop("path", path), **changes)
    assert [one for one in found.obstacles if said in one], found.obstacles


def test_a_block_device_is_told(handle: libvirt.virConnect, path: str) -> None:
    disk = "<disk type='block' device='disk'><source dev='/dev/vg/old'/><target dev='vda' bus='virtio'/></disk>"
    found = seen(handle, path, disks=disk)
    assert "of type block" in found.obstacles[0]


def test_a_quota_of_each_vcpu_stays_and_is_told(handle: libvirt.virConnect, path: str) -> None:
    found = seen(handle, path, tune="<cputune><period>100000</period><quota>50000</quota></cputune>")
    assert found.obstacles == ()
    assert "quota of its own" in found.notes[0]


def test_a_mark_of_any_age_is_a_mark(handle: libvirt.virConnect) -> None:
    domain = handle.lookupByName("test")
    assert not strangers.is_marked(machines.config(domain))


def test_snapshots_are_told(handle: libvirt.virConnect) -> None:
    domain = handle.lookupByName("test")
    domain.snapshotCreateXML("<domainsnapshot/>", 0)
    assert "1 snapshots" in strangers.describe(handle, domain, machines.config(domain)).notes[0]
