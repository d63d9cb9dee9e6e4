"""May this host take one more machine, or a larger one? Asked under a lease, so that no room is sold twice.

What is promised counts, not what is used: the memory of every domain (what runs now, DIMMs included, or boots next,
whichever is more, and what its QEMU needs beside it), and for every disk of ours that is a whole copy the part of its
promised size that it has not filled yet. Overlays are thin on purpose and never run in production; they only need a
floor of free space. What lies in the trash may come back, so it counts as before. Room to grow is not kept for anybody.

Nothing here asks a QEMU: one that hangs must not keep others from being made.
"""

from dataclasses import dataclass

import libvirt

from components.domain.capacity import OVERHEAD_MIB
from components.drivers.base import MachineSpec
from components.drivers.errors import HostFull
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import trash, tree
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.machine import config

GIB, MIB = 1024**3, 1024**2
FLOOR = 512 * MIB
"""Free space that a pool keeps for seeds, overlays and trash records."""
ADMISSION_S = 60
"""How long to wait for others that are being admitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What is asked for: the whole memory of the machine `uuid` in MiB (0: no more than it has), and GiB of disks."""

    uuid: str
    memory_mib: int
    disk_gib: int


def whole(spec: MachineSpec) -> Need:
    """What a new machine needs."""
    disk_gib = sum(disk.size_gib for disk in spec.disks.values() if disk.standalone)
    return Need(uuid=spec.uuid, memory_mib=spec.memory_mib, disk_gib=disk_gib)


def admit(what: str, handle: libvirt.virConnect, pool: libvirt.virStoragePool, need: Need) -> None:
    """Raises HostFull when memory or pool can't hold `need`, on top of what is promised to all there already."""
    described = _described(handle)
    if need.memory_mib:
        total = handle.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)["total"] // 1024
        others = [memory_mib(domain, found) for domain, found in described if domain.UUIDString() != need.uuid]
        used = sum(others) + OVERHEAD_MIB * len(others)
        if used + need.memory_mib + OVERHEAD_MIB > total:
            raise HostFull(
                what,
                f"the host has {total} MiB memory of which {used} MiB are promised to others, "
                f"{need.memory_mib} MiB and {OVERHEAD_MIB} MiB beside them are needed",
                "Choose another host, or end or shrink a machine there",
            )
    if need.disk_gib:
        available = pool.info()[3] - FLOOR
        promised = sum(_unfilled(pool, found) for _, found in described) + trash.unfilled(handle, pool)
        if need.disk_gib * GIB > available - promised:
            raise HostFull(
                what,
                f"pool {pool.name()} has {max(available, 0) // GIB} GiB free of which {promised // GIB} GiB are "
                f"promised, {need.disk_gib} GiB more are needed",
                "Run `vps trash empty --due`, add disks, or choose another host",
            )


def memory_mib(domain: libvirt.virDomain, described: tree.Element) -> int:
    """What the domain holds now or takes at its next boot, whichever is more; `described` is its inactive XML."""
    return max(int(domain.maxMemory()) // 1024, memory_of(described))


def memory_of(described: tree.Element) -> int:
    """What a machine of that inactive XML takes at its next boot, in MiB."""
    kib = tree.value(described, "memory")
    return int(kib) // 1024 if kib.isdigit() else 0


def _described(handle: libvirt.virConnect) -> list[tuple[libvirt.virDomain, tree.Element]]:
    found = []
    for domain in handle.listAllDomains(0):
        try:
            found.append((domain, config(domain)))
        except libvirt.libvirtError as problem:
            if not is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                raise
    return found


def _unfilled(pool: libvirt.virStoragePool, described: tree.Element) -> int:
    notes = marks.find(described)
    if notes is None or notes.pool != pool.name():
        return 0
    promised = 0
    for disk in notes.disks.values():
        try:
            volume = pool.storageVolLookupByName(disk.volume)
            if not tree.value(tree.parse(volume.XMLDesc(0)), "backingStore/path"):
                promised += max(disk.size_gib * GIB - volume.info()[2], 0)
        except libvirt.libvirtError as problem:
            if not is_code(problem, libvirt.VIR_ERR_NO_STORAGE_VOL):
                raise
            promised += disk.size_gib * GIB
    return promised
