"""What a term costs: worked cases and properties."""

import datetime as dt
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.calendar import month
from components.domain.clients import Client, Vps
from components.domain.contracts import ContractVersion
from components.domain.fees import next_due, quote, sold, term_fee, term_number, term_on
from components.domain.fleet import Fleet
from components.domain.prices import Line, Per, monthly, split, totals
from components.domain.rebate_base import monthly_base
from components.domain.sales import Sale
from components.domain.terms import Discount, Term
from tests.domain import sample
from tests.domain.test_prices import MEMORY, VIP, served


def packages(**prices: str) -> dict[str, object]:
    found = [replace(sample.PACKAGE, name=name, price_month=Decimal(price)) for name, price in prices.items()]
    return {one.key: one for one in found}


def a_fleet(client: Client, zone: str = "UTC", **changes: object) -> Fleet:
    version = ContractVersion(key="standard@2026-01", title="", valid_from=date(2026, 1, 1), time_zone=zone)
    usual = {"contracts": {version.key: version}, "extras": {MEMORY.key: MEMORY}, "services": {"vip": VIP}}
    usual["packages"] = packages(small="30.00", large="60.00")
    return sample.fleet(client, **(usual | changes))


def sells(vps: Vps, zone: str = "UTC", **changes: object) -> tuple[Fleet, Client, Vps]:
    client = sample.client("coop", vps)
    return a_fleet(client, zone, **changes), client, vps


def of(months: int, start: str, *, renew: bool = True) -> Term:
    return Term(months=months, start=date.fromisoformat(start), renew=renew)


def shown(lines: tuple[Line, ...]) -> list[tuple[str, str, str, str]]:
    return [(line.what, str(line.amount), str(line.start), str(line.end)) for line in lines]


# Terms


def test_a_term_is_its_months_less_the_discount_due_on_its_first_day() -> None:
    fee = term_fee(*sells(sample.vps(term=of(12, "2026-05-11"))), 1)
    assert shown(fee.lines) == [
        ("small@2026-01", "360.00", "2027-05-11", "2028-05-11"),
        ("term of 12 months: -10 %", "-36.00", "2027-05-11", "2028-05-11"),
    ]
    assert (fee.due, fee.totals) == (date(2027, 5, 11), {"EUR": Decimal("324.00")})
    assert split(fee.totals["EUR"], 12) == (Decimal("27.00"),) * 12


def test_a_change_within_a_term_is_weighed_by_seconds() -> None:
    """30.00 for the first half of April, 60.00 for the second: 15.00 and 30.00."""
    vps = sample.vps(
        term=of(1, "2026-04-01"),
        package="large@2026-01",
        since=date(2026, 4, 16),
        before=(Sale(package="small@2026-01"),),
    )
    fee = term_fee(*sells(vps), 0)
    assert shown(fee.lines) == [
        ("small@2026-01", "15.00", "2026-04-01", "2026-04-16"),
        ("large@2026-01", "30.00", "2026-04-16", "2026-05-01"),
    ]
    assert [line.due for line in fee.lines] == [date(2026, 4, 1), date(2026, 4, 16)]


def test_whole_months_of_a_term_cost_their_price() -> None:
    """Two months of 30.00 and one of 60.00, though none of them is as long as another."""
    vps = sample.vps(
        term=of(3, "2026-01-31"),
        package="large@2026-01",
        since=date(2026, 3, 31),
        before=(Sale(package="small@2026-01"),),
    )
    assert [str(line.amount) for line in term_fee(*sells(vps), 0).lines] == ["60.00", "60.00"]


def test_what_stays_the_same_keeps_one_line() -> None:
    """An extra that comes within a term splits nothing but itself; its discount is taken where it begins."""
    vps = sample.vps(
        term=of(12, "2026-01-01"),
        package="small@2026-01",
        extras={MEMORY.key: 1},
        since=date(2026, 7, 2),
        before=(Sale(package="small@2026-01"),),
    )
    fee = term_fee(*sells(vps), 0)
    assert shown(fee.lines) == [
        ("small@2026-01", "360.00", "2026-01-01", "2027-01-01"),
        ("term of 12 months: -10 %", "-36.00", "2026-01-01", "2027-01-01"),
        ("memory@2026-01", "26.85", "2026-07-02", "2027-01-01"),
        ("term of 12 months: -10 %", "-2.69", "2026-07-02", "2027-01-01"),
    ]


def test_a_clock_change_weighs_as_the_zone_has_it() -> None:
    """March in Brussels: 15 days of 743 h before the 16th, so 30.00 x 360/743 = 14.535666."""
    vps = sample.vps(
        term=of(1, "2026-03-01"),
        package="large@2026-01",
        since=date(2026, 3, 16),
        before=(Sale(package="small@2026-01"),),
    )
    fee = term_fee(*sells(vps, "Europe/Brussels"), 0)
    assert [str(line.amount) for line in fee.lines] == ["14.54", "30.93"]


def test_a_term_that_began_is_owed_whole() -> None:
    """PAY-3: its fee is payable on its first day; `ends` lets no other term begin."""
    fleet, client, vps = sells(sample.vps(term=of(3, "2026-12-01"), ends=date(2027, 1, 15)))
    assert term_on(fleet, client, vps, date(2027, 1, 1)).totals == {"EUR": Decimal("90.00")}
    assert next_due(vps, date(2027, 1, 1)) is None
    assert term_on(fleet, client, vps, date(2028, 1, 1)).number == 0


@pytest.mark.parametrize(
    ("ends", "renew", "day", "due"),
    [
        (None, True, "2026-11-01", "2026-12-01"),
        (None, True, "2026-12-01", "2027-03-01"),
        (None, False, "2026-12-01", None),
        ("2027-03-01", True, "2026-12-01", None),
        ("2027-03-02", True, "2026-12-01", "2027-03-01"),
        (None, False, "2026-11-01", "2026-12-01"),
        ("2026-12-01", True, "2026-11-01", None),
    ],
)
def test_the_next_fee_is_due_on_the_next_first_day(ends: str | None, renew: bool, day: str, due: str | None) -> None:
    last = date.fromisoformat(ends) if ends else None
    vps = sample.vps(term=of(3, "2026-12-01", renew=renew), ends=last)
    assert next_due(vps, date.fromisoformat(day)) == (date.fromisoformat(due) if due else None)


def test_days_outside_belong_to_the_nearest_term() -> None:
    vps = sample.vps(term=of(1, "2026-12-01"), ends=date(2027, 3, 1))
    assert [term_number(vps, date.fromisoformat(day)) for day in ("2026-01-01", "2027-02-28", "2030-01-01")] == [
        0,
        2,
        2,
    ]
    assert term_number(sample.vps(term=of(1, "2026-12-01", renew=False)), date(2030, 1, 1)) == 0


def test_vip_is_weighed_and_not_discounted() -> None:
    """VIP of 49.00 a month for the last month of a term of three."""
    vps = sample.vps(term=of(3, "2026-03-01"))
    client = sample.client("coop", vps, contract=served(date(2026, 5, 1), date(2026, 8, 1)))
    fleet = a_fleet(client, discounts=(Discount(months=3, percent=10),))
    (_, _, vip) = term_fee(fleet, client, vps, 0).lines
    assert (vip.what, str(vip.amount), vip.start, vip.end) == (
        "VIP Administration",
        "49.00",
        date(2026, 5, 1),
        date(2026, 6, 1),
    )
    assert len(term_fee(fleet, client, vps, 2).lines) == 2


def test_months_beyond_the_calendar_cost_nothing() -> None:
    """A mistyped year is a price like any other, and no crash."""
    vps = sample.vps(
        term=of(12, "9999-06-01"),
        package="large@2026-01",
        since=date(9999, 9, 1),
        before=(Sale(package="small@2026-01"),),
    )
    fee = term_fee(*sells(vps), 0)
    assert [line.what for line in fee.lines][::2] == ["small@2026-01", "large@2026-01"]
    assert fee.end == date.max


def test_a_quote_is_for_a_vps_that_nobody_has_yet() -> None:
    vps = sample.vps(key="new", term=of(1, "2026-12-01"))
    fleet, client, _ = sells(sample.vps())
    lines = quote(fleet, client, vps, Sale(package="large@2026-01", extras={MEMORY.key: 1}), of(12, "2027-01-01"))
    assert totals(line for line in lines if line.per is Per.MONTH) == {"EUR": Decimal("58.05")}
    assert totals(line for line in lines if line.per is Per.TERM) == {"EUR": Decimal("696.60")}
    assert totals(line for line in lines if line.per is Per.ONCE) == {"EUR": Decimal("2.00")}
    assert {line.vps for line in lines} == {"new"}


# Properties

DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
SALES = st.lists(
    st.tuples(st.sampled_from(["small@2026-01", "large@2026-01"]), st.integers(0, 3), DAYS), max_size=4
).map(
    lambda later: (
        Sale(package="small@2026-01"),
        *(
            Sale(package=package, extras={MEMORY.key: count} if count else {}, since=day)
            for package, count, day in sorted(later, key=lambda one: one[2])
        ),
    )
)


def selling(sales: tuple[Sale, ...], months: int = 1, start: date = date(2026, 1, 31)) -> Vps:
    last = sales[-1]
    term = Term(months=months, start=start, renew=True)
    return sample.vps(term=term, package=last.package, extras=last.extras, since=last.since, before=sales[:-1])


@given(sales=SALES, start=DAYS, length=st.integers(0, 400))
def test_pieces_are_adjacent_and_lose_no_day(sales: tuple[Sale, ...], start: date, length: int) -> None:
    end = start + dt.timedelta(length)
    pieces = list(sold(sales, start, end))
    days = [start, *(piece.end for piece in pieces)]
    assert [piece.start for piece in pieces] == days[:-1]
    assert days[-1] == end
    vps = selling(sales)
    assert all(piece.sale == vps.sale(piece.start) for piece in pieces)


@given(sales=SALES, months=st.sampled_from((1, 3, 12)), number=st.integers(0, 6))
def test_a_term_costs_between_its_cheapest_and_dearest_sale(sales: tuple[Sale, ...], months: int, number: int) -> None:
    """But for half a cent a line."""
    fleet, client, vps = sells(selling(sales, months), "Europe/Brussels")
    fee = term_fee(fleet, client, vps, number)
    whole = [
        totals(term_fee(fleet, client, selling((replace(sale, since=None),), months), number).lines)["EUR"]
        for sale in sales
    ]
    slack = Decimal("0.005") * (len(fee.lines) + 3)
    assert min(whole) - slack <= fee.totals["EUR"] <= max(whole) + slack
    assert all(fee.start <= line.start < line.end <= fee.end for line in fee.lines if line.start and line.end)


@given(
    start=DAYS, months=st.sampled_from((1, 3, 12)), number=st.integers(0, 9), count=st.integers(0, 3), vip=st.booleans()
)
def test_a_term_without_a_change_is_its_months(start: date, months: int, number: int, count: int, vip: bool) -> None:
    """However long they are: only the discount's cent may differ."""
    extras = {MEMORY.key: count} if count else {}
    vps = sample.vps(term=Term(months=months, start=start, renew=True), extras=extras)
    client = sample.client("coop", vps, **({"contract": served(start)} if vip else {}))
    fleet = a_fleet(client, "Europe/Brussels")
    fee = term_fee(fleet, client, vps, number)
    month = totals(monthly(fleet, client, vps, fee.start))["EUR"]
    assert abs(fee.totals["EUR"] - months * month) <= months * Decimal("0.005")


@given(cut=DAYS, months=st.sampled_from((1, 3, 12)))
def test_a_sale_written_anew_changes_nothing(cut: date, months: int) -> None:
    """The same package from a later day on is one line still, and the same base."""
    same = Sale(package="small@2026-01")
    one, two = (sells(selling(sales, months)) for sales in ((same,), (same, replace(same, since=cut))))
    assert [term_fee(*one, number) for number in range(4)] == [term_fee(*two, number) for number in range(4)]
    found = month(cut, dt.UTC)
    assert monthly_base(*one, found) == monthly_base(*two, found)
