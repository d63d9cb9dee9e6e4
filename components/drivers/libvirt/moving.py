"""A libvirt host's part in a move; `components.drivers.moving` has the order of steps."""

from collections.abc import Iterator
from dataclasses import replace

import libvirt

from components.drivers import ownership
from components.drivers.base import MachineSpec, Mark, Phase, Power
from components.drivers.errors import Missing, NotOurs, Refused
from components.drivers.faults import Faults
from components.drivers.gate import PAUSED, SEED, Parcel, Passport, Say, Standing, parts_of
from components.drivers.libvirt import guard, migration, networks, parking, pools, travel, tree, volumes
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.admission import ADMISSION_S, Need, admit
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.creation import write
from components.drivers.libvirt.ending import UNDEFINE
from components.drivers.libvirt.lease import Leases
from components.drivers.libvirt.power import Starter, stop

PIECE = 1024**2
"""Bytes of a volume that are on their way at a time."""


class LibvirtGate:
    """See `components.drivers.gate.Gate` for what each method promises."""

    def __init__(
        self, connection: Connection, leases: Leases, starter: Starter, faults: Faults, stop_seconds: float
    ) -> None:
        self.host = connection.host.name
        self.connection = connection
        self._leases = leases
        self._starter = starter
        self._faults = faults
        self._stop_seconds = stop_seconds

    def look(self, uuid: str) -> Standing | None:
        """See `Gate`."""
        what = f"Unable to read machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            domain = machines.find(handle, uuid)
            if domain is None:
                return None
            described = machines.config(domain)
            notes = marks.find(described)
            if notes is None:
                raise NotOurs(what, "it carries no mark of ours", "Nothing was touched. Look at it on the host")
            power = machines.power(domain)
            return Standing(
                mark=notes.mark,
                power=power,
                armed=not parking.is_parked(described),
                busy=not machines.is_off(power) and migration.is_busy(domain),
            )

    def note(self, uuid: str, mark: Mark, to: str) -> Passport:
        """See `Gate`."""
        what = f"Unable to move machine {uuid} from {self.host} to {to}"
        with self.connection.edge(what) as handle:
            domain, described, notes = self._mine(what, handle, uuid, mark.incarnation)
            if notes.mark.phase is not Phase.READY:
                raise Refused(what, f"it is {notes.mark.phase}", "Run `vps up`, which finishes that first")
            wanted = f"to:{to}"
            noted = notes.mark.move == wanted
            if not noted:
                ownership.expect_revision(what, notes.mark, mark, already_done=False)
                travel.need_fit(what, domain, described, notes)
                power = machines.power(domain)
                if power is Power.PAUSED:
                    raise Refused(what, PAUSED, "Nothing was touched. Resume it or stop it, then move it")
                wish = (Power.RUNNING if power is Power.RUNNING else Power.OFF).value
                with self._faults.step("move.note"):
                    fresh = replace(notes.mark, move=wanted, wish=wish, revision=notes.mark.revision + 1)
                    notes = notes.marked(fresh)
                    write(domain, notes)
            seeded = parking.find_seed(parking.armed(described), notes) is not None
            return Passport(
                uuid=uuid,
                mark=notes.mark,
                parts=parts_of(list(notes.disks), seeded=seeded),
                described=tree.text(parking.armed(described)),
            )

    def halt(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        what = f"Unable to shut machine {uuid} down on {self.host}"
        with self.connection.edge(what) as handle:
            domain, _, _ = self._mine(what, handle, uuid, incarnation)
            with self._faults.step("move.halt"):
                stop(domain, self._stop_seconds)

    def send(self, uuid: str, incarnation: str, part: str) -> Parcel:
        """See `Gate`. A disk that stands on a golden image becomes a whole one beside it first, for the time being."""
        what = f"Unable to read {part} of machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            domain, described, notes = self._mine(what, handle, uuid, incarnation)
            if part != SEED and not machines.is_off(machines.power(domain)):
                raise Refused(what, "its guest runs", "Nothing was copied. Run again")
            path = travel.path_of(what, handle, described, notes, part)
            volume = handle.storageVolLookupByPath(path)
            with self._faults.step("move.send"):
                if travel.stands_on_another(volume):
                    volume = travel.make_whole(what, handle, volume, notes, part)
            length = volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
        return Parcel(length=length, pieces=self._pieces(what, volume.path()))

    def park(self, uuid: str, incarnation: str, *, left: bool) -> None:
        """See `Gate`."""
        what = f"Unable to take machine {uuid} from {self.host}"
        with self.connection.edge(what) as handle:
            domain, described, notes = self._mine(what, handle, uuid, incarnation)
            if left and not machines.is_off(machines.power(domain)):
                raise Refused(what, "its guest runs", "Nothing was touched. Run again")
            parking.park(described)
            phase = Phase.LEFT if left else notes.mark.phase
            with self._faults.step("move.park"):
                self._define(handle, described, notes, phase=phase)

    def stay(self, uuid: str, incarnation: str) -> None:
        """See `Gate`. The note goes last: a call that died is repeated until the guest runs again."""
        what = f"Unable to keep machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            domain, described, notes = self._mine(what, handle, uuid, incarnation)
            if notes.mark.phase is Phase.LEFT:
                raise Refused(what, "it has left this host", "Run `vps up`, which ends the move")
            if not notes.mark.move:
                return
            with self._faults.step("move.stay"):
                if parking.is_parked(described):
                    parking.unpark(described)
                    domain = self._define(handle, described, notes)
                power = machines.power(domain)
                if power is Power.PAUSED:
                    domain.resume()
                elif machines.is_off(power) and notes.mark.wish == Power.RUNNING:
                    domain = self._starter.start(handle, domain)
                travel.remove_whole(handle, notes)
                found = marks.find(machines.config(domain)) or notes
                write(domain, found.marked(replace(found.mark, move="", revision=found.mark.revision + 1)))

    def clear(self, uuid: str, incarnation: str, to: str, due: str) -> None:
        """See `Gate`."""
        what = f"Unable to clear machine {uuid}, which is on {to} now, from {self.host}"
        with self.connection.edge(what) as handle:
            domain = machines.find(handle, uuid)
            if domain is None:
                return
            domain, described, notes = self._mine(what, handle, uuid, incarnation)
            if not parking.is_parked(described):
                raise Refused(what, "its disks are attached", "Nothing was touched. Look at both hosts")
            if machines.power(domain) is Power.PAUSED:
                # What is left of a guest that libvirt took over to the other host and lost count of.
                domain.destroy()
            if not machines.is_off(machines.power(domain)):
                raise Refused(what, "its guest runs here", "Nothing was touched. Look at both hosts at once")
            if notes.mark.phase is not Phase.LEFT:
                domain = self._define(handle, described, notes, phase=Phase.LEFT)
                notes = marks.find(machines.config(domain)) or notes
            travel.remove_whole(handle, notes)
            with self._faults.step("move.trash"):
                travel.record(what, handle, described, notes, to=to, due=due)
            with self._faults.step("move.clear"):
                domain.undefineFlags(UNDEFINE)

    def migrate(self, uuid: str, incarnation: str, target: "LibvirtGate", say: Say) -> None:
        """See `Gate`. Client-driven: the hosts need not be able to log in to each other."""
        what = f"Unable to move machine {uuid} live from {self.host} to {target.host}"
        with self.connection.edge(what) as here, target.connection.edge(what) as there:
            domain, _, _ = self._mine(what, here, uuid, incarnation)
            _, arriving, notes = target._mine(what, there, uuid, incarnation)  # noqa: SLF001 - of the same class
            pool = pools.need(there, what, notes.pool)
            with target._faults.step("move.room"):  # noqa: SLF001 - of the same class
                travel.make_room(what, domain, arriving, pool, notes)
            self.park(uuid, incarnation, left=False)
            described = parking.armed(arriving)
            mark = replace(notes.mark, phase=Phase.READY, move="", revision=notes.mark.revision + 1)
            marks.put(described, notes.marked(mark))
            with self._faults.step("move.migrate"):
                migration.migrate(what, domain, there, described, say)

    def arrive(self, passport: Passport, spec: MachineSpec, source: str) -> None:
        """See `Gate`."""
        what = f"Unable to take machine {spec.name} from {source} on {self.host}"
        with self.connection.edge(what) as handle:
            pool = pools.need(handle, what, spec.pool)
            for nic in spec.nics.values():
                networks.need(handle, what, nic.attach, self.host)
                if nic.antispoof:
                    guard.need(what, handle)
            described = tree.parse(passport.described)
            notes = marks.find(described)
            assert notes is not None
            self._starter.learn()
            fresh = travel.fresh_notes(notes, spec, self._starter.rates_left_out)
            mark = replace(
                passport.mark, phase=Phase.ARRIVING, move=f"from:{source}", revision=passport.mark.revision + 1
            )
            parking.rehouse(described, notes, fresh, pool_path=pools.path(pool))
            travel.connect(described, spec, fresh)
            parking.park(described)
            marks.put(described, fresh.marked(mark))
            disk_gib = sum(disk.size_gib for disk in fresh.disks.values())
            need = Need(uuid=spec.uuid, memory_mib=travel.memory_mib(described), disk_gib=disk_gib)
            with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
                if machines.find(handle, passport.uuid) is not None:
                    return
                admit(what, handle, pool, need)
                lease.need()
                with self._faults.step("move.arrive"):
                    handle.defineXML(tree.text(described))

    def receive(self, uuid: str, incarnation: str, part: str, parcel: Parcel) -> None:
        """See `Gate`."""
        what = f"Unable to write {part} of machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            _, notes = self._arriving(what, handle, uuid, incarnation)
            pool = pools.need(handle, what, notes.pool)
            name = travel.volume_of(notes, part)
            volumes.remove(pool, name)
            with self._faults.step("move.copy"):
                volume = volumes.make_raw(pool, name, parcel.length)
                volumes.fill(handle, volume, parcel.pieces, parcel.length)

    def digest(self, uuid: str, incarnation: str, part: str) -> str:
        """See `Gate`."""
        what = f"Unable to read {part} of machine {uuid} back on {self.host}"
        with self.connection.edge(what) as handle, self._faults.step("move.verify"):
            _, notes = self._arriving(what, handle, uuid, incarnation)
            pool = pools.need(handle, what, notes.pool)
            found = volumes.digest(handle, pool.storageVolLookupByName(travel.volume_of(notes, part)))
            volumes.refresh(pool)
            return found

    def arm(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        what = f"Unable to take machine {uuid} over on {self.host}"
        with self.connection.edge(what) as handle:
            _, described, notes = self._mine(what, handle, uuid, incarnation)
            if notes.mark.phase is Phase.READY and not parking.is_parked(described):
                return
            self._arriving(what, handle, uuid, incarnation)
            pool = pools.need(handle, what, notes.pool)
            for part in parts_of(list(notes.disks), seeded=bool(notes.seed)):
                if volumes.find(pool, travel.volume_of(notes, part)) is None:
                    raise Missing(what, f"volume {travel.volume_of(notes, part)} is not there", "Nothing was touched")
            parking.unpark(described)
            with self._faults.step("move.arm"):
                self._define(handle, described, notes, phase=Phase.READY, move="")

    def disarm(self, uuid: str, incarnation: str, source: str) -> None:
        """See `Gate`."""
        what = f"Unable to put the copy of machine {uuid} aside on {self.host}"
        with self.connection.edge(what) as handle:
            domain, described, notes = self._mine(what, handle, uuid, incarnation)
            if not machines.is_off(machines.power(domain)):
                raise Refused(what, "its guest runs", "Nothing was touched. Look at both hosts at once")
            parking.park(described)
            self._define(handle, described, notes, phase=Phase.ARRIVING, move=f"from:{source}")

    def start(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        what = f"Unable to start machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            domain, _, _ = self._mine(what, handle, uuid, incarnation)
            if machines.is_off(machines.power(domain)):
                with self._faults.step("move.start"):
                    self._starter.start(handle, domain)

    def forget(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        what = f"Unable to remove what arrived of machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            if machines.find(handle, uuid) is None:
                return
            domain, notes = self._arriving(what, handle, uuid, incarnation)
            pool = pools.need(handle, what, notes.pool)
            with self._faults.step("move.forget"):
                for part in parts_of(list(notes.disks), seeded=bool(notes.seed)):
                    volumes.remove(pool, travel.volume_of(notes, part))
                domain.undefineFlags(UNDEFINE)

    def _mine(
        self, what: str, handle: libvirt.virConnect, uuid: str, incarnation: str
    ) -> tuple[libvirt.virDomain, tree.Element, marks.Notes]:
        domain = machines.find(handle, uuid)
        if domain is None:
            raise Missing(what, f"{self.host} holds no machine {uuid}", "Nothing was touched. Run again")
        described = machines.config(domain)
        notes = marks.find(described)
        ownership.expect(what, None if notes is None else notes.mark, incarnation)
        assert notes is not None
        return domain, described, notes

    def _arriving(
        self, what: str, handle: libvirt.virConnect, uuid: str, incarnation: str
    ) -> tuple[libvirt.virDomain, marks.Notes]:
        """What arrived and is nobody's machine yet: only its volumes may be written or removed."""
        domain, described, notes = self._mine(what, handle, uuid, incarnation)
        off = machines.is_off(machines.power(domain))
        if notes.mark.phase is not Phase.ARRIVING or not parking.is_parked(described) or not off:
            raise Refused(what, "it is no mere copy any more", "Nothing was touched. Look at both hosts")
        return domain, notes

    def _define(
        self,
        handle: libvirt.virConnect,
        described: tree.Element,
        notes: marks.Notes,
        *,
        phase: Phase | None = None,
        move: str | None = None,
    ) -> libvirt.virDomain:
        mark = replace(
            notes.mark,
            phase=phase or notes.mark.phase,
            move=notes.mark.move if move is None else move,
            revision=notes.mark.revision + 1,
        )
        marks.put(described, notes.marked(mark))
        return handle.defineXML(tree.text(described))

    def _pieces(self, what: str, path: str) -> Iterator[bytes]:
        with self.connection.edge(what) as handle:
            yield from volumes.pieces(handle, handle.storageVolLookupByPath(path), PIECE)
