"""Directory pools."""

import libvirt

from components.drivers.base import Fact, PoolSpec
from components.drivers.errors import Missing, Refused
from components.drivers.libvirt import tree
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.errors import is_code

GIB = 1024**3


class Pools:
    """The pools of one host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, spec: PoolSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to make pool {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            pool = find(handle, spec.name)
            if pool is None:
                made = tree.Element("pool", {"type": "dir"})
                tree.add(made, "name", spec.name)
                tree.add(tree.add(made, "target"), "path", spec.path)
                pool = handle.storagePoolDefineXML(tree.text(made), 0)
            if path(pool) != spec.path:
                raise Refused(
                    what, f"a pool of this name has path {path(pool)}, not {spec.path}", "Change the host's file"
                )
            if not pool.isActive():
                # Building makes the folder and keeps what is in it.
                pool.build(0)
                pool.create(0)
            pool.setAutostart(1)
            return _fact(pool)

    def read(self, spec: PoolSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        with self._connection.edge(f"Unable to read pool {spec.name} on {self._connection.host.name}") as handle:
            pool = find(handle, spec.name)
            return None if pool is None or not pool.isActive() else _fact(pool)

    def delete(self, spec: PoolSpec) -> None:
        """Forget the pool; its folder stays. See `components.drivers.base.Driver`."""
        what = f"Unable to remove pool {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            pool = find(handle, spec.name)
            if pool is None:
                return
            if pool.isActive():
                pool.refresh(0)
                names = pool.listVolumes()
                if names:
                    cause = f"it holds {len(names)} volumes, the first is {min(names)}"
                    raise Refused(what, cause, "Move or remove them first")
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
    """The active pool. Raises Missing when it is gone, or stopped and can't be started."""
    pool = find(handle, name)
    remedy = "Bring up the host's stack, which makes it, and see that its disk is mounted"
    if pool is None:
        raise Missing(what, f"pool {name} is not on the host", remedy)
    if not pool.isActive():
        raise Missing(what, f"pool {name} is not active", remedy)
    return pool


def path(pool: libvirt.virStoragePool) -> str:
    """The folder of a pool, as its libvirtd sees it."""
    return tree.value(tree.parse(pool.XMLDesc(0)), "target/path")


def _fact(pool: libvirt.virStoragePool) -> Fact:
    _, capacity, _, available = pool.info()
    values: dict[str, str | int | bool] = {
        "path": path(pool),
        "capacityGib": capacity // GIB,
        "availableGib": available // GIB,
    }
    # libvirt keeps no word of ours on a pool; removal is safe anyway, as it refuses while anything is in it.
    return Fact(name=pool.name(), made=True, values=values)
