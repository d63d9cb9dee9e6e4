"""How a machine ends: stopped, its definition kept in a record (`trash`), its disks left in place, undefined."""

from dataclasses import replace

import libvirt

from components.drivers import ownership
from components.drivers.base import Phase
from components.drivers.errors import Refused
from components.drivers.faults import Faults
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import pools, trash, volumes
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.power import stop
from components.drivers.trash import ENDED, key_of

UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
)
"""A machine may come back, so its firmware's variables stay beside its disks."""


class Ending:
    """Ends machines on one host."""

    def __init__(self, connection: Connection, faults: Faults, stop_seconds: float) -> None:
        self._connection = connection
        self._faults = faults
        self._stop_seconds = stop_seconds

    def run(self, uuid: str, incarnation: str, due: str = "") -> None:
        """See `components.drivers.base.Driver.delete`."""
        what = f"Unable to end machine {uuid} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            domain = machines.find(handle, uuid)
            if domain is None:
                return
            described = machines.config(domain)
            notes = marks.find(described)
            mark = ownership.expect(what, None if notes is None else notes.mark, incarnation)
            assert notes is not None
            ownership.expect_settled(what, mark)
            if mark.phase is Phase.CREATING:
                if domain.isActive():
                    raise Refused(
                        what,
                        "it was never finished, yet somebody started it",
                        "Nothing was touched. Look at what runs there, stop it on the host, then run again",
                    )
                # One that ran once ends as a delivered machine does: its disk may hold data and becomes trash.
                if not machines.may_have_run(domain, described):
                    self._forget(what, handle, domain, notes)
                    return
            with self._faults.step("delete.ending"):
                marks.write(domain, notes.marked(replace(mark, phase=Phase.ENDING)))
            with self._faults.step("delete.stop"):
                stop(domain, self._stop_seconds)
            with self._faults.step("delete.trash"):
                pool = pools.need(handle, what, notes.pool)
                trash.write(handle, pool, key_of(uuid), described, notes, why=ENDED, due=due)
            with self._faults.step("delete.undefine"):
                if domain.isActive():
                    # Undefined while it runs, it would go on unseen on a disk that the trash may destroy.
                    raise Refused(what, "somebody started it again", "Its disks stay in the trash. Run again")
                domain.undefineFlags(UNDEFINE)

    def _forget(self, what: str, handle: libvirt.virConnect, domain: libvirt.virDomain, notes: marks.Notes) -> None:
        """A machine that never ran holds nothing of the client: its volumes go, and their names are free again."""
        pool = pools.need(handle, what, notes.pool)
        for name in filter(None, (*(disk.volume for disk in notes.disks.values()), notes.seed)):
            volumes.remove(pool, name)
        with self._faults.step("delete.undefine"):
            domain.undefineFlags(UNDEFINE)
