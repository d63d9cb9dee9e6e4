"""For how long VPSs are sold, and on which days their terms begin."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.terms import LENGTHS, Term

TERMS = st.builds(
    Term, months=st.sampled_from(LENGTHS), start=st.dates(date(2020, 1, 1), date(2040, 12, 31)), renew=st.booleans()
)


def test_lengths_are_those_of_the_contract() -> None:
    """TERM-1: one, three or twelve months."""
    assert LENGTHS == (1, 3, 12)


@pytest.mark.parametrize(
    ("term", "days"),
    [
        (Term(months=1, start=date(2026, 1, 31), renew=True), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (Term(months=3, start=date(2026, 11, 30), renew=True), ["2026-11-30", "2027-02-28", "2027-05-30"]),
        (Term(months=1, start=date(2026, 1, 17), renew=True), ["2026-01-17", "2026-02-17"]),
    ],
)
def test_terms_begin_on_the_anchor_day(term: Term, days: list[str]) -> None:
    """P-1, R-55: the anniversary of the start, not the first of the month."""
    assert [term.begins(number).isoformat() for number in range(len(days))] == days


def test_a_term_that_renews_has_no_end() -> None:
    assert Term(months=3, start=date(2026, 11, 30), renew=True).end is None
    assert Term(months=3, start=date(2026, 11, 30), renew=False).end == date(2027, 2, 28)


@given(term=TERMS, days=st.integers(-800, 8000))
def test_every_day_lies_in_the_term_of_its_number(term: Term, days: int) -> None:
    """Terms follow each other without a gap, each day in exactly one."""
    day = term.start + timedelta(days)
    number = term.number(day)
    assert term.begins(number) <= day < term.begins(number + 1)
    assert (number < 0) == (day < term.start)


def test_a_term_that_nobody_sells_crashes_nothing() -> None:
    """`vps check` refuses it; other commands go on with the rest."""
    assert Term(months=0, start=date(2026, 12, 1), renew=True).number(date(2027, 1, 1)) >= 0
