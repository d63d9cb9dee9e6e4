"""How a machine comes into being on a host; the order of steps is what makes `kill -9` harmless.

The domain with its mark comes first, so that every volume of that name belongs to a machine that tells how far it is.
While the mark says `creating`, the domain has neither disk nor seed: it can't run on them, whoever starts it, and its
volumes are made anew at will. The one write that attaches them says `starting`, and from then on the disk is never
made again.
"""

import io
from dataclasses import replace

import libvirt

from components.drivers import origin, ownership
from components.drivers.base import MachineSpec, Mark, Phase
from components.drivers.errors import HostUnreachable, Interrupted, Missing, NotOurs, Refused
from components.drivers.faults import Faults
from components.drivers.libvirt import draft, guard, images, intake, networks, pools, trash, tree, volumes
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.admission import ADMISSION_S, admit, whole
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.domain_xml import add_drives
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.lease import Leases
from components.drivers.libvirt.power import Starter
from components.drivers.libvirt.remains import Remains
from components.drivers.libvirt.takeover import Takeover
from components.drivers.trash import need_free


class Creation:
    """Makes machines on one host."""

    def __init__(self, connection: Connection, leases: Leases, starter: Starter, faults: Faults) -> None:
        self._connection = connection
        self._remains = Remains(connection)
        self._takeover = Takeover(connection, leases, starter, faults)
        self._leases = leases
        self._starter = starter
        self._faults = faults

    def run(self, spec: MachineSpec, seed: bytes, mark: Mark) -> None:
        """Make, resume or take over; see `components.drivers.base.Driver.create`."""
        what = f"Unable to create machine {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            with self._faults.step("create.look"):
                domain = machines.find(handle, spec.uuid)
            if domain is None:
                domain, notes = self._begin(what, handle, spec, replace(mark, phase=Phase.CREATING))
            else:
                domain, notes = self._takeover.run(what, handle, domain, spec, mark)
        if notes.mark.phase is Phase.READY:
            return
        with self._remains.begun(what, spec.uuid), self._connection.edge(what) as handle:
            self._finish(what, handle, domain, spec, seed, notes)

    def finish(self, what: str, spec: MachineSpec, seed: bytes) -> None:
        """Go on with a machine that is `creating` until it is `ready`; what that leaves behind is Interrupted's."""
        with self._remains.begun(what, spec.uuid), self._connection.edge(what) as handle:
            domain = machines.find(handle, spec.uuid)
            notes = None if domain is None else marks.find(machines.config(domain))
            if domain is None or notes is None:
                raise Missing(what, "it is gone", "Look on the host")
            self._finish(what, handle, domain, spec, seed, notes)

    def _begin(
        self, what: str, handle: libvirt.virConnect, spec: MachineSpec, mark: Mark
    ) -> tuple[libvirt.virDomain, marks.Notes]:
        pool = pools.need(handle, what, spec.pool)
        for disk in spec.disks.values():
            if disk.origin is not None:
                origin.need(what, disk.origin, disk.size_gib)
                continue
            images.need(what, pool, disk.image, self._connection.host.name)
        for nic in spec.nics.values():
            networks.need(handle, what, nic.attach, self._connection.host.name)
            if nic.antispoof:
                guard.need(what, handle)
        notes = self._starter.notes(spec, mark)
        with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
            if (domain := machines.find(handle, spec.uuid)) is not None:
                return self._takeover.claim(what, handle, domain, spec, mark, lease)
            self._need_names(what, handle, pool, spec, notes)
            need_free(what, spec, mark.reinstall, [record.found for record in trash.read(handle, pool)])
            with self._faults.step("create.admit"):
                admit(what, handle, pool, whole(spec))
            lease.need()
            try:
                with (
                    self._remains.begun(what, spec.uuid),
                    self._connection.edge(what),
                    self._faults.step("create.define"),
                ):
                    return draft.define(handle, spec, notes), notes
            except Interrupted as problem:
                lost = isinstance(problem.__cause__, HostUnreachable)
                if problem.__cause__ is not None and not lost and self._remains.are_none(what, spec.uuid):
                    # The host refused the definition: nothing was made, and nothing is to be kept.
                    raise problem.__cause__ from None
                raise

    def _need_names(
        self,
        what: str,
        handle: libvirt.virConnect,
        pool: libvirt.virStoragePool,
        spec: MachineSpec,
        notes: marks.Notes,
    ) -> None:
        """Raises NotOurs or Refused when a name that we are going to use is taken."""
        try:
            other = handle.lookupByName(spec.name)
        except libvirt.libvirtError as problem:
            if not is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                raise
        else:
            raise NotOurs(
                what,
                f"another machine of that name is there, with UUID {other.UUIDString()}",
                "Nothing was touched. Look at it with virsh dominfo, then rename or end it",
            )
        volumes.refresh(pool)
        for name in (*(disk.volume for disk in notes.disks.values()), notes.seed):
            if volumes.find(pool, name) is not None:
                raise Refused(
                    what,
                    f"volume {name} is there without its machine: it may hold the client's data",
                    "Nothing was touched. Is it in `vps trash list`? Then `vps trash restore` brings it back. "
                    "If nobody needs it, move it away on the host",
                )

    def _finish(
        self,
        what: str,
        handle: libvirt.virConnect,
        domain: libvirt.virDomain,
        spec: MachineSpec,
        seed: bytes,
        notes: marks.Notes,
    ) -> None:
        pool = pools.need(handle, what, notes.pool)
        if notes.mark.phase is Phase.CREATING:
            self._volumes(what, handle, pool, domain, spec, seed, notes)
            # libvirt has no compare-and-set: without the lease, a run that takes over between our look and our write
            # would define it without disks after us, and we would start it so.
            held = self._leases.hold(what, pool, "admission", wait=ADMISSION_S)
            with held as lease, self._faults.step("create.starting"):
                notes = notes.marked(replace(notes.mark, phase=Phase.STARTING))
                described = draft.need_never_ran(what, domain, notes.mark.incarnation)
                add_drives(described, spec, notes, pool_path=pools.path(pool))
                marks.put(described, notes)
                lease.need()
                domain = handle.defineXML(tree.text(described))
        for name in (*(disk.volume for disk in notes.disks.values()), notes.seed):
            if name and volumes.find(pool, name) is None:
                raise Missing(
                    what,
                    f"volume {name} is gone",
                    "It is never made anew: bring it back by hand, then run again",
                )
        if spec.start and machines.is_off(machines.power(domain)):
            with self._faults.step("create.start"):
                found = marks.find(machines.config(domain))
                ownership.expect(what, None if found is None else found.mark, notes.mark.incarnation)
                domain = self._start(what, handle, domain, spec)
        with self._faults.step("create.ready"):
            found = marks.find(machines.config(domain))
            ownership.expect(what, None if found is None else found.mark, notes.mark.incarnation)
            marks.write(domain, (found or notes).marked(replace(notes.mark, phase=Phase.READY)))

    def _start(
        self, what: str, handle: libvirt.virConnect, domain: libvirt.virDomain, spec: MachineSpec
    ) -> libvirt.virDomain:
        try:
            domain = guard.bring(handle, domain, machines.config(domain), spec.nics)
            return self._starter.start(handle, domain, guarded=True)
        except libvirt.libvirtError as problem:
            if reason := guard.why_not(problem):
                raise guard.refusal(what, reason) from problem
            raise

    def _volumes(
        self,
        what: str,
        handle: libvirt.virConnect,
        pool: libvirt.virStoragePool,
        domain: libvirt.virDomain,
        spec: MachineSpec,
        seed: bytes,
        notes: marks.Notes,
    ) -> None:
        host = self._connection.host.name
        for name, disk in spec.disks.items():
            if disk.origin is not None:
                self._clear(what, pool, domain, notes.disks[name].volume, notes.mark.incarnation)
                with self._faults.step("create.disk"):
                    intake.bring(what, handle, pool, notes.disks[name].volume, disk, disk.origin)
                continue
            image = images.need(what, pool, disk.image, host)
            self._clear(what, pool, domain, notes.disks[name].volume, notes.mark.incarnation)
            with self._faults.step("create.disk"):
                volumes.make_disk(pool, notes.disks[name].volume, disk, image)
            # Whoever removes an image unpublishes it first and then looks for disks: one of us two sees the other.
            images.need(what, pool, disk.image, host)
        self._clear(what, pool, domain, notes.seed, notes.mark.incarnation)
        with self._faults.step("create.seed"):
            volume = volumes.make_raw(pool, notes.seed, len(seed))
            volumes.upload(handle, volume, io.BytesIO(seed), len(seed))

    def _clear(
        self, what: str, pool: libvirt.virStoragePool, domain: libvirt.virDomain, name: str, incarnation: str
    ) -> None:
        """Remove what a broken run left of a volume.

        Under the lease: a run that took the machine over meanwhile needs it to start on the volume of that name.
        """
        draft.need_never_ran(what, domain, incarnation)
        if volumes.find(pool, name) is None:
            return
        with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
            draft.need_never_ran(what, domain, incarnation)
            lease.need()
            volumes.remove(pool, name)
