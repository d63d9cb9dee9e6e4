"""hosts/<host>.yaml: one host, where it stands, what it has, what of it is sold, and its hardware."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from components.config.shape import NEVER_EMPTY, FileShape, Shape
from components.config.texts import Date, Disk, Memory, Percent, Text, Traffic
from components.domain import hosts as domain
from components.domain.hardware import KINDS, Part


class ContactShape(Shape):
    """Who is responsible for the equipment."""

    name: Text
    email: Text
    phone: Text | None = None

    def domain(self) -> domain.Contact:
        """The person."""
        return domain.Contact(name=self.name, email=self.email, phone=self.phone or "")


class AttachShape(Shape):
    """How guests reach one network on this host."""

    attach: Text
    """network:<libvirt network> or bridge:<bridge>."""
    bridge: Text | None = None
    """With network:…, the bridge that we make it on."""


class PoolShape(Shape):
    """The directory pool that holds the disks."""

    name: Text
    path: Text
    """As the host sees it."""


class NodeShape(Shape):
    """What one node of a cluster has."""

    vcpus: Annotated[int, Field(ge=1)]
    """Threads."""
    memory: Memory
    disk: Disk

    def domain(self) -> domain.Node:
        """The node."""
        return domain.Node(vcpus=self.vcpus, memory_mib=self.memory, disk_gib=self.disk)


class CapacityShape(NodeShape):
    """What the host has."""

    traffic: Traffic | None = None
    """What may be sold of traffic a month in all; left out, nobody counts it."""
    nodes: Annotated[dict[str, NodeShape], Field(default_factory=dict)]
    """Of a cluster, whose capacity is their sum: a VPS runs on one of them."""


class SellsShape(Shape):
    """How much may be sold, in percent of what is left after `keeps_free`."""

    vcpus: Percent
    memory: Percent
    disk: Percent


class FreeShape(Shape):
    """What is never sold."""

    memory: Memory
    disk: Disk


class PartShape(Shape):
    """One piece of equipment with what its replacement needs (contract HW-8)."""

    kind: Annotated[str, Field(json_schema_extra={"enum": list(KINDS)})]
    """switch, server, hard_drive, ram, cpu or raid_controller."""
    model: Text
    serial: Text
    installed: Date
    warranty: Date
    """The last day of the warranty."""
    spare: Text
    """An entry of `spares` in fleet.yaml."""

    def domain(self) -> Part:
        """The part."""
        return Part(
            kind=self.kind,
            model=self.model,
            serial=self.serial,
            installed=self.installed,
            warranty=self.warranty,
            spare=self.spare,
        )


class LossShape(Shape):
    """Written by `vps host lost`, removed by `vps host return`."""

    since: Text
    """When it was found lost."""
    fenced: Text
    """How and when it was made sure that nothing on it runs any more."""

    def domain(self) -> domain.Loss:
        """The loss."""
        return domain.Loss(since=self.since, fenced=self.fenced)


class HostFile(FileShape):
    """hosts/<host>.yaml: one host, where it stands, what it has, what of it is sold, and its hardware."""

    stand_ins: ClassVar[Mapping[str, object]] = {
        "driver": "unread",
        "uri": "unread",
        "datacentre": "unread",
        "cabinet": "unread",
        "contact": {"name": "unread", "email": "unread"},
        "networks": {},
        "pool": {"name": "unread", "path": "/unread"},
        "capacity": {"vcpus": 1, "memory": "1 GiB", "disk": "1 GiB"},
        "sells": {"vcpus": "100 %", "memory": "100 %", "disk": "100 %"},
        "keeps_free": {"memory": "0 GiB", "disk": "0 GiB"},
        "inventory": [],
    }

    driver: Annotated[str, Field(json_schema_extra={"enum": list(domain.DRIVERS)})]
    """libvirt, or fake for trials without a hypervisor."""
    uri: Text
    """The connection URI, like qemu+ssh://root@kvm1/system."""
    probe: str = ""
    """A shell command that runs a read-only script from its input on the host, like ssh kvm1 sudo sh; or empty."""
    datacentre: Text
    """A datacentre of fleet.yaml."""
    cabinet: Text
    contact: ContactShape
    assigned: Text = domain.SHARED
    """shared, or the id of the one client whom the equipment serves."""
    networks: Annotated[dict[str, AttachShape], Field(json_schema_extra=NEVER_EMPTY)]
    pool: PoolShape
    disks: Annotated[str, Field(json_schema_extra={"enum": ["standalone", "overlay"]})] = "standalone"
    """standalone copies of the golden image, or overlays on it (a lab)."""
    capacity: CapacityShape
    sells: SellsShape
    keeps_free: FreeShape
    lost: LossShape | None = None
    """Only while the host is lost: its machines may be restored elsewhere."""
    inventory: Annotated[tuple[PartShape, ...], Field(strict=False)]

    def domain(self, key: str) -> domain.Host:
        """The host under the stem of its file's name."""
        return domain.Host(
            name=key,
            driver=self.driver,
            uri=self.uri,
            probe=self.probe,
            datacentre=self.datacentre,
            cabinet=self.cabinet,
            contact=self.contact.domain(),
            assigned=self.assigned,
            networks={name: network.attach for name, network in self.networks.items()},
            bridges={name: network.bridge for name, network in self.networks.items() if network.bridge},
            pool=domain.Pool(name=self.pool.name, path=self.pool.path),
            overlay=self.disks == "overlay",
            vcpus=self.capacity.vcpus,
            memory_mib=self.capacity.memory,
            disk_gib=self.capacity.disk,
            sells_vcpus=self.sells.vcpus,
            sells_memory=self.sells.memory,
            sells_disk=self.sells.disk,
            free_memory_mib=self.keeps_free.memory,
            free_disk_gib=self.keeps_free.disk,
            inventory=tuple(part.domain() for part in self.inventory),
            lost=self.lost.domain() if self.lost else None,
            traffic_gb=self.capacity.traffic,
            nodes={name: node.domain() for name, node in self.capacity.nodes.items()},
        )
