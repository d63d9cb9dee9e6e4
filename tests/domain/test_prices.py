"""What a VPS costs a month and once: exact, each line rounded once, no currency added to another."""

import ast
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.clients import Client, Contract, Vip
from components.domain.extras import Extra, Raise
from components.domain.fleet import Fleet
from components.domain.prices import (
    Kind,
    Line,
    Per,
    has_vip,
    is_sold,
    monthly,
    once,
    recurring,
    rounded,
    split,
    totals,
)
from components.domain.sales import Sale
from components.domain.services import Service
from components.domain.terms import Term
from tests.domain import sample

DAY = date(2027, 1, 5)
MEMORY = Extra(
    name="memory",
    version="2026-01",
    title="1 GiB more",
    adds=Raise(memory_mib=1024),
    price_month=Decimal("4.50"),
    set_up=Decimal("2.00"),
    most=8,
)
VIP = Service(key="vip", kind="option", title="VIP Administration", price=Decimal("49.00"), row="VIP-14")
YEAR = Term(months=12, start=date(2026, 12, 1), renew=True)


def selling(client: Client, **changes: object) -> Fleet:
    package = replace(sample.PACKAGE, set_up=Decimal("5.00"), deposit=Decimal("50.00"))
    catalogue = {"packages": {package.key: package}, "extras": {MEMORY.key: MEMORY}, "services": {"vip": VIP}}
    return sample.fleet(client, **(catalogue | changes))


def served(since: date, until: date | None = None) -> Contract:
    vip = Vip(since=since, accepted="T-1", until=until)
    return Contract(version="standard@2026-01", signed=date(2026, 11, 20), support="vip", vip=vip)


def shown(lines: tuple[Line, ...]) -> list[tuple[str, str, str]]:
    return [(line.kind.value, line.what, str(line.amount)) for line in lines]


def test_a_month_has_package_extras_discount_and_vip() -> None:
    """19.00 and two pieces of 4.50, 10 % off for a year; VIP is not discounted."""
    vps = sample.vps(term=YEAR, extras={MEMORY.key: 2})
    client = sample.client("coop", vps, contract=served(date(2026, 12, 1)))
    lines = monthly(selling(client), client, vps, DAY)
    assert shown(lines) == [
        ("package", "small@2026-01", "19.00"),
        ("extra", "2 x memory@2026-01", "9.00"),
        ("discount", "term of 12 months: -10 %", "-2.80"),
        ("vip", "VIP Administration", "49.00"),
    ]
    assert totals(lines) == {"EUR": Decimal("74.20")}
    assert {line.per for line in lines} == {Per.MONTH}


def test_another_currency_is_never_added() -> None:
    """Contract J8."""
    client = sample.client(contract=served(date(2026, 12, 1)))
    fleet = selling(client, services={"vip": replace(VIP, currency="USD")})
    assert totals(recurring(fleet, client, DAY)) == {"EUR": Decimal("19.00"), "USD": Decimal("49.00")}


@pytest.mark.parametrize(
    ("day", "found"),
    [(date(2026, 12, 31), False), (date(2027, 1, 1), True), (date(2027, 4, 9), True), (date(2027, 4, 10), False)],
)
def test_vip_holds_from_its_first_day_up_to_its_end(day: date, found: bool) -> None:
    client = sample.client(contract=served(date(2027, 1, 1), date(2027, 4, 10)))
    assert has_vip(client, day) == found
    assert any(line.kind is Kind.VIP for line in recurring(selling(client), client, day)) == found


def test_vip_without_a_price_costs_no_guess() -> None:
    """The catalogue says what is sold; what has no price is quoted on request."""
    client = sample.client(contract=served(date(2026, 12, 1)))
    fleet = selling(client, services={"vip": replace(VIP, price=None)})
    assert [line.kind for line in recurring(fleet, client, DAY)] == [Kind.PACKAGE]


@pytest.mark.parametrize("power", ["managed", "stopped", "suspended"])
def test_suspended_is_paid(power: str) -> None:
    client = sample.client("coop", sample.vps(power=power))
    assert totals(recurring(selling(client), client, DAY)) == {"EUR": Decimal("19.00")}


@pytest.mark.parametrize(
    ("day", "ends", "renew", "found"),
    [
        (date(2026, 11, 30), None, True, False),
        (date(2026, 12, 1), None, True, True),
        (date(2030, 1, 1), None, True, True),
        (date(2027, 2, 28), None, False, True),
        (date(2027, 3, 1), None, False, False),
        (date(2027, 1, 14), date(2027, 1, 15), True, True),
        (date(2027, 1, 15), date(2027, 1, 15), True, False),
    ],
)
def test_it_is_sold_from_its_first_term_to_its_end(day: date, ends: date | None, renew: bool, found: bool) -> None:
    vps = sample.vps(ends=ends, term=Term(months=3, start=date(2026, 12, 1), renew=renew))
    assert is_sold(vps, day) == found
    client = sample.client("coop", vps)
    assert bool(recurring(selling(client), client, day)) == found


def test_a_month_is_priced_by_what_is_in_force() -> None:
    vps = sample.vps(extras={MEMORY.key: 1}, since=date(2027, 2, 1), before=(Sale(package="small@2026-01"),))
    client = sample.client("coop", vps)
    fleet = selling(client)
    before, after = (totals(monthly(fleet, client, vps, day))["EUR"] for day in (date(2027, 1, 31), date(2027, 2, 1)))
    assert (before, after) == (Decimal("19.00"), Decimal("23.50"))


def test_deposit_and_set_up_come_once() -> None:
    """PAY-1: the deposit is due on signing; PAY-2: set-up on reception of the invoice; later pieces cost theirs."""
    first = Sale(package="small@2026-01", extras={MEMORY.key: 1})
    vps = sample.vps(extras={MEMORY.key: 3}, since=date(2027, 2, 1), before=(first,))
    client = sample.client("coop", vps)
    lines = once(selling(client), client, vps)
    assert [(line.kind.value, line.what, str(line.amount), line.due, line.start) for line in lines] == [
        ("deposit", "small@2026-01", "50.00", date(2026, 11, 20), date(2026, 12, 1)),
        ("set-up", "small@2026-01", "5.00", None, date(2026, 12, 1)),
        ("set-up", "memory@2026-01", "2.00", None, date(2026, 12, 1)),
        ("set-up", "2 x memory@2026-01", "4.00", None, date(2027, 2, 1)),
    ]


def test_each_payment_has_its_due_day() -> None:
    """P-2: signed on 4 May, invoiced on 6 May, the term starts on 11 May."""
    vps = sample.vps(term=Term(months=1, start=date(2026, 5, 11), renew=True))
    signed = Contract(version="standard@2026-01", signed=date(2026, 5, 4), support="standard")
    client = sample.client("coop", vps, contract=signed)
    fleet = selling(client)
    assert [(line.kind.value, line.due) for line in once(fleet, client, vps, date(2026, 5, 6))] == [
        ("deposit", date(2026, 5, 4)),
        ("set-up", date(2026, 5, 6)),
    ]
    assert vps.term.begins(0) == date(2026, 5, 11)


def test_a_piece_that_comes_back_has_been_set_up() -> None:
    counts = [(None, 2), (date(2027, 1, 1), 1), (date(2027, 2, 1), 2)]
    *before, last = (Sale(package="small@2026-01", extras={MEMORY.key: count}, since=since) for since, count in counts)
    vps = sample.vps(extras=last.extras, since=last.since, before=tuple(before))
    client = sample.client("coop", vps)
    assert [str(line.amount) for line in once(selling(client), client, vps)] == ["50.00", "5.00", "4.00"]


def test_what_costs_nothing_has_no_line() -> None:
    client = sample.client()
    assert once(sample.fleet(client), client, client.vps["web1"]) == ()


@pytest.mark.parametrize(
    ("exact", "found"),
    [
        ("1.525", "1.53"),
        ("1.505", "1.51"),
        ("1.5249999", "1.52"),
        ("-1.525", "-1.53"),
        ("0.005", "0.01"),
        ("0", "0.00"),
    ],
)
def test_half_a_cent_goes_up(exact: str, found: str) -> None:
    """R-23, U-34."""
    assert str(rounded(Decimal(exact))) == found


@pytest.mark.parametrize(
    ("fee", "months", "found"),
    [
        ("100.00", 3, ["33.34", "33.33", "33.33"]),
        ("299.00", 12, ["24.92"] * 8 + ["24.91"] * 4),
        ("19.00", 1, ["19.00"]),
        ("0.01", 3, ["0.01", "0.00", "0.00"]),
        ("-0.04", 3, ["-0.02", "-0.01", "-0.01"]),
    ],
)
def test_a_fee_is_split_without_a_rest(fee: str, months: int, found: list[str]) -> None:
    """P-3."""
    assert [str(part) for part in split(Decimal(fee), months)] == found


DOMAIN = Path(__file__).resolve().parents[2] / "components" / "domain"


@pytest.mark.parametrize("module", ["prices", "fees", "rebate_base", "works", "orders", "statements", "price_changes"])
def test_no_money_is_a_float(module: str) -> None:
    for node in ast.walk(ast.parse((DOMAIN / f"{module}.py").read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno
        assert not (isinstance(node, ast.Name) and node.id == "float"), node.lineno


MONEY = st.decimals(min_value=-(10**6), max_value=10**6, places=2)


@given(fee=MONEY, months=st.sampled_from((1, 3, 12)))
def test_shares_sum_to_the_fee_and_differ_by_a_cent_at_most(fee: Decimal, months: int) -> None:
    """PAY-4."""
    shares = split(fee, months)
    assert sum(shares) == fee
    assert max(shares) - min(shares) <= Decimal("0.01")
    assert sorted(shares, key=abs, reverse=True) == list(shares)


@given(exact=st.fractions(min_value=-(10**6), max_value=10**6))
def test_rounding_moves_by_half_a_cent_at_most(exact: Fraction) -> None:
    found = Fraction(rounded(exact))
    assert abs(found - exact) <= Fraction(1, 200)
    assert Fraction(rounded(-exact)) == -found


@given(pieces=st.integers(1, 8), more=st.integers(0, 8), months=st.sampled_from((1, 3, 12)))
def test_more_never_costs_less(pieces: int, more: int, months: int) -> None:
    term = Term(months=months, start=date(2026, 12, 1), renew=True)
    client = sample.client()
    fleet = selling(client)
    few, many = (
        totals(monthly(fleet, client, sample.vps(term=term, extras={MEMORY.key: count}), DAY))["EUR"]
        for count in (pieces, pieces + more)
    )
    assert few <= many
