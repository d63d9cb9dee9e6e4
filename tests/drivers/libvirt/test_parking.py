from components.drivers.base import Mark, Phase
from components.drivers.gate import fresh_name
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import parking, tree

NOTES = marks.Notes(
    mark=Mark(
        fleet="demo",
        backend="b1",
        urn="urn:x",
        client="c-q7m2",
        vps="v-h3k9",
        phase=Phase.READY,
        incarnation="i1",
        move="to:kvm2",
    ),
    pool="vps",
    seed="web-seed0.iso",
    disks={"root": marks.DiskNote(volume="web-root.qcow2", size_gib=10)},
)
DOMAIN = """<domain type="kvm"><name>web</name><uuid>0f6b2a52-7c1d-5e0a-9a44-3b1f2c4d5e6f</uuid>
<metadata><other:thing xmlns:other="urn:other" kept="yes"/></metadata><memory unit="KiB">262144</memory>
<devices>
  <disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="/pool/web-root.qcow2"/>
    <backingStore type="file"><format type="qcow2"/><source file="/pool/image.qcow2"/></backingStore>
    <target dev="vda" bus="virtio"/><alias name="ua-disk-root"/>
    <address type="pci" domain="0x0000" bus="0x04" slot="0x00" function="0x0"/></disk>
  <disk type="file" device="cdrom"><source file="/pool/web-seed0.iso"/><target dev="sda" bus="sata"/>
    <readonly/></disk>
  <interface type="network"><mac address="52:54:00:00:00:01"/></interface>
</devices></domain>"""


def domain() -> tree.Element:
    made = tree.parse(DOMAIN)
    marks.put(made, NOTES)
    return made


def plain(element: tree.Element) -> str:
    return "".join(tree.text(element).split())


def test_parked_drives_are_no_devices_and_come_back_as_they_were():
    made = domain()

    parking.park(made)

    assert made.find("devices/disk") is None
    assert parking.is_parked(made)
    read_back = tree.parse(tree.text(made))
    parking.unpark(read_back)
    assert not parking.is_parked(read_back)
    assert plain(read_back) == plain(domain())


def test_a_new_mark_leaves_the_parked_drives_and_everybody_elses_notes_alone():
    made = domain()
    parking.park(made)
    marks.put(made, NOTES.marked(NOTES.mark))

    assert parking.is_parked(tree.parse(tree.text(made)))
    assert made.find("metadata/{urn:other}thing") is not None
    assert [drive.get("device") for drive in parking.armed(made).iterfind("devices/disk")] == ["disk", "cdrom"]
    assert made.find("devices/disk") is None


def test_parking_twice_and_unparking_what_is_not_parked_change_nothing():
    made = domain()
    parking.unpark(made)
    assert plain(made) == plain(domain())
    parking.park(made)
    once = plain(made)
    parking.park(made)
    assert plain(made) == once


def test_in_another_pool_a_disk_has_another_file_and_stands_on_no_image():
    made = domain()
    fresh = marks.Notes(
        mark=NOTES.mark,
        pool="other",
        seed="web-seed0-m0001.iso",
        disks={"root": marks.DiskNote(volume="web-root-m0001.qcow2", size_gib=10)},
    )

    parking.rehouse(made, NOTES, fresh, pool_path="/srv/vps")

    files = [tree.attribute(drive, "source", "file") for drive in made.iterfind("devices/disk")]
    assert files == ["/srv/vps/web-root-m0001.qcow2", "/srv/vps/web-seed0-m0001.iso"]
    assert made.find("devices/disk/backingStore") is None
    assert made.find("devices/disk/address") is not None


def test_a_disk_of_pool_and_volume_becomes_one_of_a_file():
    made = tree.parse(DOMAIN.replace('type="file" device="disk"', 'type="volume" device="disk"', 1))
    source = made.find("devices/disk/source")
    source.attrib.clear()
    source.attrib.update(pool="default", volume="web.img")

    parking.rehouse(made, NOTES, NOTES, pool_path="/srv/vps")

    drive = made.find("devices/disk")
    assert (drive.get("type"), source.attrib) == ("file", {"file": "/srv/vps/web-root.qcow2"})


def test_every_move_has_another_name_for_the_copy():
    first = fresh_name("demo-root.qcow2")
    second = fresh_name(first)

    assert first != second
    for name in (first, second):
        assert name.startswith("demo-root-m")
        assert name.endswith(".qcow2")
        assert len(name) == len("demo-root-m0000.qcow2")
    assert fresh_name("disk").startswith("disk-m")
