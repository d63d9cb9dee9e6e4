"""hosts/<host>.yaml, every key of it."""

from datetime import date

from components.config.documents import parse
from components.config.host_file import HostFile
from components.domain.hardware import Part
from components.domain.hosts import Node

TEXT = b"""
driver: libvirt
uri: qemu+ssh://root@kvm1/system
probe: ssh kvm1 sudo sh
datacentre: dc1
cabinet: A1
contact: {name: Olena Duty, email: duty@hoster.example, phone: "+44 20 7946 0000"}
assigned: c-q7m2
networks:
  public1: {attach: "bridge:br0"}
  private1: {attach: "network:private1", bridge: vpsbr1}
pool: {name: vps, path: /srv/vps}
disks: overlay
capacity: {vcpus: 8, memory: 64 GiB, disk: 2 TiB}
keeps_free: {memory: 512 MiB, disk: 100 GiB}
sells: {vcpus: 400 %, memory: 90 %, disk: 80 %}
inventory:
  - {kind: cpu, model: C2, serial: C2-1, installed: "2026-01-15", warranty: "2029-01-14", spare: cpu}
"""


def test_every_key_arrives() -> None:
    document = parse(TEXT)
    assert document.flaws == []
    host = HostFile.model_validate(document.data).domain("kvm1")
    assert (host.name, host.driver, host.uri) == ("kvm1", "libvirt", "qemu+ssh://root@kvm1/system")
    assert (host.probe, host.datacentre, host.cabinet) == ("ssh kvm1 sudo sh", "dc1", "A1")
    assert (host.contact.email, host.contact.phone, host.assigned) == (
        "duty@hoster.example",
        "+44 20 7946 0000",
        "c-q7m2",
    )
    assert host.networks == {"public1": "bridge:br0", "private1": "network:private1"}
    assert host.bridges == {"private1": "vpsbr1"}
    assert (host.pool.name, host.pool.path, host.overlay) == ("vps", "/srv/vps", True)
    assert (host.vcpus, host.memory_mib, host.disk_gib) == (8, 65536, 2048)
    assert (host.free_memory_mib, host.free_disk_gib) == (512, 100)
    assert (host.sells_vcpus, host.sells_memory, host.sells_disk) == (400, 90, 80)
    installed, warranty = date(2026, 1, 15), date(2029, 1, 14)
    assert host.inventory == (
        Part(kind="cpu", model="C2", serial="C2-1", installed=installed, warranty=warranty, spare="cpu"),
    )


def test_disks_are_whole_copies_unless_said_otherwise() -> None:
    text = (
        TEXT.replace(b"disks: overlay\n", b"")
        .replace(b"assigned: c-q7m2\n", b"")
        .replace(b"probe: ssh kvm1 sudo sh\n", b"")
    )
    host = HostFile.model_validate(parse(text).data).domain("kvm1")
    assert (host.overlay, host.assigned, host.probe) == (False, "shared", "")


def test_traffic_and_the_nodes_of_a_cluster_may_be_declared() -> None:
    plain = b"capacity: {vcpus: 8, memory: 64 GiB, disk: 2 TiB}"
    assert TEXT.count(plain) == 1
    node = b"{vcpus: 4, memory: 32 GiB, disk: 1 TiB}"
    text = TEXT.replace(plain, plain[:-1] + b", traffic: 20 TB, nodes: {n1: " + node + b", n2: " + node + b"}}")
    host = HostFile.model_validate(parse(text).data).domain("kvm1")
    assert host.traffic_gb == 20000
    assert dict(host.nodes) == dict.fromkeys(("n1", "n2"), Node(vcpus=4, memory_mib=32768, disk_gib=1024))
    assert host.sellable_on("n1")[1] == 4 * 400 // 100
    other = HostFile.model_validate(parse(TEXT).data).domain("kvm1")
    assert (other.traffic_gb, dict(other.nodes)) == (None, {})
