"""May this host take one more machine? Asked under a lease, so that two controllers don't sell the same room twice.

What is promised counts, not what is used: memory of every domain, and for every disk of ours that is a whole copy
the part of its promised size that it has not filled yet. Overlays are thin on purpose and never run in production;
they only need a floor of free space.
"""

import libvirt

from components.drivers.base import MachineSpec
from components.drivers.errors import HostFull
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.drivers.libvirt.machine import config

GIB, MIB = 1024**3, 1024**2
FLOOR = 512 * MIB
"""Free space that a pool keeps for seeds, overlays and trash records."""


def admit(what: str, handle: libvirt.virConnect, pool: libvirt.virStoragePool, spec: MachineSpec) -> None:
    """Raises HostFull when memory or pool can't hold the machine; a domain of its own UUID does not count."""
    _memory(what, handle, spec)
    wanted = sum(disk.size_gib * GIB for disk in spec.disks.values() if disk.standalone)
    available = pool.info()[3] - FLOOR
    promised = _outstanding(handle, pool, spec.uuid) if wanted else 0
    if wanted > available - promised:
        raise HostFull(
            what,
            f"pool {spec.pool} has {max(available, 0) // GIB} GiB free of which {promised // GIB} GiB are promised, "
            f"{wanted // GIB} GiB more are needed",
            "Empty the trash, add disks, or choose another host",
        )


def _memory(what: str, handle: libvirt.virConnect, spec: MachineSpec) -> None:
    total = handle.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)["total"] // 1024
    stats = handle.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_BALLOON)
    used = sum(values.get("balloon.maximum", 0) // 1024 for domain, values in stats if domain.UUIDString() != spec.uuid)
    if used + spec.memory_mib > total:
        raise HostFull(
            what,
            f"{used} of {total} MiB memory are promised, {spec.memory_mib} MiB more are needed",
            "Choose another host, or end or shrink a machine there",
        )


def _outstanding(handle: libvirt.virConnect, pool: libvirt.virStoragePool, but: str) -> int:
    found = {volume.name(): volume for volume in pool.listAllVolumes(0)}
    promised = 0
    for domain in handle.listAllDomains(0):
        notes = marks.find(config(domain))
        if notes is None or notes.pool != pool.name() or domain.UUIDString() == but:
            continue
        for disk in notes.disks.values():
            volume = found.get(disk.volume)
            if volume is None:
                promised += disk.size_gib * GIB
                continue
            _, _, allocated = volume.info()
            if not tree.value(tree.parse(volume.XMLDesc(0)), "backingStore/path"):
                promised += max(disk.size_gib * GIB - allocated, 0)
    return promised
