"""What the contract promises to replace."""

from dataclasses import replace
from datetime import date

import pytest

from components.domain import hardware


def test_kinds_are_exactly_those_of_the_contract() -> None:
    """HW-2 names six codes and nothing else."""
    assert set(hardware.KINDS) == {"switch", "server", "hard_drive", "ram", "cpu", "raid_controller"}
    assert set(hardware.KINDS_OF_A_HOST) < set(hardware.KINDS)


def _spare(**changes: object) -> hardware.Spare:
    plain = hardware.Spare(
        name="disk", kind="hard_drive", model="D", count=1, place="shelf", supplier="", lead_time_hours=None
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


PART = hardware.Part(
    kind="hard_drive", model="D", serial="1", installed=date(2026, 1, 1), warranty=date(2029, 1, 1), spare="disk"
)


@pytest.mark.parametrize(
    ("spare", "why"),
    [
        (_spare(), ""),
        (_spare(count=0, supplier="Parts", lead_time_hours=24), ""),
        (_spare(count=0, supplier="Parts", lead_time_hours=25), "no disk is left, and Parts takes 25 h"),
        (_spare(count=0), "no disk is left, and no supplier is named"),
        (_spare(place=""), "no disk is left, and no supplier is named"),
        (_spare(kind="ram"), "disk is a spare ram, not a hard_drive"),
        (None, "nobody says where a spare hard_drive comes from"),
    ],
)
def test_a_part_is_replaced_in_time_from_the_shelf_or_by_a_quick_supplier(
    spare: hardware.Spare | None, why: str
) -> None:
    spares = {"disk": spare} if spare else {}
    assert hardware.delay(PART, spares) == why
    assert hardware.delays([PART, PART], spares) == ((why,) if why else ())
