"""The exact monthly fee that a rebate goes by: the contract's worked cases."""

import datetime as dt
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.calendar import Span, month
from components.domain.clients import Vps
from components.domain.rebate_base import Reading, monthly_base
from components.domain.sales import Sale
from components.domain.terms import Discount
from tests.domain import sample
from tests.domain.test_fees import a_fleet, of, packages, sells
from tests.domain.test_prices import MEMORY, served

APRIL = date(2026, 4, 1)


def test_base_of_a_whole_month_is_the_months_price() -> None:
    fleet, client, vps = sells(sample.vps(term=of(1, "2026-01-01")))
    assert monthly_base(fleet, client, vps, month(APRIL, dt.UTC)) == 30


@pytest.mark.parametrize(
    ("since", "until", "base"),
    [
        ("2026-11-16T00:00:00Z", "2027-01-01T00:00:00Z", Fraction(15)),
        ("2026-11-10T08:00:00Z", "2027-01-01T00:00:00Z", Fraction(62, 3)),
        ("2026-01-01T00:00:00Z", "2026-11-11T00:00:00Z", Fraction(10)),
        ("2026-11-03T01:00:00Z", "2026-11-03T02:00:00Z", Fraction(1, 24)),
        ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", Fraction(0)),
    ],
)
def test_base_is_of_the_part_that_it_lived(since: str, until: str, base: Fraction) -> None:
    """U-3, U-27 to U-30 (R-16)."""
    life = Span(start=dt.datetime.fromisoformat(since), end=dt.datetime.fromisoformat(until))
    fleet, client, vps = sells(sample.vps(term=of(1, "2026-01-01")))
    assert monthly_base(fleet, client, vps, month(date(2026, 11, 1), dt.UTC), life) == base


def test_base_of_two_fees_is_weighed_by_time() -> None:
    """U-31, REB-7."""
    vps = sample.vps(
        term=of(1, "2026-01-01"),
        package="large@2026-01",
        since=date(2026, 4, 16),
        before=(Sale(package="small@2026-01"),),
    )
    assert monthly_base(*sells(vps), month(APRIL, dt.UTC)) == 45


@pytest.mark.parametrize(
    ("price", "months", "percent", "base"),
    [("30.10", 1, 0, Fraction("30.10")), ("27.73", 12, 10, Fraction("24.957")), ("0.01", 3, 3, Fraction("0.0097"))],
)
def test_base_is_exact_and_discounted(price: str, months: int, percent: int, base: Fraction) -> None:
    """U-32 to U-34, R-17: what is paid, not the list price, and never the rounded part."""
    changes = {"packages": packages(small=price), "discounts": (Discount(months=months, percent=percent),)}
    fleet, client, vps = sells(sample.vps(term=of(months, "2026-01-01")), **changes)
    assert monthly_base(fleet, client, vps, month(APRIL, dt.UTC)) == base


def test_base_of_a_month_that_another_zone_counts() -> None:
    """R-26: April in UTC begins and ends within days of Brussels, and none of its seconds is lost."""
    fleet, client, vps = sells(sample.vps(term=of(1, "2026-01-01")), "Europe/Brussels")
    assert monthly_base(fleet, client, vps, month(APRIL, dt.UTC)) == 30
    fleet, client, vps = sells(sample.vps(term=of(1, "2026-01-01")), "America/New_York")
    assert monthly_base(fleet, client, vps, month(APRIL, dt.UTC)) == 30


def test_base_has_no_extras_and_no_vip() -> None:
    """R-18."""
    vps = sample.vps(term=of(1, "2026-01-01"), extras={MEMORY.key: 4})
    client = sample.client("coop", vps, contract=served(date(2026, 1, 1)))
    assert monthly_base(a_fleet(client), client, vps, month(APRIL, dt.UTC)) == 30


def test_base_ends_where_the_vps_does() -> None:
    fleet, client, vps = sells(sample.vps(term=of(1, "2026-01-01"), ends=date(2026, 4, 11)))
    assert monthly_base(fleet, client, vps, month(APRIL, dt.UTC)) == 10
    fleet, client, vps = sells(sample.vps(term=of(3, "2026-01-11", renew=False)))
    assert monthly_base(fleet, client, vps, month(APRIL, dt.UTC)) == 10


@pytest.mark.parametrize(
    ("vps", "found", "other", "reading"),
    [
        (sample.vps(term=of(1, "2026-04-16")), 15, 30, Reading(full_fee=True)),
        (sample.vps(term=of(12, "2026-01-01")), 27, 30, Reading(list_price=True)),
        (sample.vps(term=of(1, "2026-01-01"), extras={MEMORY.key: 2}), 30, 39, Reading(all_recurring=True)),
        (sample.vps(term=of(1, "2026-05-01")), 0, 0, Reading(full_fee=True)),
    ],
    ids=["a part of a month", "a discount", "extras", "no part of it"],
)
def test_another_reading_of_the_base(vps: Vps, found: int, other: int, reading: Reading) -> None:
    """R-16 to R-18: the default and its alternative."""
    whole = month(APRIL, dt.UTC)
    assert monthly_base(*sells(vps), whole) == found
    assert monthly_base(*sells(vps), whole, None, reading) == other


@given(cut=st.integers(0, 30 * 86400))
def test_two_lives_of_a_month_sum_to_its_base(cut: int) -> None:
    """Adjacent spans lose no second."""
    fleet, client, vps = sells(sample.vps(term=of(1, "2026-01-01")))
    whole = month(APRIL, dt.UTC)
    middle = whole.start + dt.timedelta(seconds=cut)
    parts = (Span(start=whole.start, end=middle), Span(start=middle, end=whole.end))
    assert sum(monthly_base(fleet, client, vps, whole, life) for life in parts) == 30
