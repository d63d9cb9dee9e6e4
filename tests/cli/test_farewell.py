"""Who ends a VPS is told what is still due, and what becomes of addresses, disk and backups."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from components.cli.farewell import farewell
from components.domain.terms import Term
from tests.domain.sample import PACKAGE, client, fleet, vps

START = date(2026, 12, 1)
TODAY = date(2026, 11, 22)


def told(ends: date, today: date = TODAY, **changes) -> list[str]:
    mine = client("example-coop", vps(ends=ends, **changes))
    return [line.removeprefix("example-coop/web1: ") for line in farewell(fleet(), mine, mine.vps["web1"], today)]


def test_an_end_inside_a_term_owes_it_whole_and_names_the_day_that_costs_the_same() -> None:
    said = told(date(2027, 4, 10))
    assert said[:2] == [
        "due on 2026-12-01: 57.00 EUR for 2026-12-01 to 2027-03-01",
        "due on 2027-03-01: 57.00 EUR for 2027-03-01 to 2027-06-01",
    ]
    assert said[2].startswith("it ends inside its term of 2027-03-01 to 2027-06-01, whose fee of 57.00 EUR is owed")
    assert said[2].endswith("--on 2027-06-01 costs the same")


def test_an_end_with_its_term_owes_nothing_beyond() -> None:
    said = told(date(2027, 3, 1), today=date(2027, 1, 10))
    assert said[0] == "no further fee is due"
    assert not [line for line in said if "inside" in line]


def test_the_first_day_of_the_next_term_is_the_first_without_it() -> None:
    assert told(date(2027, 3, 1))[0] == "due on 2026-12-01: 57.00 EUR for 2026-12-01 to 2027-03-01"
    assert "2027-03-01 to 2027-06-01" in told(date(2027, 3, 2))[1]


def test_before_it_begins_no_fee_is_due() -> None:
    assert told(START)[0] == "it ends before its first term begins: no fee is due"


def test_a_term_that_is_not_renewed_is_the_only_one() -> None:
    said = told(date(2027, 2, 1), term=Term(months=3, start=START, renew=False))
    assert said[0] == "due on 2026-12-01: 57.00 EUR for 2026-12-01 to 2027-03-01"
    assert "owed whole" in said[1]


def test_many_terms_are_counted() -> None:
    said = told(date(2028, 1, 1), term=Term(months=1, start=START, renew=True))
    assert said[3] == "10 more terms follow, the last one due on 2027-12-01"


def test_addresses_and_deposit_are_told() -> None:
    mine = client("example-coop", vps(ends=date(2027, 3, 1)))
    paid = fleet(packages={PACKAGE.key: replace(PACKAGE, deposit=Decimal("50.00"))})
    said = list(farewell(paid, mine, mine.vps["web1"], TODAY))
    assert "example-coop/web1: its deposit of 50.00 EUR is to be settled" in said
    assert any("192.0.2.10, 2001:db8:1::10 and its disk are nobody else's before 2027-03-31" in line for line in said)


def test_what_has_no_price_is_told_without_one() -> None:
    said = told(date(2027, 3, 1), package="unknown@1")
    assert len(said) == 1
    assert "nobody else's" in said[0]
