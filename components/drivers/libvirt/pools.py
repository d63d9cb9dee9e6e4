"""Directory pools."""

import libvirt

from components.drivers.base import Fact, Phase, PoolSpec
from components.drivers.errors import Missing, Refused
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree, volumes
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.errors import is_code

GIB = 1024**3
MARKER = "aegir-vps-pool"
"""An empty volume in every pool that we use: a folder without it is a mount point whose disk is not mounted."""
MADE = "aegir-vps-pool-made"
"""An empty volume in a pool that we defined ourselves and may remove."""


class Pools:
    """The pools of one host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, spec: PoolSpec) -> Fact:
        """See `components.drivers.base.Driver`. Only a pool that we define gets a folder and starts with the host."""
        what = f"Unable to make pool {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            pool = find(handle, spec.name)
            if pool is not None and path(pool) != spec.path:
                raise Refused(
                    what, f"a pool of this name has path {path(pool)}, not {spec.path}", "Change the host's file"
                )
            # One that runs and is not defined is our own, of a call that died before it defined it.
            ours = pool is None or (bool(pool.isActive()) and not pool.isPersistent())
            if pool is None:
                pool = handle.storagePoolCreateXML(_render(spec), libvirt.VIR_STORAGE_POOL_CREATE_WITH_BUILD)
            if not pool.isActive():
                pool.create(0)
            if not is_mounted(pool):
                _need_disks(what, handle, pool)
                _put_marker(pool, MARKER)
            if ours:
                _put_marker(pool, MADE)
                pool = handle.storagePoolDefineXML(pool.XMLDesc(0), 0)
                pool.setAutostart(1)
            return _fact(pool)

    def read(self, spec: PoolSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        with self._connection.edge(f"Unable to read pool {spec.name} on {self._connection.host.name}") as handle:
            pool = find(handle, spec.name)
            return None if pool is None or not is_mounted(pool) else _fact(pool)

    def delete(self, spec: PoolSpec) -> None:
        """Forget the pool; its folder stays. See `components.drivers.base.Driver`."""
        what = f"Unable to remove pool {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            pool = find(handle, spec.name)
            if pool is None:
                return
            pool = need(handle, what, spec.name)
            if volumes.find(pool, MADE) is None:
                return
            pool.refresh(0)
            names = set(pool.listVolumes()) - {MARKER, MADE}
            if names:
                cause = f"it holds {len(names)} volumes, the first is {min(names)}"
                raise Refused(what, cause, "Move or remove them first")
            volumes.remove(pool, MADE)
            volumes.remove(pool, MARKER)
            pool.destroy()
            pool.undefine()


def find(handle: libvirt.virConnect, name: str) -> libvirt.virStoragePool | None:
    """The pool of that name, active or not, or None."""
    try:
        return handle.storagePoolLookupByName(name)
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_STORAGE_POOL):
            return None
        raise


def need(handle: libvirt.virConnect, what: str, name: str) -> libvirt.virStoragePool:
    """The active pool with its disk mounted. Raises Missing otherwise."""
    pool = find(handle, name)
    remedy = "Mount its disk on the host, then bring up the host's stack, and run again"
    if pool is None:
        raise Missing(what, f"pool {name} is not on the host", "Bring up the host's stack, which makes it")
    if not pool.isActive():
        raise Missing(what, f"pool {name} is not active", remedy)
    if not is_mounted(pool):
        raise Missing(what, f"pool {name} lacks its marker {MARKER}: its disk is not mounted", remedy)
    return pool


def adopt(what: str, handle: libvirt.virConnect, name: str) -> None:
    """Mark a pool that holds the disk of a machine which is about to be ours: its disk is mounted right now."""
    pool = find(handle, name)
    if pool is not None and not is_mounted(pool):
        _need_disks(what, handle, pool)
        _put_marker(pool, MARKER)


def is_mounted(pool: libvirt.virStoragePool) -> bool:
    """Whether the pool is active and what lies at its path is the folder that we once marked.

    libvirtd answers names from what it listed before, so the file itself is looked at.
    """
    if not pool.isActive():
        return False
    if _has_marker(pool):
        return True
    volumes.refresh(pool)
    return _has_marker(pool)


def path(pool: libvirt.virStoragePool) -> str:
    """The folder of a pool, as its libvirtd sees it."""
    return tree.value(tree.parse(pool.XMLDesc(0)), "target/path")


def _has_marker(pool: libvirt.virStoragePool) -> bool:
    try:
        pool.storageVolLookupByName(MARKER).info()
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_STORAGE_VOL):
            return False
        raise
    return True


def _need_disks(what: str, handle: libvirt.virConnect, pool: libvirt.virStoragePool) -> None:
    """Raises Refused when machines of ours have their disks in the pool and not one of these is there."""
    held = 0
    for domain in handle.listAllDomains(0):
        notes = marks.find(tree.parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
        if notes is None or notes.pool != pool.name() or notes.mark.phase in {Phase.CREATING, Phase.ARRIVING}:
            continue
        held += 1
        if any(volumes.find(pool, disk.volume) is not None for disk in notes.disks.values()):
            return
    if held:
        cause = f"{held} machines have their disks in it and none of these is there: its disk is not mounted"
        raise Refused(what, cause, "Nothing was touched. Mount its disk on the host, then run again")


def _put_marker(pool: libvirt.virStoragePool, name: str) -> None:
    if volumes.find(pool, name) is None:
        volumes.make_raw(pool, name, 0)


def _render(spec: PoolSpec) -> str:
    made = tree.Element("pool", {"type": "dir"})
    tree.add(made, "name", spec.name)
    tree.add(tree.add(made, "target"), "path", spec.path)
    return tree.text(made)


def _fact(pool: libvirt.virStoragePool) -> Fact:
    _, capacity, _, available = pool.info()
    values: dict[str, str | int | bool] = {
        "path": path(pool),
        "capacityGib": capacity // GIB,
        "availableGib": available // GIB,
    }
    return Fact(name=pool.name(), made=volumes.find(pool, MADE) is not None, values=values)
