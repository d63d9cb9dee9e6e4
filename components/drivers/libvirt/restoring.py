"""What becomes of the trash of a libvirt host: a machine comes back, or is destroyed for ever.

Both are asked under the lease of admission, so that no address or room is given away twice. A restore defines the
machine whole in one write and forgets the record last; destroying takes the volumes first and the record last: a call
that died is finished by the next one.
"""

from collections.abc import Sequence

import libvirt

from components.drivers import trash as rules
from components.drivers.errors import NotOurs, Refused
from components.drivers.faults import Faults
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import networks, pools, trash, tree, volumes
from components.drivers.libvirt.admission import ADMISSION_S, Need, admit, memory_of
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.lease import Leases
from components.drivers.trash import Trashed


class Restoring:
    """Restores and destroys what lies in the trash of one host."""

    def __init__(self, connection: Connection, leases: Leases, faults: Faults) -> None:
        self._connection = connection
        self._leases = leases
        self._faults = faults

    def read(self) -> Sequence[Trashed]:
        """See `components.drivers.base.Driver.read_trash`."""
        with self._connection.edge(f"Unable to read the trash of {self._connection.host.name}") as handle:
            found = [record.found for pool in _pools(handle) for record in trash.read(handle, pool)]
            return tuple(sorted(found, key=lambda one: (one.ended, one.key)))

    def restore(self, key: str) -> None:
        """See `components.drivers.base.Driver.restore`; the machine is there afterwards."""
        host = self._connection.host
        what = f"Unable to restore {key} on {host.name}"
        with self._connection.edge(what) as handle:
            domain = machines.find(handle, rules.uuid_of(key))
            found = _find(handle, key)
            if found is not None:
                title = found[1].found.title
                self._restore(f"Unable to restore {title} on {host.name}", handle, key, found[0])
            elif domain is None:
                rules.need_whole(what, key, None)

    def empty(self, key: str, today: str, due: str) -> None:
        """See `components.drivers.base.Driver.empty`."""
        what = f"Unable to empty {key} from the trash of {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            found = _find(handle, key)
            if found is None:
                return
            pool = found[0]
            with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
                found = _find(handle, key)
                if found is None:
                    return
                rules.need_due(what, found[1].found, today, due)
                names = found[1].found.volumes.values()
                for name in names:
                    need_unused(what, handle, pool, key, name)
                for name in names:
                    lease.need()
                    with self._faults.step("empty.volume"):
                        volumes.remove(pool, name)
                with self._faults.step("empty.record"):
                    trash.remove(pool, key)

    def _restore(self, what: str, handle: libvirt.virConnect, key: str, pool: libvirt.virStoragePool) -> None:
        """Define what the record says and forget the record."""
        with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
            found = _find(handle, key)
            domain = machines.find(handle, rules.uuid_of(key))
            if found is None:
                return
            if domain is None:
                described = self._look(what, handle, pool, found[1])
                lease.need()
                with self._faults.step("restore.define"):
                    handle.defineXML(tree.text(described))
            else:
                notes = marks.find(machines.config(domain))
                rules.need_same(what, None if notes is None else notes.mark, found[1].found)
            with self._faults.step("restore.forget"):
                trash.remove(pool, key)

    def _look(
        self, what: str, handle: libvirt.virConnect, pool: libvirt.virStoragePool, record: trash.Record
    ) -> tree.Element:
        """Everything that could stand against it; the definition as it will be."""
        found = rules.need_whole(what, record.found.key, record.found)
        need_name_free(what, handle, found.name)
        described = tree.parse(record.xml)
        notes = marks.find(described)
        assert notes is not None
        taken = {}
        for domain in handle.listAllDomains(0):
            theirs = machines.config(domain)
            noted = marks.find(theirs)
            macs = [tree.attribute(nic, "mac", "address") for nic in theirs.iterfind("devices/interface")]
            addresses = [] if noted is None else [one for nic in noted.nics.values() for one in nic.addresses]
            taken[domain.name()] = [*macs, *addresses]
        rules.need_no_other(what, found, taken)
        for nic in described.iterfind("devices/interface"):
            mode = nic.get("type", "")
            if mode in ("network", "bridge"):
                attach = f"{mode}:{tree.attribute(nic, 'source', mode)}"
                networks.need(handle, what, attach, self._connection.host.name)
        with self._faults.step("restore.admit"):
            admit(what, handle, pool, Need(uuid=found.uuid, memory_mib=memory_of(described), disk_gib=0))
        marks.put(described, notes.marked(rules.returning(notes.mark)))
        return described


def need_name_free(what: str, handle: libvirt.virConnect, name: str) -> None:
    """Raises NotOurs when a machine of that name is on the host."""
    try:
        other = handle.lookupByName(name)
    except libvirt.libvirtError as problem:
        if not is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
            raise
    else:
        cause = f"another machine of that name is there, with UUID {other.UUIDString()}"
        raise NotOurs(what, cause, "Nothing was touched. Look at it with virsh dominfo, then rename or end it")


def need_unused(what: str, handle: libvirt.virConnect, pool: libvirt.virStoragePool, key: str, name: str) -> None:
    """Raises Refused when a machine, another volume or another record of the trash needs the volume."""
    path = trash.path_of(pool, name)
    user = trash.users(handle).get(path)
    needed = [f"machine {user}"] if user else []
    needed += [f"volume {other}" for other in volumes.users_of(pool, path)]
    for record in trash.read(handle, pool):
        if record.found.key != key and name in record.found.volumes.values():
            needed.append(f"what the trash keeps of {record.found.title} until {record.found.due}")
    if needed:
        raise Refused(what, f"{', '.join(needed)} needs {name}", "Nothing was destroyed")


def _find(handle: libvirt.virConnect, key: str) -> tuple[libvirt.virStoragePool, trash.Record] | None:
    """The record and the pool where it lies."""
    for pool in _pools(handle):
        for record in trash.read(handle, pool):
            if record.found.key == key:
                return pool, record
    return None


def _pools(handle: libvirt.virConnect) -> list[libvirt.virStoragePool]:
    """Every pool that we use, with its disk mounted and listed afresh."""
    found = []
    for pool in handle.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        volumes.refresh(pool)
        if pools.is_mounted(pool):
            found.append(pool)
    return found
