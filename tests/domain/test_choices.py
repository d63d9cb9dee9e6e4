"""Requests of several rows and hours, the included hour, and free uses in turn: the contract's worked cases."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.calendar import Span, zone
from components.domain.orders import MINIMUM, Placed, in_turn, request
from components.domain.services import Service
from components.domain.works import Order, Server, work

VPS = Server(key="web1")
CHANGE = Order(row="WORK-13", server=VPS)
GONE = 60
"""The included hour, used up."""


def at(text: str, order: Order = CHANGE) -> Placed:
    return Placed(order=order, at=dt.datetime.fromisoformat(text))


def amounts(placed: list[Placed], where: dt.tzinfo = dt.UTC, *vip: Span) -> list[str]:
    return [str(line.amount) for line in in_turn(placed, where, vip)]


@pytest.mark.parametrize(
    ("minutes", "amount", "total"),
    [(10, "5.83", "15.00"), (25, "14.58", "15.00"), (26, "15.17", "15.17"), (90, "52.50", "52.50")],
)
def test_hours_are_counted_to_the_minute_with_a_minimum(minutes: int, amount: str, total: str) -> None:
    """W-1, R-51."""
    found = request(minutes=minutes, logged=GONE)
    assert found.hours is not None
    assert (str(found.hours.amount), found.totals) == (amount, {"USD": Decimal(total)})


def test_the_minimum_is_of_the_whole_request() -> None:
    """W-2, R-50: rows count towards it, and rows alone have none."""
    copy = work(Order(row="WORK-20"))
    assert request([copy], 20, logged=GONE).totals == {"USD": Decimal("26.67")}
    second = work(CHANGE, used=1)
    assert request([second], 5, logged=GONE).totals == {"USD": Decimal("15.00")}
    assert request([second]).totals == {"USD": Decimal("10.00")}


def test_the_included_hour_pays_hours_only() -> None:
    """W-16, R-54: without roll-over, and the minimum is on what is billable."""
    first, second = request(minutes=25), request(minutes=50, logged=25)
    assert (first.totals, second.totals) == ({"USD": Decimal(0)}, {"USD": Decimal("15.00")})
    assert second.hours is not None
    assert (second.hours.included, second.hours.billed, str(second.hours.amount)) == (35, 15, "8.75")
    assert request(minutes=60).totals == {"USD": Decimal(0)}
    over = request(minutes=70)
    assert over.hours is not None
    assert (str(over.hours.amount), over.totals) == ("5.83", {"USD": Decimal("15.00")})
    assert request(minutes=60, logged=GONE).totals == {"USD": Decimal("35.00")}
    assert request([work(CHANGE, used=1)], 5).totals == {"USD": Decimal("10.00")}


def test_the_catalogue_says_what_an_hour_costs() -> None:
    """Rows stay in their own currency."""
    hour = Service(key="hour", kind="work", title="Hour", price=Decimal("60.00"), row="WORK-24")
    found = request([work(CHANGE, used=1)], 30, logged=GONE, service=hour, home="EUR")
    assert found.totals == {"USD": Decimal("10.00"), "EUR": Decimal("30.00")}


def test_the_first_change_of_each_month_is_free() -> None:
    """W-3."""
    orders = [at(f"2026-04-{day}T10:00:00Z") for day in ("02", "09", "30")] + [at("2026-05-01T00:00:00Z")]
    assert amounts(orders) == ["0.00", "10.00", "10.00", "0.00"]


def test_the_month_is_the_contracts_own() -> None:
    """W-4."""
    orders = [at("2026-01-31T22:59:59Z"), at("2026-01-31T23:00:00Z")]
    assert amounts(orders, zone("Europe/Brussels")) == ["0.00", "0.00"]
    assert amounts(orders) == ["0.00", "10.00"]


def test_a_paid_reinstallation_keeps_the_free_one() -> None:
    """W-5."""
    with_panel = Server(key="d1", dedicated=True, panel="cpanel", administered=True)
    without = Server(key="d1", dedicated=True)
    orders = [
        at("2026-04-02T00:00:00Z", Order(row="WORK-1", server=with_panel)),
        at("2026-04-03T00:00:00Z", Order(row="WORK-1", server=with_panel)),
        at("2026-05-02T00:00:00Z", Order(row="WORK-1", server=without)),
        at("2026-05-03T00:00:00Z", Order(row="WORK-1", server=with_panel)),
    ]
    assert amounts(orders) == ["0.00", "35.00", "35.00", "0.00"]


def test_free_by_vip_leaves_the_counter_alone() -> None:
    """W-15."""
    vip = Span(start=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), end=dt.datetime(2026, 4, 10, tzinfo=dt.UTC))
    orders = [at(f"2026-04-{day}T12:00:00Z") for day in ("05", "12", "13")]
    assert amounts(orders, dt.UTC, vip) == ["0.00", "0.00", "10.00"]


def test_each_server_has_its_own_free_use() -> None:
    """WORK-25."""
    other = Order(row="WORK-13", server=Server(key="web2"))
    assert amounts([at("2026-04-02T00:00:00Z"), at("2026-04-03T00:00:00Z", other)]) == ["0.00", "0.00"]


@given(minutes=st.integers(1, 6000), more=st.integers(0, 600), logged=st.integers(0, 90))
def test_more_minutes_never_cost_less_and_a_bill_is_no_less_than_the_minimum(
    minutes: int, more: int, logged: int
) -> None:
    few, many = (request(minutes=one, logged=logged).totals["USD"] for one in (minutes, minutes + more))
    assert few <= many
    assert few == 0 or few >= MINIMUM
