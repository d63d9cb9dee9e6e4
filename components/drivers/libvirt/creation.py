"""How a machine comes into being on a host; the order of steps is what makes `kill -9` harmless.

The domain with its mark comes first, so that every volume of that name belongs to a machine that tells how far it is.
While the mark says `creating`, the domain has neither disk nor seed: it can't run on them, whoever starts it, and its
volumes are made anew at will. The one write that attaches them says `starting`, and from then on the disk is never
made again.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import libvirt

from components.drivers import origin, ownership
from components.drivers.base import Machine, MachineSpec, Mark, Phase
from components.drivers.errors import DriverError, HostUnreachable, Interrupted, Missing, NotOurs, Refused
from components.drivers.faults import Faults
from components.drivers.libvirt import guard, images, intake, networks, patch, pools, trash, tree, volumes
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.admission import ADMISSION_S, admit, whole
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.domain_xml import add_drives, notes_for, render
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.lease import Leases
from components.drivers.libvirt.power import Starter
from components.drivers.libvirt.probe import look
from components.drivers.trash import need_free


class Creation:
    """Makes machines on one host."""

    def __init__(self, connection: Connection, leases: Leases, starter: Starter, faults: Faults) -> None:
        self._connection = connection
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
                domain, notes = self._take_over(what, handle, domain, spec, mark)
        if notes.mark.phase is Phase.READY:
            return
        with self.begun(what, spec.uuid), self._connection.edge(what) as handle:
            self._finish(what, handle, domain, spec, seed, notes)

    def finish(self, what: str, spec: MachineSpec, seed: bytes) -> None:
        """Go on with a machine that is `creating` until it is `ready`; what that leaves behind is Interrupted's."""
        with self.begun(what, spec.uuid), self._connection.edge(what) as handle:
            domain = machines.find(handle, spec.uuid)
            notes = None if domain is None else marks.find(machines.config(domain))
            if domain is None or notes is None:
                raise Missing(what, "it is gone", "Look on the host")
            self._finish(what, handle, domain, spec, seed, notes)

    @contextmanager
    def begun(self, what: str, uuid: str) -> Iterator[None]:
        """Steps that may have made or changed something: every error becomes Interrupted, with what is there."""
        try:
            yield
        except DriverError as problem:
            remedy = problem.remedy or "Run again: it goes on from here"
            raise Interrupted(what, problem.cause, remedy, self._remains(what, uuid, problem)) from problem

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
        notes = self._notes(spec, mark)
        with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
            if (domain := machines.find(handle, spec.uuid)) is not None:
                return self._claim(what, handle, domain, spec, mark)
            self._need_names(what, handle, pool, spec, notes)
            need_free(what, spec, mark.reinstall, [record.found for record in trash.read(handle, pool)])
            with self._faults.step("create.admit"):
                admit(what, handle, pool, whole(spec))
            lease.need()
            try:
                with self.begun(what, spec.uuid), self._connection.edge(what), self._faults.step("create.define"):
                    return self._define(handle, spec, notes), notes
            except Interrupted as problem:
                lost = isinstance(problem.__cause__, HostUnreachable)
                if problem.__cause__ is not None and not lost and self._answers_none(what, spec.uuid):
                    # The host refused the definition: nothing was made, and nothing is to be kept.
                    raise problem.__cause__ from None
                raise

    def _notes(self, spec: MachineSpec, mark: Mark) -> marks.Notes:
        self._starter.learn()
        return notes_for(spec, mark).without_rates(self._starter.rates_left_out)

    def _define(self, handle: libvirt.virConnect, spec: MachineSpec, notes: marks.Notes) -> libvirt.virDomain:
        return handle.defineXML(render(spec, notes, accelerated=_accelerated(handle)))

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

    def _take_over(
        self, what: str, handle: libvirt.virConnect, domain: libvirt.virDomain, spec: MachineSpec, mark: Mark
    ) -> tuple[libvirt.virDomain, marks.Notes]:
        """Claim what is there; while it is not attached to its disks yet, no other run may attach them meanwhile."""
        notes = marks.find(machines.config(domain))
        if notes is None or notes.mark.phase is not Phase.CREATING:
            return self._claim(what, handle, domain, spec, mark)
        pool = pools.need(handle, what, notes.pool)
        with self._leases.hold(what, pool, "admission", wait=ADMISSION_S):
            return self._claim(what, handle, domain, spec, mark)

    def _claim(
        self, what: str, handle: libvirt.virConnect, domain: libvirt.virDomain, spec: MachineSpec, mark: Mark
    ) -> tuple[libvirt.virDomain, marks.Notes]:
        """Go on with what is there, under the new incarnation; under the lease while it is `creating`."""
        notes = marks.find(machines.config(domain))
        claimed = ownership.claim(what, None if notes is None else notes.mark, mark)
        assert notes is not None
        # What never ran is defined as it is wanted now, not as it was wanted then.
        fresh = self._notes(spec, claimed) if claimed.phase is Phase.CREATING else notes.marked(claimed)
        if claimed.phase is Phase.CREATING:
            _need_never_ran(what, domain, notes.mark.incarnation)
        with self.begun(what, spec.uuid), self._connection.edge(what), self._faults.step("create.claim"):
            if claimed.phase is Phase.CREATING and claimed.reinstall:
                # It may be delivered already, so its definition is more than we could render.
                described = machines.config(domain)
                patch.limits(described, spec, fresh)
                return handle.defineXML(tree.text(described)), fresh
            if claimed.phase is Phase.CREATING:
                return self._define(handle, spec, fresh), fresh
            write(domain, fresh)
            return domain, fresh

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
                described = _need_never_ran(what, domain, notes.mark.incarnation)
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
            write(domain, (found or notes).marked(replace(notes.mark, phase=Phase.READY)))

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
                _need_never_ran(what, domain, notes.mark.incarnation)
                with self._faults.step("create.disk"):
                    intake.bring(what, handle, pool, notes.disks[name].volume, disk, disk.origin)
                continue
            image = images.need(what, pool, disk.image, host)
            _need_never_ran(what, domain, notes.mark.incarnation)
            volumes.remove(pool, notes.disks[name].volume)
            with self._faults.step("create.disk"):
                volumes.make_disk(pool, notes.disks[name].volume, disk, image)
            # Whoever removes an image unpublishes it first and then looks for disks: one of us two sees the other.
            images.need(what, pool, disk.image, host)
        _need_never_ran(what, domain, notes.mark.incarnation)
        volumes.remove(pool, notes.seed)
        with self._faults.step("create.seed"):
            volume = volumes.make_raw(pool, notes.seed, len(seed))
            volumes.upload(handle, volume, io.BytesIO(seed), len(seed))

    def _remains(self, what: str, uuid: str, problem: DriverError) -> Machine | None:
        if isinstance(problem, HostUnreachable):
            return None
        try:
            with self._connection.edge(what) as handle:
                domain = machines.find(handle, uuid)
                if domain is None:
                    return None
                return machines.facts(handle, domain, machines.config(domain), look(self._connection.host))
        except DriverError:
            return None

    def _answers_none(self, what: str, uuid: str) -> bool:
        try:
            with self._connection.edge(what) as handle:
                return machines.find(handle, uuid) is None
        except DriverError:
            return False


def _need_never_ran(what: str, domain: libvirt.virDomain, incarnation: str) -> tree.Element:
    """The configuration of a machine that is still `creating`, under `incarnation`.

    Raises NotOurs when another run took it over meanwhile, and Refused when it runs or may have run: its disk may
    hold data.
    """
    described = machines.config(domain)
    notes = marks.find(described)
    ownership.expect(what, None if notes is None else notes.mark, incarnation)
    if machines.may_have_run(domain, described):
        raise Refused(
            what,
            "it is not finished, yet it was started by somebody else, so its disk may hold data",
            "Its volumes were not touched. Stop it and look at them; if nobody needs them, undefine it and move them "
            "away on the host, then run again",
        )
    return described


def write(domain: libvirt.virDomain, notes: marks.Notes) -> None:
    """Write our metadata element into the configuration and touch nothing else."""
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT,
        marks.bare(notes),
        marks.PREFIX,
        marks.NAMESPACE,
        libvirt.VIR_DOMAIN_AFFECT_CONFIG,
    )


def _accelerated(handle: libvirt.virConnect) -> bool:
    """Whether the host offers KVM; the lab hides /dev/kvm where it doesn't really run a guest."""
    for arch in tree.parse(handle.getCapabilities()).iterfind("guest/arch"):
        if arch.get("name") == "x86_64":
            return any(kind.get("type") == "kvm" for kind in arch.iterfind("domain"))
    return False
