"""What a libvirt host does of a move where the machine arrives; `components.drivers.moving` has the order of steps."""

from dataclasses import replace

import libvirt

from components.drivers.base import MachineSpec, Phase
from components.drivers.errors import Missing, Refused
from components.drivers.gate import Parcel, Passport, parts_of
from components.drivers.libvirt import guard, networks, parking, pools, travel, tree, volumes
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.admission import ADMISSION_S, Need, admit
from components.drivers.libvirt.ending import UNDEFINE
from components.drivers.libvirt.side import Side


class Arriving(Side):
    """The arriving half of `components.drivers.gate.Gate`."""

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

    def _arriving(
        self, what: str, handle: libvirt.virConnect, uuid: str, incarnation: str
    ) -> tuple[libvirt.virDomain, marks.Notes]:
        """What arrived and is nobody's machine yet: only its volumes may be written or removed."""
        domain, described, notes = self._mine(what, handle, uuid, incarnation)
        off = machines.is_off(machines.power(domain))
        if notes.mark.phase is not Phase.ARRIVING or not parking.is_parked(described) or not off:
            raise Refused(what, "it is no mere copy any more", "Nothing was touched. Look at both hosts")
        return domain, notes
