"""What is sold beside a package and raises its limits and its price together (contract VPS-8).

A sold version never changes, as with packages. In files it is called `extras`, because a VPS's `options` are settings
of its image's flavour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from components.domain.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """What one piece adds to a package, by the names and units of `Limits` and `Package`; 0 adds nothing."""

    vcpus: int = 0
    cpu_cap_percent: int = 0
    memory_mib: int = 0
    disk_gib: int = 0
    disk_iops: int = 0
    disk_rate_mib_s: int = 0
    nic_rate_mbit_s: int = 0
    traffic_gb: int = 0

    def __bool__(self) -> bool:
        """Whether it adds anything."""
        return any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """One version of an extra; money is in the fleet's currency, per piece.

    `most` pieces go with one VPS; `support` is the level without which it is not sold, or empty.
    """

    name: str
    version: str
    title: str
    adds: Raise
    price_month: Decimal
    set_up: Decimal
    most: int = 1
    support: str = ""

    @property
    def key(self) -> str:
        """As files name it: `memory@2026-01`."""
        return f"{self.name}@{self.version}"


def raised(limits: Limits, pieces: Mapping[Extra, int]) -> Limits:
    """The limits of a package with so many pieces of each extra."""
    return Limits(
        **{
            field.name: getattr(limits, field.name)
            + sum(count * getattr(extra.adds, field.name) for extra, count in pieces.items())
            for field in fields(Limits)
        }
    )
