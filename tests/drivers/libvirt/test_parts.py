"""What is found once is what a walk finds every time, whoever made the machine."""

import pytest

from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import patch, tree
from components.drivers.libvirt.parts import Parts
from tests.drivers.libvirt.test_patch import MARK

OURS = """
<domain><name> d </name><uuid>u</uuid><memory>1</memory><memory>2</memory><devices>
 <disk><target dev='vda'/><alias name='UA-disk-root'/></disk>
 <disk><target dev='vdb'/><alias name='ua-disk-root'/></disk>
 <disk><target dev='vdc'/></disk><memory model='dimm'/><interface><mac address='02:00:00:00:00:0A'/></interface>
 <interface><alias name='ua-nic-n0'/></interface><memory model='virtio-mem'/>
</devices></domain>
"""


def notes(**nics):
    disks = {"root": marks.DiskNote(volume="v", size_gib=1), "more": marks.DiskNote(volume="w", size_gib=1)}
    return marks.Notes(mark=MARK, pool="p", seed="s", disks=disks | nics.pop("disks", {}), nics=nics)


@pytest.mark.parametrize(
    "noted",
    [
        notes(n0=marks.NicNote(rate_mbit_s=1)),
        notes(
            n0=marks.NicNote(rate_mbit_s=1),
            n1=marks.NicNote(rate_mbit_s=1, mac="02:00:00:00:00:0a"),
            disks={"more": marks.DiskNote(volume="w", size_gib=1, target="vdc")},
        ),
    ],
    ids=["ours", "adopted"],
)
def test_devices_are_told_as_elsewhere(noted):
    domain = tree.parse(OURS)
    parts = Parts(domain, noted)

    for name in (*noted.disks, "none"):
        assert parts.disk(name) is patch.find_disk(domain, name, noted)
    for name in (*noted.nics, "none"):
        assert parts.nic(name) is patch.find_nic(domain, name, noted)
    assert parts.disk("root") is domain.findall("devices/disk")[0]
    assert (parts.disk("more") is None) != noted.is_adopted


def test_the_first_of_a_kind_stands_for_it():
    domain = tree.parse(OURS)
    parts = Parts(domain, notes())

    assert parts.top("memory") is domain.find("memory")
    assert parts.top("vcpu") is None
    assert (parts.text("name"), parts.text("title")) == ("d", "")
    assert parts.memories == domain.findall("devices/memory")


def test_a_domain_without_devices_has_none():
    parts = Parts(tree.parse("<domain/>"), notes())

    assert (parts.memories, parts.disk("root")) == ([], None)
