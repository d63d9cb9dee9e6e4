"""What a libvirt host does of a move where the machine leaves; `components.drivers.moving` has the order of steps."""

from collections.abc import Iterator
from dataclasses import replace

import libvirt

from components.drivers import ownership
from components.drivers.base import Mark, Phase, Power
from components.drivers.errors import Refused
from components.drivers.gate import PAUSED, SEED, Parcel, Passport, parts_of
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import parking, travel, tree, volumes
from components.drivers.libvirt.ending import UNDEFINE
from components.drivers.libvirt.power import stop
from components.drivers.libvirt.side import Side

PIECE = 1024**2
"""Bytes of a volume that are on their way at a time."""


class Leaving(Side):
    """The leaving half of `components.drivers.gate.Gate`."""

    def note(self, uuid: str, mark: Mark, to: str) -> Passport:
        """See `Gate`."""
        what = f"Unable to move machine {uuid} from {self.host} to {to}"
        with self.connection.edge(what) as handle:
            domain, described, notes = self._mine(what, handle, uuid, mark.incarnation)
            if notes.mark.phase is not Phase.READY:
                raise Refused(what, f"it is {notes.mark.phase}", "Run `vps up`, which finishes that first")
            wanted = f"to:{to}"
            noted = notes.mark.move == wanted
            started = noted and machines.power(domain) is Power.RUNNING and notes.mark.wish != Power.RUNNING
            if started:
                notes = notes.marked(replace(notes.mark, wish="running", revision=notes.mark.revision + 1))
                marks.write(domain, notes)
            if not noted:
                ownership.expect_revision(what, notes.mark, mark, already_done=False)
                travel.need_fit(what, domain, described, notes)
                power = machines.power(domain)
                if power is Power.PAUSED:
                    raise Refused(what, PAUSED, "Nothing was touched. Resume it or stop it, then move it")
                wish = ownership.wish_along(notes.mark, runs=power is Power.RUNNING)
                with self._faults.step("move.note"):
                    fresh = replace(notes.mark, move=wanted, wish=wish, revision=notes.mark.revision + 1)
                    notes = notes.marked(fresh)
                    marks.write(domain, notes)
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

    def stay(self, uuid: str, incarnation: str, *, back: bool = False) -> None:
        """See `Gate`. The note goes last: a call that died is repeated until the guest runs again."""
        what = f"Unable to keep machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            domain, described, notes = self._mine(what, handle, uuid, incarnation)
            if notes.mark.phase is Phase.LEFT and not back:
                raise Refused(what, "it has left this host", "Run `vps up`, which ends the move")
            if not notes.mark.move:
                return
            with self._faults.step("move.stay"):
                if parking.is_parked(described):
                    parking.unpark(described)
                    domain = self._define(handle, described, notes, phase=Phase.READY)
                power = machines.power(domain)
                if power is Power.PAUSED:
                    domain.resume()
                elif machines.is_off(power) and notes.mark.wish == Power.RUNNING:
                    domain = self._starter.start(handle, domain)
                travel.remove_whole(handle, notes)
                found = marks.find(machines.config(domain)) or notes
                marks.write(domain, found.marked(replace(found.mark, move="", revision=found.mark.revision + 1)))

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

    def _pieces(self, what: str, path: str) -> Iterator[bytes]:
        with self.connection.edge(what) as handle:
            yield from volumes.pieces(handle, handle.storageVolLookupByPath(path), PIECE)
