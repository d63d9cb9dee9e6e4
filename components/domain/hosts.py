"""Hosts: KVM machines (or, later, Proxmox clusters) that carry VPSs, and what of them may be sold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.domain.hardware import Part

DRIVERS = ("libvirt", "fake")
SHARED = "shared"
"""`Host.assigned` of equipment that serves any client (contract HW-8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Where disks live: a directory pool by the name and path that the hypervisor knows."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One machine of a cluster; a VPS runs on one of them."""

    vcpus: int
    memory_mib: int
    disk_gib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who is responsible for the equipment (contract HW-8)."""

    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A host that is lost: since when, and how it was made sure that nothing on it runs any more."""

    since: str
    fenced: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host. `memory_mib`, `vcpus` (threads) and `disk_gib` are what it has.

    `sells_*` is in percent of what is left after `free_*`: 100 sells everything once, 400 sells a core four times.
    `overlay` tells that disks are overlays on the golden image (a lab) instead of whole copies (production).
    `networks` maps a network of the fleet to its attach string, `network:<libvirt network>` or `bridge:<bridge>`;
    `bridges` names the bridge that such a libvirt network is made on, where we make it.
    A cluster has `nodes`, whose sum is what it has.
    """

    name: str
    driver: str
    uri: str
    probe: str
    datacentre: str
    cabinet: str
    contact: Contact
    assigned: str
    networks: Mapping[str, str]
    bridges: Mapping[str, str]
    pool: Pool
    overlay: bool
    vcpus: int
    memory_mib: int
    disk_gib: int
    sells_vcpus: int
    sells_memory: int
    sells_disk: int
    free_memory_mib: int
    free_disk_gib: int
    inventory: tuple[Part, ...]
    lost: Loss | None = None
    """Set by `vps host lost`: while it is silent its machines may be restored elsewhere, and nobody waits for it."""
    traffic_gb: int | None = None
    """The traffic a month that may be sold here in all; None: nobody counts it."""
    nodes: Mapping[str, Node] = field(default_factory=dict)
    """Of a cluster, by name; a single host has none."""

    def serves(self, client_id: str) -> bool:
        """Whether it may carry VPSs of that client."""
        return self.assigned in (SHARED, client_id)

    def sellable_on(self, node: str) -> tuple[int, int, int]:
        """Memory in MiB, vcpus and disk in GiB that may be sold on one node: its part of the cluster's."""
        one = self.nodes[node]
        return (
            self.sellable_memory_mib * one.memory_mib // max(1, self.memory_mib),
            self.sellable_vcpus * one.vcpus // max(1, self.vcpus),
            self.sellable_disk_gib * one.disk_gib // max(1, self.disk_gib),
        )

    @property
    def sellable_vcpus(self) -> int:
        """Virtual cores that may be sold in all."""
        return self.vcpus * self.sells_vcpus // 100

    @property
    def sellable_memory_mib(self) -> int:
        """Memory that may be sold in all."""
        return max(0, self.memory_mib - self.free_memory_mib) * self.sells_memory // 100

    @property
    def sellable_disk_gib(self) -> int:
        """Disk that may be sold in all."""
        return max(0, self.disk_gib - self.free_disk_gib) * self.sells_disk // 100
