"""Prices on paper: the figures of `vps price`, and limits of what is in force."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.sales import Sale
from components.domain.statements import statement
from components.domain.terms import Discount, Term
from components.kit.prices import is_same, price, sold
from tests.domain import sample
from tests.domain.test_prices import MEMORY, VIP, served
from tests.kit.conftest import DAY, made


def term(months: int, start: date = date(2026, 12, 1)) -> Term:
    return Term(months=months, start=start, renew=True)


def upgraded() -> Vps:
    return sample.vps(
        term=term(12),
        extras={MEMORY.key: 2},
        since=date(2027, 2, 1),
        before=(Sale(package="small@2026-01", extras={MEMORY.key: 1}),),
    )


def of(fleet: Fleet, vps: Vps, vip: date | None = None) -> tuple[Fleet, Client]:
    contract = served(vip) if vip else sample.client().contract
    client = sample.client("example-coop", vps, contract=contract)
    services = {"vip": VIP}
    return replace(fleet, clients={client.key: client}, extras={MEMORY.key: MEMORY}, services=services), client


@pytest.mark.parametrize(("months", "taken", "fee"), [(12, "1.90 EUR", "205.20 EUR"), (3, "", "57.00 EUR")])
def test_a_price_is_told_with_what_its_term_takes_off(fleet: Fleet, months: int, taken: str, fee: str) -> None:
    vps = sample.vps(term=term(months))
    changed, client = of(fleet, vps)
    found = price(changed, client, vps, DAY)
    assert (found["taken"], found["fee"], found["once"], found["later"]) == (taken, fee, [], [])
    assert found["parts"] == [{"what": "small@2026-01", "amount": "19.00 EUR"}]


def test_paper_says_what_the_command_says(fleet: Fleet) -> None:
    """No second calculation: the month, the next fee and the days of changes are those of the statement."""
    vps = upgraded()
    changed, client = of(fleet, vps, date(2027, 1, 1))
    (account,) = statement(changed, client, DAY).accounts
    found = price(changed, client, vps, DAY)
    assert found["month"] == "21.15 EUR"
    assert [one["what"] for one in found["parts"]] == ["small@2026-01", "1 GiB more"]
    assert [one["from"] for one in found["later"]] == [step.day.isoformat() for step in account.steps]
    assert [one["month"] for one in found["later"]] == ["70.15 EUR", "74.20 EUR"]


def test_a_document_shows_extras_prices_and_the_limits_in_force(fleet: Fleet) -> None:
    vps = upgraded()
    changed, client = of(replace(fleet, discounts=(Discount(months=12, percent=10),)), vps)
    early, late = (
        made(changed, client, day).files["server-configuration.md"].decode() for day in (DAY, date(2027, 2, 1))
    )
    assert "| Extras | 1 GiB more |" in early
    assert "| Memory | 3 GiB |" in early
    assert "| Price | 21.15 EUR per month: small@2026-01 19.00 EUR, 1 GiB more 4.50 EUR, less 2.35 EUR" in early
    assert "| Price from 2027-02-01 on | 25.20 EUR per month |" in early
    assert "| Set-up | 2.00 EUR, once: 1 GiB more |" in early
    assert "| Extras | 2 x 1 GiB more |" in late
    assert "| Memory | 4 GiB |" in late
    assert "Price from" not in late


def test_a_kit_is_made_anew_when_what_is_in_force_changes(fleet: Fleet) -> None:
    """Its declaration may be the same as before: a day passed."""
    changed, client = of(fleet, upgraded(), date(2027, 1, 1))
    days = [date(2026, 12, 24), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 31), date(2027, 2, 1)]
    assert [is_same(changed, client, one, other) for one, other in pairwise(days)] == [
        True,
        False,
        True,
        False,
    ]
    assert not is_same(changed, client, date(2026, 11, 30), date(2026, 12, 1))


def test_a_kit_is_made_anew_when_its_fee_becomes_whole(fleet: Fleet) -> None:
    """In the term before the upgrade's the next fee is of two parts and not told; from the upgrade's own on it is."""
    upgrade = Sale(package="small@2026-01")
    vps = sample.vps(term=term(3), extras={MEMORY.key: 1}, since=date(2027, 4, 10), before=(upgrade,))
    changed, client = of(fleet, vps)
    days = [date(2027, 1, 15), date(2027, 2, 15), date(2027, 3, 15), date(2027, 4, 9)]
    assert [price(changed, client, vps, day)["fee"] != "" for day in days] == [False, False, True, True]
    assert [is_same(changed, client, one, other) for one, other in pairwise(days)] == [True, False, True]


def test_before_its_first_day_it_has_what_it_will_have() -> None:
    assert sold(upgraded(), date(2026, 1, 1)).extras == {MEMORY.key: 1}
