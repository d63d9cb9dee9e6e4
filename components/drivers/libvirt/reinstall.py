"""How a machine gets a new disk under its own identity; the old disk goes to the trash, nothing is overwritten.

Stop, note the old installation in the trash, then one write that takes disks and seed out of the definition and says
`creating` under the next number: before it the machine is the old one, after it Create goes on as with a new one. The
new volumes have names of their own. Everything else of the definition (addresses, devices, slots) stays.
"""

from dataclasses import replace

import libvirt

from components.drivers import ownership
from components.drivers.base import MachineSpec, Mark, Phase
from components.drivers.errors import Refused
from components.drivers.faults import Faults
from components.drivers.libvirt import images, patch, pools, trash, tree, volumes
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.admission import ADMISSION_S, admit, whole
from components.drivers.libvirt.change import need
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.domain_xml import notes_for
from components.drivers.libvirt.lease import Leases
from components.drivers.libvirt.power import stop
from components.drivers.trash import REINSTALLED, key_of


class Reinstall:
    """Brings machines of one host to `creating` under their next number."""

    def __init__(self, connection: Connection, leases: Leases, faults: Faults, stop_seconds: float) -> None:
        self._connection = connection
        self._leases = leases
        self._faults = faults
        self._stop_seconds = stop_seconds

    def run(self, spec: MachineSpec, mark: Mark, due: str) -> None:
        """The part of `components.drivers.base.Driver.reinstall` that comes before the new disk is made."""
        host = self._connection.host.name
        what = f"Unable to reinstall machine {spec.name} on {host}"
        with self._connection.edge(what) as handle:
            domain = need(handle, what, spec.uuid)
            described = machines.config(domain)
            notes = marks.find(described)
            found = ownership.expect(what, None if notes is None else notes.mark, mark.incarnation)
            assert notes is not None
            ownership.expect_reinstall(what, found, mark)
            if found.phase is Phase.CREATING:
                return
            wanted = _next(notes, spec, mark)
            pool = pools.need(handle, what, notes.pool)
            for disk in spec.disks.values():
                images.need(what, pool, disk.image, host)
            _need_names(what, pool, wanted)
            with self._leases.hold(what, pool, "admission", wait=ADMISSION_S), self._faults.step("reinstall.admit"):
                admit(what, handle, pool, whole(spec))
            with self._faults.step("reinstall.stop"):
                stop(domain, self._stop_seconds)
            with self._faults.step("reinstall.trash"):
                trash.write(
                    handle, pool, key_of(spec.uuid, found.reinstall), described, notes, why=REINSTALLED, due=due
                )
            with self._faults.step("reinstall.detach"):
                # Read again right before writing: somebody may have been quicker.
                described = machines.config(domain)
                noted = marks.find(described)
                ownership.expect_reinstall(
                    what, ownership.expect(what, None if noted is None else noted.mark, mark.incarnation), mark
                )
                self._need_off(what, domain)
                if domain.hasManagedSaveImage(0):
                    # A start would go on from it, on the old disk.
                    domain.managedSaveRemove(0)
                handle.defineXML(tree.text(_without_drives(described, notes, wanted)))

    @staticmethod
    def _need_off(what: str, domain: libvirt.virDomain) -> None:
        if domain.isActive():
            raise Refused(what, "somebody started it again", "Its disk was not touched. Stop it, then run again")


def _next(notes: marks.Notes, spec: MachineSpec, mark: Mark) -> marks.Notes:
    """Our notes under the next number, with the volumes of the next installation in the same pool."""
    number = mark.reinstall + 1
    fresh = replace(
        notes.mark, phase=Phase.CREATING, reinstall=number, urn=mark.urn, revision=mark.revision + 1, wish="running"
    )
    named = notes_for(spec, fresh)
    disks = {name: replace(note, volume=named.disks[name].volume) for name, note in notes.disks.items()}
    return replace(notes, mark=fresh, seed=named.seed, disks=disks)


def _need_names(what: str, pool: libvirt.virStoragePool, notes: marks.Notes) -> None:
    volumes.refresh(pool)
    for name in (*(disk.volume for disk in notes.disks.values()), notes.seed):
        if volumes.find(pool, name) is not None:
            remedy = "Nothing was touched. Look at the volume; if nobody needs it, move it away on the host"
            raise Refused(what, f"volume {name} is there already", remedy)


def _without_drives(described: tree.Element, before: marks.Notes, after: marks.Notes) -> tree.Element:
    """The definition without our disks and seed; a foreign disk stays."""
    devices = tree.child(described, "devices")
    for name in before.disks:
        drive = patch.find_disk(described, name, before)
        if drive is not None:
            devices.remove(drive)
    for drive in devices.findall("disk"):
        if before.seed and tree.attribute(drive, "source", "file").rpartition("/")[2] == before.seed:
            devices.remove(drive)
    marks.put(described, after)
    return described
