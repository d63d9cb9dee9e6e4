"""Quantities as files write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain import units
from components.domain.problems import DomainError
from components.domain.units import Quantity

KINDS = [
    units.MEMORY,
    units.DISK,
    units.DISK_RATE,
    units.NIC_RATE,
    units.TRAFFIC,
    units.PERCENT,
    units.HOURS,
    units.DAYS,
]


@given(st.sampled_from(KINDS), st.integers(min_value=0, max_value=10**11))
def test_what_is_written_is_read_back(kind: Quantity, value: int) -> None:
    assert kind.parse(kind.format(value)) == value


@given(st.sampled_from(KINDS), st.integers(min_value=0, max_value=10**11), st.data())
def test_any_allowed_unit_is_read(kind: Quantity, number: int, data: st.DataObject) -> None:
    unit, factor = data.draw(st.sampled_from(kind.units))
    assert kind.parse(f"{number} {unit}") == kind.parse(f"{number}{unit}") == number * factor


@given(st.sampled_from(KINDS), st.one_of(st.text(max_size=20), st.integers(), st.none(), st.booleans()))
def test_anything_else_is_an_error_with_a_remedy(kind: Quantity, value: object) -> None:
    said = None
    try:
        assert kind.parse(value) >= 0
    except DomainError as error:
        said = error
    assert said is None or (said.message and said.remedy)


def test_factors() -> None:
    assert units.MEMORY.parse("2 GiB") == 2048
    assert units.DISK.parse("1 TiB") == 1024
    assert units.NIC_RATE.parse("1 Gbit/s") == 1000
    assert units.TRAFFIC.parse("1 TB") == 1000
    assert units.PERCENT.parse("150 %") == 150


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (units.MEMORY, "2 GB", "has the unit GB; allowed here: MiB or GiB or TiB"),
        (units.NIC_RATE, "100 MiB/s", "has the unit MiB/s; allowed here: Mbit/s or Gbit/s"),
        (units.MEMORY, "1.5 GiB", "Write `1536 MiB`"),
        (units.MEMORY, "1.3 GiB", "Write a whole number"),
        (units.MEMORY, 2048, "2048 has no unit"),
        (units.MEMORY, "-1 GiB", "is no quantity"),
        (units.MEMORY, "01 GiB", "is no quantity"),
        (units.PERCENT, "150", "is no quantity"),
    ],
)
def test_errors_say_what_to_write(kind: Quantity, text: object, said: str) -> None:
    with pytest.raises(DomainError) as caught:
        kind.parse(text)
    assert said in str(caught.value)
