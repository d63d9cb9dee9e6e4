"""Texts that are parsed at the edge."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from components.config import texts
from components.domain.problems import DomainError


@given(st.dates(min_value=date(1, 1, 1)))
def test_dates_are_read_back(day: date) -> None:
    assert texts.parse_date(day.isoformat()) == day


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2026-2-3", "20261201", "2026-W01-1", "٢٠٢٦-12-01", 20261201, None, ""]
)
def test_what_is_no_date(value: object) -> None:
    with pytest.raises(DomainError) as caught:
        texts.parse_date(value)
    assert '"2026-12-01"' in caught.value.remedy


@given(st.decimals(min_value=0, max_value=10**8, places=2))
def test_money_is_read_back_exactly(amount: Decimal) -> None:
    assert texts.parse_money(f"{amount:.2f}") == amount


@pytest.mark.parametrize("value", ["19", "19.0", "19,00", "1,900.00", "-1.00", "19.00 EUR", "019.00", 19, 19.0, None])
def test_what_is_no_money(value: object) -> None:
    with pytest.raises(DomainError) as caught:
        texts.parse_money(value)
    assert '"19.00"' in caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (texts.Range4, "192.0.2.0/24", ["192.0.2.1/24", "192.0.2.0", "2001:db8::/64", "x", 5]),
        (texts.Range6, "2001:db8::/64", ["2001:db8::1/64", "192.0.2.0/24", "x", None]),
        (texts.Address4, "192.0.2.1", ["192.0.2.300", "::1", "192.0.2.1/24", 1]),
        (texts.Address6, "2001:db8::1", ["192.0.2.1", "2001::db8::1", True]),
        (texts.Reserved, "192.0.2.2-192.0.2.9", ["9-2", 7]),
        (texts.Memory, "2 GiB", ["2 GB", 2, "2"]),
        (texts.Text, "Ada Ruiz", ["", "  ", "two\nlines", "bell\x07", 5, None]),
    ],
)
def test_each_kind_takes_its_own_and_refuses_the_rest(kind: object, good: str, bad: list[object]) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    adapter.validate_python(good, strict=True)
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value, strict=True)


def test_days_are_at_most_a_hundred_years() -> None:
    adapter: TypeAdapter[int] = TypeAdapter(texts.Days)
    assert adapter.validate_python("36500 days") == 36500
    with pytest.raises(ValidationError, match="more than a hundred years"):
        adapter.validate_python("36501 days")


def test_an_address_with_a_zone_is_none() -> None:
    adapter: TypeAdapter[object] = TypeAdapter(texts.Address6)
    with pytest.raises(ValidationError, match="is no address"):
        adapter.validate_python("2001:db8:1::1%eth0")
