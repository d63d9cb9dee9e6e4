"""What a client pays on a day, and when that changes."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from components.domain.clients import Vps
from components.domain.prices import is_sold, monthly, totals
from components.domain.sales import Sale
from components.domain.statements import Step, account, statement, steps, unpriced
from tests.domain import sample
from tests.domain.test_fees import DAYS, SALES, a_fleet, of, selling, sells
from tests.domain.test_prices import MEMORY, served

EUR = "EUR"


def shown(found: tuple[Step, ...]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [
        (step.day.isoformat(), str(step.before.get(EUR, 0)), str(step.month.get(EUR, 0)), step.why) for step in found
    ]


def test_every_change_has_its_day_and_its_reason() -> None:
    vps = sample.vps(
        term=of(1, "2026-12-01"),
        package="large@2026-01",
        extras={MEMORY.key: 2},
        since=date(2027, 2, 1),
        before=(Sale(package="small@2026-01"),),
        ends=date(2027, 6, 1),
    )
    client = sample.client("coop", vps, contract=served(date(2027, 1, 1), date(2027, 4, 1)))
    assert shown(steps(a_fleet(client), client, vps)) == [
        ("2026-12-01", "0", "30.00", ("begins",)),
        ("2027-01-01", "30.00", "79.00", ("VIP begins",)),
        ("2027-02-01", "79.00", "118.00", ("small@2026-01 becomes large@2026-01", "+2 memory@2026-01")),
        ("2027-04-01", "118.00", "69.00", ("VIP ends",)),
        ("2027-06-01", "69.00", "0", ("ends",)),
    ]


def test_a_term_that_is_not_renewed_is_an_end() -> None:
    fleet, client, vps = sells(sample.vps(term=of(3, "2026-12-01", renew=False)))
    assert shown(steps(fleet, client, vps))[-1] == ("2027-03-01", "30.00", "0", ("its term ends and is not renewed",))


def test_an_account_before_its_first_day_shows_what_it_will_be() -> None:
    fleet, client, vps = sells(sample.vps(term=of(3, "2026-12-01")))
    found = account(fleet, client, vps, date(2026, 11, 23))
    assert (found.is_sold, found.day, found.term.number) == (False, date(2026, 12, 1), 0)
    assert found.following is not None
    assert (found.following.due, found.following.totals) == (date(2026, 12, 1), {EUR: Decimal("90.00")})
    assert shown(found.steps) == [("2026-12-01", "0", "30.00", ("begins",))]
    assert statement(fleet, client, date(2026, 11, 23)).month == {}


def test_an_account_within_a_term_tells_that_and_the_next() -> None:
    fleet, client, vps = sells(sample.vps(term=of(3, "2026-12-01")))
    found = account(fleet, client, vps, date(2027, 3, 1))
    assert found.following is not None
    assert (found.is_sold, found.term.start, found.following.due) == (True, date(2027, 3, 1), date(2027, 6, 1))
    assert found.steps == ()
    assert statement(fleet, client, date(2027, 3, 1)).month == {EUR: Decimal("30.00")}


def test_an_account_after_its_end_shows_what_it_was() -> None:
    fleet, client, vps = sells(sample.vps(term=of(1, "2026-12-01"), ends=date(2027, 2, 1)))
    found = account(fleet, client, vps, date(2028, 1, 1))
    assert (found.is_sold, found.day, found.following) == (False, date(2027, 1, 31), None)
    assert found.term.start == date(2027, 1, 1)


def test_what_the_catalogue_lacks_has_no_price() -> None:
    fleet, _, vps = sells(sample.vps(package="smal@2026-01", before=(Sale(package="x@2026-01", extras={"y@1": 1}),)))
    assert unpriced(fleet, vps) == ("x@2026-01", "smal@2026-01", "y@1")
    right = replace(vps, package="small@2026-01", before=())
    assert unpriced(fleet, right) == ()
    assert unpriced(fleet, replace(right, term=of(2, "2026-12-01"))) == ("a term of 2 months",)


@given(sales=SALES, ends=st.none() | DAYS, days=st.integers(-100, 900))
def test_steps_tell_the_month_of_every_day(sales: tuple[Sale, ...], ends: date | None, days: int) -> None:
    """What the last step before a day says is what the day costs: nothing changes between them."""
    vps: Vps = replace(selling(sales), ends=ends)
    fleet, client, _ = sells(vps)
    day = vps.term.start + timedelta(days)
    found = steps(fleet, client, vps)
    month = next((step.month for step in reversed(found) if step.day <= day), {})
    assert month == (totals(monthly(fleet, client, vps, day)) if is_sold(vps, day) else {})
    assert all(step.before != step.month and step.why for step in found)
    assert [step.day for step in found] == sorted({step.day for step in found})
