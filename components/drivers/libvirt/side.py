"""One libvirt host as a move sees it: how a machine stands there, found by its incarnation, and written."""

from dataclasses import replace

import libvirt

from components.drivers import ownership
from components.drivers.base import Phase
from components.drivers.errors import Missing, NotOurs
from components.drivers.faults import Faults
from components.drivers.gate import Standing
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import migration, parking, tree
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.lease import Leases
from components.drivers.libvirt.power import Starter


class Side:
    """What leaving and arriving have in common."""

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
