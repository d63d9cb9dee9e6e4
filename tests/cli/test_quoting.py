"""Prices are told to the cent, each currency by itself, and a sum only where there is something to add."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from components.cli import quoting
from components.domain.fees import quote
from components.domain.terms import Discount
from tests.domain.sample import PACKAGE, client, fleet, vps

SET_UP = replace(PACKAGE, set_up=Decimal("10.00"), deposit=Decimal("50.00"))
FLEET = fleet(packages={PACKAGE.key: SET_UP}, discounts=(Discount(months=3, percent=3),))
TODAY = dt.date(2026, 11, 22)


def test_month_term_and_once_stand_apart() -> None:
    mine = client()
    assert quoting.lines(quote(FLEET, mine, mine.vps["web1"])) == [
        "a month     small@2026-01                          19.00 EUR",
        "            term of 3 months: -3 %                 -0.57 EUR",
        "            together                               18.43 EUR",
        "first term  small@2026-01                          57.00 EUR",
        "            term of 3 months: -3 %                 -1.71 EUR",
        "            together                               55.29 EUR  2026-12-01 to 2027-03-01, due 2026-12-01",
        "once        deposit: small@2026-01                 50.00 EUR  due 2026-11-20",
        "            set-up: small@2026-01                  10.00 EUR  due on invoice",
        "            together                               60.00 EUR",
    ]


def test_for_machines_amounts_are_text() -> None:
    mine = client()
    found = quoting.report(quote(FLEET, mine, mine.vps["web1"]))
    assert found[0] == {
        "per": "month",
        "kind": "package",
        "what": "small@2026-01",
        "amount": "19.00",
        "currency": "EUR",
        "due": None,
    }
    assert {one["due"] for one in found if one["kind"] == "deposit"} == {"2026-11-20"}


def test_what_an_edit_changes_is_told_with_its_days() -> None:
    after = replace(FLEET, clients={"example-coop": client("example-coop", vps(ends=dt.date(2027, 3, 1)))})
    assert quoting.changed(FLEET, FLEET, TODAY) == ["price       unchanged"]
    assert quoting.changed(FLEET, after, TODAY)[0] == "a month     18.43 EUR -> 0.00 EUR, from 2027-03-01"
    (found,) = quoting.changed_report(FLEET, after, TODAY)
    assert found["vps"] == "web1"
    assert found["month"] == [{"start": "2027-03-01", "end": None, "before": {"EUR": "18.43"}, "after": {}}]


def test_what_has_no_price_is_named_and_keeps_nobody_from_anything() -> None:
    mine = client("example-coop", vps("web1", package="gone@2025-01"), vps("web2", id="v-0002"))
    ended = {key: replace(one, ends=dt.date(2027, 3, 1)) for key, one in mine.vps.items()}
    before = replace(FLEET, clients={"example-coop": mine})
    after = replace(FLEET, clients={"example-coop": replace(mine, vps=ended)})
    first, second = quoting.changed(before, after, TODAY)[:2]
    assert first == "price       can't be told: example-coop/web1 has gone@2025-01, which is not sold"
    assert second == "a month     18.43 EUR -> 0.00 EUR, from 2027-03-01"
    assert [one["vps"] for one in quoting.changed_report(before, after, TODAY)] == ["web2"]


def test_a_term_of_another_length_is_told_with_both_fees() -> None:
    """Their difference would be no amount that anybody pays."""
    year = vps(term=replace(vps().term, months=12))
    after = replace(FLEET, clients={"example-coop": client("example-coop", year)})
    month, term = quoting.changed(FLEET, after, TODAY)
    assert month.startswith("a month     18.43 EUR -> 19.00 EUR")
    assert term == "term        228.00 EUR for 2026-12-01 to 2027-12-01, was 55.29 EUR up to 2027-03-01"
    (found,) = quoting.changed_report(FLEET, after, TODAY)
    assert found["term"]["was"] == "2027-03-01"
