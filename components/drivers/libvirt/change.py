"""How a machine's limits change: live first, then the configuration and the mark in one write.

A call that dies in between leaves the old revision, so the next one does it again. A live set that fails is undone,
and what is then in force is read back by the caller. What grows (disks, vCPUs, memory) comes last and is not undone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import libvirt

from components.drivers import ownership
from components.drivers.base import MachineSpec, Mark
from components.drivers.errors import DriverError, Missing, Refused
from components.drivers.faults import Faults
from components.drivers.libvirt import live, patch, pools, sizes, tree, volumes
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.admission import ADMISSION_S, Need, admit, memory_mib
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.lease import Leases
from components.drivers.libvirt.power import wish_seen
from components.drivers.libvirt.probe import InForce, look

GIB = 1024**3


class Change:
    """Changes machines on one host."""

    def __init__(self, connection: Connection, leases: Leases, faults: Faults) -> None:
        self._connection = connection
        self._leases = leases
        self._faults = faults

    def run(self, spec: MachineSpec, mark: Mark) -> None:
        """See `components.drivers.base.Driver.update`."""
        what = f"Unable to change machine {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            domain = need(handle, what, spec.uuid)
            described = machines.config(domain)
            notes = expect(what, described, mark, lambda found: self._is_done(described, found, spec))
            if obstacle := sizes.obstacle(described, spec):
                raise Refused(what, obstacle, "Change its layout on the host (virsh edit), or keep its size")
            growing = self._growing(what, handle, described, spec)
            with self._admitted(what, handle, domain, described, notes, growing, spec) as still_ours:
                self._apply(what, handle, domain, described, notes, growing, spec, mark, still_ours)

    @contextmanager
    def _admitted(
        self,
        what: str,
        handle: libvirt.virConnect,
        domain: libvirt.virDomain,
        described: tree.Element,
        notes: marks.Notes,
        growing: dict[str, str],
        spec: MachineSpec,
    ) -> Iterator[Callable[[], None]]:
        """Room for what grows, kept until it is written; what doesn't grow needs none and waits for nobody.

        Gives a check that the room is still kept for us, to ask before writing.
        """
        before = memory_mib(domain, described)
        grown = sum(
            max(spec.disks[name].size_gib - notes.disks[name].size_gib, 0)
            for name in growing
            if spec.disks[name].standalone
        )
        wanted = Need(uuid=spec.uuid, memory_mib=spec.memory_mib if spec.memory_mib > before else 0, disk_gib=grown)
        if not wanted.memory_mib and not wanted.disk_gib:
            yield lambda: None
            return
        pool = pools.need(handle, what, notes.pool)
        with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
            with self._faults.step("update.admit"):
                admit(what, handle, pool, wanted)
            yield lease.need

    def _apply(
        self,
        what: str,
        handle: libvirt.virConnect,
        domain: libvirt.virDomain,
        described: tree.Element,
        notes: marks.Notes,
        growing: dict[str, str],
        spec: MachineSpec,
        mark: Mark,
        still_ours: Callable[[], None],
    ) -> None:
        active = not machines.is_off(machines.power(domain))
        done: list[live.Setting] = []
        left_out = ""
        try:
            for setting in live.caps(domain, described, notes, spec, self._look) if active else ():
                with self._faults.step(setting.step):
                    done.append(setting)
                    left_out = live.set_or_leave(setting) or left_out
            still_ours()
            for step, grow in live.growth(domain, _running(domain), spec) if active else ():
                with self._faults.step(step):
                    grow()
            for name, path in growing.items():
                with self._faults.step("update.sizeGib"):
                    self._grow(handle, domain, described, name, path, spec, active=active)
            with self._faults.step("update.define"):
                # Read again right before writing: somebody may have been quicker.
                described = machines.config(domain)
                notes = expect(what, described, mark, lambda found: self._is_done(described, found, spec))
                written = ownership.renewed(notes.mark, mark, seen=wish_seen(domain))
                limited = notes.limited(spec).marked(written)
                patch.limits(described, spec, limited.without_rates(left_out) if left_out else limited)
                still_ours()
                handle.defineXML(tree.text(described))
        except (libvirt.libvirtError, DriverError):
            live.undo(done)
            raise

    def _look(self) -> InForce:
        return look(self._connection.host)

    def _is_done(self, described: tree.Element, notes: marks.Notes, spec: MachineSpec) -> bool:
        """Whether the configuration already is as asked: then a revision one above is our own lost answer."""
        before = tree.text(described)
        wanted = tree.parse(before)
        patch.limits(wanted, spec, notes.limited(spec))
        return _canonical(wanted) == _canonical(tree.parse(before))

    def _growing(
        self, what: str, handle: libvirt.virConnect, described: tree.Element, spec: MachineSpec
    ) -> dict[str, str]:
        """The disks that shall be larger, by name, with their path. Raises Refused when one would shrink."""
        found: dict[str, str] = {}
        for name, disk in spec.disks.items():
            drive = patch.find_disk(described, name)
            path = "" if drive is None else volumes.source(handle, drive)
            size = volumes.capacity(handle, path) if path else None
            if size is None:
                raise Missing(
                    what,
                    f"the volume of disk {name} ({path or 'none'}) is gone",
                    "Bring the file back by hand; `vps trash list` shows what was ended",
                )
            # An adopted disk need not be a whole number of GiB.
            if disk.size_gib < size // GIB:
                raise Refused(
                    what,
                    f"disk {name} has {size // GIB} GiB and would shrink to {disk.size_gib} GiB, which cuts off data",
                    "Keep the larger size, or move the data to a new machine",
                )
            if disk.size_gib > size // GIB:
                found[name] = path
        return found

    def _grow(
        self,
        handle: libvirt.virConnect,
        domain: libvirt.virDomain,
        described: tree.Element,
        name: str,
        path: str,
        spec: MachineSpec,
        *,
        active: bool,
    ) -> None:
        size = spec.disks[name].size_gib * GIB
        if active:
            drive = patch.find_disk(described, name)
            assert drive is not None
            domain.blockResize(tree.attribute(drive, "target", "dev"), size, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
        else:
            handle.storageVolLookupByPath(path).resize(size, 0)


def need(handle: libvirt.virConnect, what: str, uuid: str) -> libvirt.virDomain:
    """The domain of that UUID. Raises Missing: it was delivered, so it is never created empty again."""
    domain = machines.find(handle, uuid)
    if domain is None:
        raise Missing(
            what,
            f"the host answered and holds no machine {uuid}",
            "Look on the host and in its trash (`vps trash list`); nothing is made anew in its place",
        )
    return domain


def expect(what: str, described: tree.Element, mark: Mark, is_done: Callable[[marks.Notes], bool]) -> marks.Notes:
    """Our notes in `described` when incarnation and revision are those of `mark`; raises NotOurs or Changed."""
    notes = marks.find(described)
    found = ownership.expect(what, None if notes is None else notes.mark, mark.incarnation)
    assert notes is not None
    ownership.expect_made(what, found)
    ownership.expect_revision(what, found, mark, already_done=is_done(notes))
    return notes


def _running(domain: libvirt.virDomain) -> tree.Element:
    return tree.glance(domain.XMLDesc(0))


def _canonical(element: tree.Element) -> str:
    return "".join(tree.text(element).split())
