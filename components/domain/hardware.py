"""Equipment that the contract promises to replace, and where its spares come from (contract HW-1, HW-2, HW-8)."""

from collections.abc import Iterable, Mapping
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


WITHIN_HOURS = 24
"""In which a faulty part is replaced (HW-1)."""


def comes_in_time(spare: Spare) -> bool:
    """Whether its supplier delivers within the time that a replacement may take."""
    return bool(spare.supplier) and spare.lead_time_hours is not None and spare.lead_time_hours <= WITHIN_HOURS


def delay(part: Part, spares: Mapping[str, Spare]) -> str:
    """Why the part could not be replaced within 24 hours; empty when it could.

    A piece of the same model lies ready, or a supplier brings one in time.
    """
    spare = spares.get(part.spare)
    if spare is None:
        return f"nobody says where a spare {part.kind} comes from"
    if spare.kind != part.kind:
        return f"{part.spare} is a spare {spare.kind}, not a {part.kind}"
    if comes_in_time(spare):
        return ""
    there = spare.count > 0 and bool(spare.place)
    if there and spare.model == part.model:
        return ""
    what = f"{part.spare} is of model {spare.model}, not {part.model}" if there else f"no {part.spare} is left"
    if not spare.supplier or spare.lead_time_hours is None:
        return f"{what}, and no supplier is named"
    return f"{what}, and {spare.supplier} takes {spare.lead_time_hours} h"


def delays(parts: Iterable[Part], spares: Mapping[str, Spare]) -> tuple[str, ...]:
    """What of a host's equipment could not be replaced within 24 hours, each once; what it must have and lists not."""
    every = tuple(parts)
    listed = {part.kind for part in every}
    lacking = (f"no {kind} is listed" for kind in KINDS_OF_A_HOST if kind not in listed)
    return tuple(dict.fromkeys([*lacking, *(why for part in every if (why := delay(part, spares)))]))
