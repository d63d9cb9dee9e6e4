"""A libvirt host's part in a move; `components.drivers.moving` has the order of steps."""

from dataclasses import replace

from components.drivers.base import Phase, Say
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import migration, parking, pools, travel
from components.drivers.libvirt.arriving import Arriving
from components.drivers.libvirt.leaving import Leaving


class LibvirtGate(Leaving, Arriving):
    """See `components.drivers.gate.Gate` for what each method promises."""

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

    def start(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        what = f"Unable to start machine {uuid} on {self.host}"
        with self.connection.edge(what) as handle:
            domain, _, _ = self._mine(what, handle, uuid, incarnation)
            if machines.is_off(machines.power(domain)):
                with self._faults.step("move.start"):
                    self._starter.start(handle, domain)
