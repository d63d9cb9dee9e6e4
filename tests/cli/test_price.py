"""`vps price CLIENT`: what a client pays, for people and machines."""

import json
from pathlib import Path

import pytest

from tests.cli.priced import Priced


@pytest.fixture
def priced(tmp_path: Path) -> Priced:
    return Priced(tmp_path)


def test_a_client_in_a_table(priced: Priced) -> None:
    done = priced.price("example-coop", "--on", "2026-12-24")
    assert done.exit_code == 0, done.output
    head, _, _, row, _, month = done.output.splitlines()
    assert head == "Example Cooperative (example-coop), standard@2026-01, on 2026-12-24 in UTC"
    assert row.split() == [
        *("web1", "small@2026-01", "19.00", "-", "-0.57", "EUR", "-", "18.43", "EUR"),
        *("2026-12-01", "to", "2027-03-01", "55.29", "EUR", "2027-03-01:", "55.29", "EUR"),
    ]
    assert month == "a month, of what is sold on 2026-12-24: 18.43 EUR"


def test_what_changes_has_its_day(priced: Priced) -> None:
    priced.upgrade()
    told = priced.price("example-coop", "--on", "2026-12-24").output.splitlines()
    changes = told[told.index("what changes in a month's price") + 1 :]
    assert [" ".join(line.split()) for line in changes] == [
        "2027-01-01 web1 18.43 EUR -> 67.43 EUR VIP begins",
        "2027-02-01 web1 67.43 EUR -> 92.65 EUR small@2026-01 becomes medium@2026-01; +2 memory@2026-01",
    ]


def test_one_vps_by_its_lines(priced: Priced) -> None:
    """The term in which it is upgraded: two months of the one package, one of the other."""
    priced.upgrade()
    told = priced.price("example-coop/web1", "--on", "2027-02-03").output
    lines = [" ".join(line.split()) for line in told.splitlines()]
    for line in (
        "medium@2026-01 37.00 EUR",
        "2 x memory@2026-01 8.00 EUR",
        "term of 3 months: -3 % -1.35 EUR",
        "VIP Administration 49.00 EUR",
        "together 92.65 EUR",
        "term of 3 months, 2026-12-01 up to 2027-03-01, due 2026-12-01",
        "small@2026-01 38.00 EUR 2026-12-01 up to 2027-02-01",
        "medium@2026-01 37.00 EUR 2027-02-01 up to 2027-03-01",
        "next term of 3 months, 2027-03-01 up to 2027-06-01, due 2027-03-01",
    ):
        assert line in lines, told


def test_for_machines_amounts_are_text(priced: Priced) -> None:
    found = json.loads(priced.price("example-coop", "--on", "2026-12-24", "--json").output)
    assert (found["client"], found["day"], found["zone"], found["month"]) == (
        "example-coop",
        "2026-12-24",
        "UTC",
        {"EUR": "18.43"},
    )
    (vps,) = found["vps"]
    assert vps["term"]["totals"] == {"EUR": "55.29"}
    assert vps["term"]["per_month"] == {"EUR": ["18.43"] * 3}
    assert vps["next"]["due"] == "2027-03-01"
    assert "." not in "".join(str(one) for one in _numbers(found))


def _numbers(value: object) -> list[object]:
    if isinstance(value, dict):
        return [one for inner in value.values() for one in _numbers(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _numbers(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nobody"], "No client file clients/nobody.yaml"),
        (["example-coop/web9"], "has no VPS"),
        (["example-coop", "--on", "tomorrow"], "is no date"),
        (["example-coop", "--order", "WORK-13"], "Works are done for one VPS"),
        (["HEAD..", "--order", "WORK-13"], "A change orders nothing"),
    ],
)
def test_a_question_without_an_answer_is_refused(priced: Priced, words: list[str], why: str) -> None:
    done = priced.price(*words)
    assert done.exit_code == 1
    assert why in str(done.exception)


def test_what_is_not_sold_has_no_price(priced: Priced) -> None:
    priced.edit("small@2026-01", "smal@2026-01")
    done = priced.price("example-coop")
    assert done.exit_code == 1
    assert "example-coop/web1 has smal@2026-01, which is not sold" in str(done.exception)


def test_today_is_the_contracts_own(priced: Priced) -> None:
    priced.edit('from: "2026-01-01"}', 'from: "2026-01-01", timezone: Europe/Brussels}', "catalogue.yaml")
    assert "in Europe/Brussels" in priced.price("example-coop").output


def test_a_catalogue_that_can_not_be_read_is_named(priced: Priced) -> None:
    """Not the packages, which are sold as before."""
    priced.edit('"19.00"', "19", "catalogue.yaml")
    done = priced.price("example-coop")
    assert done.exit_code == 1
    assert "catalogue.yaml can't be read as it is" in str(done.exception)
