"""Going on with a machine that is there already: claimed under the incarnation of the run that takes it over."""

import libvirt

from components.drivers import ownership
from components.drivers.base import MachineSpec, Mark, Phase
from components.drivers.errors import Changed
from components.drivers.faults import Faults
from components.drivers.libvirt import draft, patch, pools, tree
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.admission import ADMISSION_S
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.lease import Held, Leases
from components.drivers.libvirt.power import Starter
from components.drivers.libvirt.remains import Remains


class Takeover:
    """Claims machines on one host."""

    def __init__(self, connection: Connection, leases: Leases, starter: Starter, faults: Faults) -> None:
        self._connection = connection
        self._remains = Remains(connection)
        self._leases = leases
        self._starter = starter
        self._faults = faults

    def run(
        self, what: str, handle: libvirt.virConnect, domain: libvirt.virDomain, spec: MachineSpec, mark: Mark
    ) -> tuple[libvirt.virDomain, marks.Notes]:
        """Claim what is there; while it is not attached to its disks yet, no other run may attach them meanwhile."""
        notes = marks.find(machines.config(domain))
        if notes is None or notes.mark.phase is not Phase.CREATING:
            return self.claim(what, handle, domain, spec, mark)
        pool = pools.need(handle, what, notes.pool)
        with self._leases.hold(what, pool, "admission", wait=ADMISSION_S) as lease:
            return self.claim(what, handle, domain, spec, mark, lease)

    def claim(
        self,
        what: str,
        handle: libvirt.virConnect,
        domain: libvirt.virDomain,
        spec: MachineSpec,
        mark: Mark,
        lease: Held | None = None,
    ) -> tuple[libvirt.virDomain, marks.Notes]:
        """Go on with what is there, under the new incarnation.

        Raises DriverError for one that is `creating` when the lease is not held, or was lost: meanwhile another run may
        have attached it to its disks, which we would take away.
        """
        notes = marks.find(machines.config(domain))
        claimed = ownership.claim(what, None if notes is None else notes.mark, mark)
        assert notes is not None
        # What never ran is defined as it is wanted now, not as it was wanted then.
        fresh = self._starter.notes(spec, claimed) if claimed.phase is Phase.CREATING else notes.marked(claimed)
        if claimed.phase is Phase.CREATING:
            draft.need_never_ran(what, domain, notes.mark.incarnation)
            if lease is None:
                raise Changed(what, "its reinstallation has just begun", "Nothing was touched. Run again")
        with self._remains.begun(what, spec.uuid), self._connection.edge(what), self._faults.step("create.claim"):
            if lease is not None:
                lease.need()
            if claimed.phase is Phase.CREATING and claimed.reinstall:
                # It may be delivered already, so its definition is more than we could render.
                described = machines.config(domain)
                patch.limits(described, spec, fresh)
                return handle.defineXML(tree.text(described)), fresh
            if claimed.phase is Phase.CREATING:
                return draft.define(handle, spec, fresh), fresh
            marks.write(domain, fresh)
            return domain, fresh
