"""Every machine of a host in one pass: one list with all states, the descriptions, one probe; no question to a QEMU.

A running machine costs two descriptions: what its next boot uses, with our mark, and what runs. A QEMU that hangs
holds up neither, so that its machine is read as far as libvirtd knows it and no other waits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import libvirt

from components.drivers.base import Machine, Power
from components.drivers.libvirt import excerpt, pools, tree
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.patience import together, within
from components.drivers.libvirt.probe import InForce, Probe
from components.drivers.libvirt.readings import DISKLESS, Subject

DEADLINE_S = 12.0
"""For the list, each part of `PART` machines and each pool; a living libvirtd needs a tenth of a second."""
PART = 256
"""So many descriptions are held at once, however large the host is."""
READERS = 4
"""Calls under way at a time, of the five that libvirtd serves of one connection."""

Listed: TypeAlias = tuple[libvirt.virDomain, Power]


@dataclass(frozen=True, slots=True)
class Described:
    """A domain as libvirtd described it; `live` is empty for one that is off."""

    power: Power
    config: str
    live: str


class Scan:
    """One pass over one host."""

    def __init__(self, handle: libvirt.virConnect, probe: Probe) -> None:
        self._handle = handle
        self._probe = probe
        self._volumes: dict[str, frozenset[str] | None] = {}

    def machines(self) -> Iterator[Machine]:
        """Every machine that carries a mark. Raises TimeoutError when libvirtd answers but describes nothing."""
        listed = within(DEADLINE_S, "scan", self._list)
        said: list[InForce] = []
        for begin in range(0, len(listed), PART):
            part = listed[begin : begin + PART]
            calls: list[Callable[[], list[Described]]] = [_Reader(part[first::READERS]) for first in range(READERS)]
            if not said:
                # Runs beside the first descriptions: it waits for the host, not for us.
                calls.append(_Looker(self._probe, said))
            for found in together(DEADLINE_S, "scan", calls):
                for described in found:
                    machine = self._machine(described, said[0])
                    if machine is not None:
                        yield machine

    def _list(self) -> list[Listed]:
        states = self._handle.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0)
        return [(domain, machines.POWERS.get(told["state.state"], Power.UNKNOWN)) for domain, told in states]

    def _machine(self, described: Described, in_force: InForce) -> Machine | None:
        if marks.NAMESPACE not in described.config:
            return None
        config = tree.glance(excerpt.of(described.config))
        notes = marks.find(config)
        if notes is None:
            return None
        live = tree.glance(excerpt.of(described.live, metadata=False)) if described.live else None
        subject = Subject(config=config, live=live, notes=notes, in_force=in_force)
        return machines.describe(subject, described.power, lost=self._lost(config, notes))

    def _lost(self, config: tree.Element, notes: marks.Notes) -> tuple[str, ...]:
        """Only a volume that its pool doesn't list is looked at: libvirtd may not have seen a new file yet."""
        listed = self._names(notes.pool) if notes.mark.phase not in DISKLESS else None
        if listed is None:
            return ()
        sizes = {name: 1 for name, note in notes.disks.items() if note.volume in listed}
        if len(sizes) == len(notes.disks):
            return ()
        return within(DEADLINE_S, "scan", lambda: machines.lost_disks(self._handle, config, notes, sizes))

    def _names(self, pool: str) -> frozenset[str] | None:
        """The volumes that libvirtd knows in the pool, asked once a pass; None where it can't tell."""
        if pool not in self._volumes:
            self._volumes[pool] = within(DEADLINE_S, "scan", lambda: self._listed(pool))
        return self._volumes[pool]

    def _listed(self, name: str) -> frozenset[str] | None:
        pool = pools.find(self._handle, name)
        return None if pool is None or not pool.isActive() else frozenset(pool.listVolumes())


class _Reader:
    """Fetches descriptions, and does nothing else while it does: parsing beside it would hold it up."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self._listed = listed

    def __call__(self) -> list[Described]:
        found = []
        for domain, power in self._listed:
            try:
                config = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
                live = "" if machines.is_off(power) else domain.XMLDesc(0)
            except libvirt.libvirtError as problem:
                if not is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                    raise
                continue
            found.append(Described(power, config, live))
        return found


class _Looker:
    """Asks the probe."""

    def __init__(self, probe: Probe, said: list[InForce]) -> None:
        self._probe = probe
        self._said = said

    def __call__(self) -> list[Described]:
        self._said.append(self._probe.look())
        return []
