"""What a VPS was sold, from when on, and how much of everything that is: the pack's own sums (contract VPS-4, VPS-8).

`package`, `extras` and `since` say what holds now or will; `before` lists what held earlier, oldest first. A sale holds
from its `since` on until the next one; before the first day of all, the first holds.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from policies import declared, known
from policies.declared import DeclaredError
from policies.lines import Line
from policies.machine import text

OVERHEAD_MIB = 64
"""What QEMU needs of its host beside the guest's memory."""
UNLIMITED = "unlimited"
CAPS = ("cpu_cap", "disk_iops", "disk_rate", "nic_rate")
"""What an adopted machine may lack, where its package says `unlimited` and that it is for such machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: its name in the catalogue, its key in a machine, the unit in which the key counts."""

    sold_as: str
    key: str
    unit: str
    words: str


LIMITS = (
    Limit(sold_as="vcpus", key="vcpus", unit="", words="vCPUs"),
    Limit(sold_as="cpu_cap", key="cpuCapPercent", unit="%", words="% of one core"),
    Limit(sold_as="memory", key="memoryMib", unit="MiB", words="MiB"),
    Limit(sold_as="disk", key="disks.root.sizeGib", unit="GiB", words="GiB"),
    Limit(sold_as="disk_iops", key="disks.root.iops", unit="", words="IO/s"),
    Limit(sold_as="disk_rate", key="disks.root.rateMibS", unit="MiB/s", words="MiB/s"),
    Limit(sold_as="nic_rate", key="nics.n0.rateMbitS", unit="Mbit/s", words="Mbit/s"),
)
"""All that a package limits; a machine has these and no others."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A package version and so many pieces of each extra."""

    package: str
    extras: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """As people say it."""
        return " with ".join([self.package or "no package", *(f"{count} of {key}" for key, count in self.extras)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What VPSs take of a host or of a client's quota; traffic in GB per month."""

    memory: int = 0
    vcpus: int = 0
    disk: int = 0
    traffic: int = 0


def in_force(vps: Mapping[str, object], day: datetime.date) -> Sale:
    """What a VPS's line sells on `day`."""
    found = None
    for since, sale in _sales(vps):
        if found is None or not since or since <= day.isoformat():
            found = sale
    return found or Sale("", ())


def from_now_on(vps: Mapping[str, object], day: datetime.date) -> Iterator[Sale]:
    """What holds on `day`, and what was sold for later."""
    yield in_force(vps, day)
    yield from (sale for since, sale in _sales(vps) if since > day.isoformat())


def _sales(vps: Mapping[str, object]) -> Iterator[tuple[str, Sale]]:
    for one in (*map(declared.lines, declared.listed(vps.get("before"))), vps):
        extras = {text(key): text(count) for key, count in declared.lines(one.get("extras")).items()}
        yield text(one.get("since")), Sale(text(one.get("package")), tuple(sorted(extras.items())))


@declared.kept
def current(line: Line) -> Sale:
    """What a line sells today."""
    return in_force(line.vps, known.today())


@declared.kept
def limits(base: Path, sale: Sale) -> tuple[int, ...]:
    """What was sold, in the order of LIMITS. Raises DeclaredError."""
    package = declared.package(base, sale.package)
    adopted = declared.describes_adopted(base, sale.package)
    found = []
    for limit in LIMITS:
        value = text(package.get(limit.sold_as))
        promised = (
            0 if value == UNLIMITED and limit.sold_as in CAPS and adopted else declared.quantity(value, limit.unit)
        )
        if promised is None:
            unit = f" in {limit.unit}" if limit.unit else ""
            raise DeclaredError(
                f"catalogue.yaml, package {sale.package}: {limit.sold_as} is no quantity{unit}. "
                "Run `vps check` and mend it."
            )
        found.append(promised + _added(base, sale, limit.sold_as, limit.unit))
    return tuple(found)


@declared.kept
def taken(base: Path, sale: Sale) -> Taken:
    """What one VPS of that sale takes of its host. Raises DeclaredError."""
    sold = dict(zip((limit.sold_as for limit in LIMITS), limits(base, sale), strict=True))
    traffic = declared.quantity(declared.catalogue(base, "packages", sale.package, "package").get("traffic"), "GB")
    return Taken(
        memory=sold["memory"] + OVERHEAD_MIB,
        vcpus=sold["vcpus"],
        disk=sold["disk"],
        traffic=(traffic or 0) + _added(base, sale, "traffic", "GB"),
    )


def today(base: Path, vps: Mapping[str, object], day: datetime.date) -> Taken:
    """What a VPS takes on `day` alone; of an ended one its disk lies in the trash. Raises DeclaredError."""
    found = taken(base, in_force(vps, day))
    return Taken(disk=found.disk) if has_ended(vps, day) else found


def has_ended(vps: Mapping[str, object], day: datetime.date) -> bool:
    """Whether the end of a VPS is reached."""
    return "" < text(vps.get("ends")) <= day.isoformat()


def most(base: Path, vps: Mapping[str, object], day: datetime.date) -> Taken:
    """What a VPS takes from `day` on, of each the most: what was sold for later counts already.

    A stopped or suspended one takes all, as it may be started; of an ended one its disk lies in the trash. Raises
    DeclaredError.
    """
    every = [taken(base, sale) for sale in from_now_on(vps, day)]
    disk = max(one.disk for one in every)
    if has_ended(vps, day):
        return Taken(disk=disk)
    return Taken(
        memory=max(one.memory for one in every),
        vcpus=max(one.vcpus for one in every),
        disk=disk,
        traffic=max(one.traffic for one in every),
    )


def _added(base: Path, sale: Sale, limit: str, unit: str) -> int:
    """What the extras add to one limit."""
    found = 0
    for key, count in sale.extras:
        piece = declared.lines(declared.catalogue(base, "extras", key, "extra").get("adds")).get(limit)
        if piece is None:
            continue
        each, pieces = declared.quantity(piece, unit), declared.quantity(count, "")
        if each is None or pieces is None:
            raise DeclaredError(f"catalogue.yaml, extra {key}: {count} of {limit} {piece} is no number. Mend it.")
        found += each * pieces
    return found
