"""What the contract promises to replace."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain import hardware
from components.domain.rules.hardware import irreplaceable
from tests.domain.sample import HOST, fleet


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
        (_spare(model="E"), "disk is of model E, not D, and no supplier is named"),
        (_spare(model="E", supplier="Parts", lead_time_hours=48), "disk is of model E, not D, and Parts takes 48 h"),
        (_spare(model="E", supplier="Parts", lead_time_hours=4), ""),
        (_spare(kind="ram"), "disk is a spare ram, not a hard_drive"),
        (None, "nobody says where a spare hard_drive comes from"),
    ],
)
def test_a_part_is_replaced_in_time_from_the_shelf_or_by_a_quick_supplier(
    spare: hardware.Spare | None, why: str
) -> None:
    spares = {"disk": spare} if spare else {}
    assert hardware.delay(PART, spares) == why
    every = [replace(PART, kind=kind, spare=kind) for kind in ("server", "cpu", "ram")]
    known = {kind: _spare(name=kind, kind=kind) for kind in ("server", "cpu", "ram")} | spares
    assert hardware.delays([PART, PART, *every], known) == ((why,) if why else ())


def test_what_a_host_must_have_and_does_not_list_can_not_be_replaced() -> None:
    assert hardware.delays([PART], {"disk": _spare()}) == (
        "no server is listed",
        "no cpu is listed",
        "no ram is listed",
    )


KINDS = ("server", "cpu", "ram", "hard_drive", "raid_controller")


@given(st.data())
def test_placement_and_rules_agree_on_what_is_replaced_in_time(data: st.DataObject) -> None:
    """Else a host would be chosen that `vps check` then complains of."""
    parts = data.draw(st.lists(st.sampled_from(KINDS), max_size=6))
    spares = {
        kind: _spare(
            name=kind,
            kind=data.draw(st.sampled_from([kind, kind, kind, "ram"])),
            count=data.draw(st.integers(0, 1)),
            model=data.draw(st.sampled_from(["D", "D", "E"])),
            place=data.draw(st.sampled_from(["shelf", ""])),
            supplier=data.draw(st.sampled_from(["Parts", ""])),
            lead_time_hours=data.draw(st.none() | st.sampled_from([12, 48])),
        )
        for kind in KINDS
        if data.draw(st.booleans())
    }
    host = replace(HOST, inventory=tuple(replace(PART, kind=kind, spare=kind) for kind in parts))
    assert bool(hardware.delays(host.inventory, spares)) == bool(irreplaceable(fleet(spares=spares), host))
