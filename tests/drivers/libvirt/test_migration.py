"""What a running guest is told of its new host; that it really goes over is the contract's to say."""

from components.drivers.libvirt import tree
from components.drivers.libvirt.migration import running_as

LIVE = """<domain type="kvm" id="3"><name>web</name><metadata/><memory unit="KiB">262144</memory>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
  <disk type="file" device="disk"><source file="/pool/web-root.qcow2" index="1"/><backingStore type="file"/>
    <mirror type="network"/><target dev="vda" bus="virtio"/><iotune><total_iops_sec>900</total_iops_sec></iotune></disk>
  <disk type="file" device="cdrom"><target dev="sdb" bus="sata"/></disk>
  <interface type="network"><mac address="52:54:00:00:00:01"/><source network="public1" portid="x" bridge="br1"/>
    <bandwidth><inbound average="1"/></bandwidth><target dev="vnet7"/><model type="virtio"/>
    <filterref filter="vps-guard"/></interface>
  <interface type="network"><mac address="52:54:00:00:00:99"/><source network="else"/><target dev="vnet8"/></interface>
</devices></domain>"""
DESCRIBED = """<domain type="kvm"><name>web</name><memory unit="KiB">524288</memory>
<devices>
  <disk type="file" device="disk"><source file="/srv/web-root-m0001.qcow2"/><target dev="vda" bus="virtio"/></disk>
  <interface type="bridge"><mac address="52:54:00:00:00:01"/><source bridge="br0"/></interface>
</devices></domain>"""


def test_it_keeps_what_runs_and_takes_what_belongs_to_the_host():
    made = running_as(tree.parse(LIVE), tree.parse(DESCRIBED))

    drive, empty = made.findall("devices/disk")
    assert tree.attribute(drive, "source", "file") == "/srv/web-root-m0001.qcow2"
    assert [drive.find(tag) for tag in ("backingStore", "mirror")] == [None, None]
    assert tree.value(drive, "iotune/total_iops_sec") == "900"
    assert empty.find("source") is None
    ours, strange = made.findall("devices/interface")
    assert (ours.get("type"), ours.find("source").attrib) == ("bridge", {"bridge": "br0"})
    assert [ours.find(tag) for tag in ("bandwidth", "target")] == [None, None]
    assert tree.attribute(ours, "filterref", "filter") == "vps-guard"
    assert tree.attribute(strange, "source", "network") == "else"
    assert made.find("devices/emulator") is None
    assert tree.value(made, "memory") == "262144"
