"""Machines that somebody else made: what a host tells of one, and whether a declared machine is it exactly.

Adopting writes the owner mark and nothing else. So everything that is declared must be what is there already; whatever
a package can't say, or a driver could not change later without touching more than it owns, stands in the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from components.domain.limits import display
from components.drivers.base import MachineSpec, Mark, Power
from components.drivers.errors import NotOurs, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A machine on a host that carries no mark of ours that we can read. Text in it is a stranger's: never obeyed."""

    uuid: str
    name: str
    power: Power
    limits: Mapping[str, int]
    """By the keys of `MachineSpec.limits`, as far as they could be read; a cap that is not there is 0."""
    disk: str = ""
    """The name of its only disk as declarations call it; empty when it hasn't exactly one."""
    nic: str = ""
    pool: str = ""
    """Where its disk lies."""
    volume: str = ""
    mac: str = ""
    attach: str = ""
    """As `NicSpec.attach`."""
    addresses: tuple[str, ...] = ()
    """What the host saw it use, from leases and ARP: a hint, never asked from the guest."""
    obstacles: tuple[str, ...] = ()
    """Why it can't be adopted as it is, each with its remedy."""
    notes: tuple[str, ...] = ()
    """What stays as it is and is nobody's care afterwards."""


class Adopter(Protocol):
    """What adopting needs of one host. Every method may raise `HostUnreachable`; none waits for a guest."""

    def strangers(self) -> Sequence[Stranger]:
        """Every machine that carries no mark, by name; looks only."""
        ...

    def owners(self) -> Sequence[Mark]:
        """Every mark that the host's machines carry and that we can read, in one short call per machine; looks only."""
        ...

    def held(self) -> Mapping[str, str]:
        """The name of every machine on the host by UUID, whatever mark it carries, in one call; looks only."""
        ...

    def adopt(self, spec: MachineSpec, mark: Mark) -> None:
        """Write `mark`, as `ready`, onto the machine of that UUID and touch nothing else of it; again is done.

        Raises Missing (no such machine), Refused (it is not exactly what `spec` declares, every difference told),
        NotOurs (it carries another mark): nothing was touched then.
        """
        ...


def differences(spec: MachineSpec, found: Stranger) -> list[str]:
    """Everything in which the declared machine is not the one on the host, its obstacles first; empty when it is."""
    told = list(found.obstacles)
    for key, declared in spec.limits().items():
        there = found.limits.get(key)
        if there != declared:
            told.append(f"{key}: declared {display(key, declared)}, the machine has {display(key, there)}")
    pairs = [("pool", spec.pool, found.pool)]
    for nic in spec.nics.values():
        pairs += [("MAC", nic.mac, found.mac), ("attachment", nic.attach, found.attach)]
    if any(nic.antispoof for nic in spec.nics.values()):
        told.append("antispoof: declared, the machine has none of ours: write `antispoof: false`, and change it later")
    told += [
        f"{what}: declared {declared}, the machine has {there or 'none'}"
        for what, declared, there in pairs
        if declared != there
    ]
    if (set(spec.disks), set(spec.nics)) != ({found.disk}, {found.nic}):
        told.append(f"declared are disks {', '.join(spec.disks)} and NICs {', '.join(spec.nics)}, it has one of each")
    return told


def need_same(what: str, spec: MachineSpec, found: Stranger) -> None:
    """Raises Refused with every difference between the declared machine and the one on the host."""
    told = differences(spec, found)
    if told:
        listed = "".join(f"\n  {one}" for one in told)
        remedy = "Nothing was touched. Declare what is there; change it by `vps up` once it is adopted"
        raise Refused(what, f"file and machine differ:{listed}\n", remedy)


def is_adopted(what: str, mark: Mark | None, wanted: Mark) -> bool:
    """Whether the mark that a machine carries says that it was adopted for `wanted` already.

    `mark` is None for one that we can't read. Raises NotOurs when it is anybody else's.
    """
    if mark is None:
        remedy = "Nothing was touched. Use the release that wrote it"
        raise NotOurs(what, "it carries an owner mark that this release can't read", remedy)
    if (mark.fleet, mark.backend, mark.urn) == (wanted.fleet, wanted.backend, wanted.urn):
        return True
    raise NotOurs(
        what,
        f"it belongs to {mark.urn} of fleet {mark.fleet} in backend {mark.backend}",
        "Nothing was touched. A machine that has an owner is not adopted; work in that stack and backend",
    )
