"""Bringing a domain to a wish for its power. The mark is written last, so a call that died is simply repeated."""

from dataclasses import replace

import libvirt

from components.drivers import ownership
from components.drivers.base import WISHED, Mark, Power, Say
from components.drivers.errors import DriverError
from components.drivers.faults import Faults
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.change import expect, need
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.power import Starter, go_on, stop


class Wishes:
    """Changes the power of machines on one host."""

    def __init__(self, connection: Connection, starter: Starter, faults: Faults) -> None:
        self._connection = connection
        self._starter = starter
        self._faults = faults

    def run(self, uuid: str, wish: str, mark: Mark, seconds: float, say: Say) -> None:
        """See `components.drivers.base.Driver.power`; `seconds` is how long a guest may take to shut down."""
        what = f"Unable to bring machine {uuid} on {self._connection.host.name} to {wish}"
        if wish not in WISHED:
            raise DriverError(what, f"{wish!r} is no power", f"Use one of {', '.join(WISHED)}")
        with self._connection.edge(what) as handle:
            domain = need(handle, what, uuid)
            observed = machines.power(domain)
            seen = _done(observed, wish)
            notes = expect(
                what, machines.config(domain), mark, lambda notes: seen and ownership.holds(notes.mark, wish, mark)
            )
            if WISHED[wish] == Power.RUNNING:
                ownership.expect_startable(what, replace(notes.mark, power=mark.power))
            if wish in ("off", "suspended", "reboot"):
                with self._faults.step("power.off"):
                    stop(domain, seconds, say)
            if WISHED[wish] == Power.RUNNING:
                with self._faults.step("power.running"):
                    domain = self._run(handle, domain)
            if wish == Power.PAUSED and observed is Power.RUNNING:
                with self._faults.step("power.paused"):
                    domain.suspend()
            notes = expect(what, machines.config(domain), mark, lambda notes: ownership.holds(notes.mark, wish, mark))
            wished = WISHED[wish] or notes.mark.wish
            fresh = replace(notes.mark, power=mark.power, wish=wished, revision=mark.revision + 1)
            marks.write(domain, notes.marked(fresh))

    def _run(self, handle: libvirt.virConnect, domain: libvirt.virDomain) -> libvirt.virDomain:
        observed = machines.power(domain)
        if machines.is_off(observed):
            return self._starter.start(handle, domain)
        if observed is Power.PAUSED:
            go_on(domain)
        return domain


def _done(observed: Power, wish: str) -> bool:
    """Whether the machine is as wished already; of a reboot nothing tells."""
    return observed == {"suspended": "off", "reboot": ""}.get(wish, wish)
