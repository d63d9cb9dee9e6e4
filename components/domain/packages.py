"""What is sold: limits, traffic, growth, backup and price under one name and version.

A sold version never changes: a new price or limit is a new version, so that an edit can't cut a quota by accident.
"""

from dataclasses import dataclass
from decimal import Decimal

from components.domain.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How far a VPS of this package may grow while it runs; its host and guest are prepared for that much."""

    vcpus: int
    memory_mib: int
    disk_gib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """The backup promise: one at least every `every_hours`, each kept for `keep_days`."""

    every_hours: int
    keep_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One version of a package (contract VPS-4, VPS-8). Money is in the fleet's currency; a GB is 10⁹ bytes."""

    name: str
    version: str
    limits: Limits
    traffic_gb: int
    price_month: Decimal
    set_up: Decimal
    grows_to: Growth
    backup: Backup | None = None
    about: str = ""
    """What it is for, in a sentence for clients."""
    deposit: Decimal = Decimal(0)
    """Payable at signing (contract PAY-1)."""
    adopted: bool = False
    """Made for adopted machines only: it says what they have, and caps that they never had may be unlimited."""

    @property
    def key(self) -> str:
        """As files name it: `small@2026-01`."""
        return f"{self.name}@{self.version}"
