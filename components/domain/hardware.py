"""Equipment that the contract promises to replace, and where its spares come from (contract HW-1, HW-2, HW-8)."""

from dataclasses import dataclass
from datetime import date

KINDS = ("switch", "server", "hard_drive", "ram", "cpu", "raid_controller")
"""What the replacement target covers, nothing else (HW-2)."""

KINDS_OF_A_HOST = ("server", "cpu", "ram", "hard_drive")
"""What no host can be without; an inventory that lacks one is incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a host's equipment; `spare` names an entry of the fleet's spares."""

    kind: str
    model: str
    serial: str
    installed: date
    warranty: date
    spare: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spare:
    """Where a replacement comes from: `count` pieces at `place`, or a supplier that delivers in `lead_time_hours`."""

    name: str
    kind: str
    model: str
    count: int
    place: str
    supplier: str
    lead_time_hours: int | None
