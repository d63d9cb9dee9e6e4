"""A running term changes by agreement of both parties alone."""

from dataclasses import replace
from datetime import date

import pytest

from components.domain.fleet import Fleet
from components.domain.problems import Severity
from components.domain.rules.agreements import problems
from components.domain.terms import Agreed, Term
from tests.domain.sample import client, fleet, vps

TODAY = date(2026, 12, 10)
TERM = Term(months=3, start=date(2026, 12, 1), renew=True)
BOTH = Agreed(client="T-1077", provider="T-1078")


def sold(term: Term) -> Fleet:
    return fleet(client("example-coop", vps(term=term)))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (TERM, TERM),
        (TERM, replace(TERM, renew=False)),
        (TERM, replace(TERM, months=12, agreed=BOTH)),
        (replace(TERM, agreed=Agreed(client="T-1", provider="T-2")), replace(TERM, months=12, agreed=BOTH)),
        (replace(TERM, start=date(2026, 12, 11)), replace(TERM, months=1)),
        (replace(TERM, agreed=BOTH), TERM),
    ],
    ids=["same", "not renewed", "agreed", "agreed again", "not begun", "agreement removed"],
)
def test_what_is_agreed_or_has_not_begun_may_change(was: Term, now: Term) -> None:
    assert list(problems(sold(now), sold(was), TODAY)) == []


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (TERM, replace(TERM, months=12), "none is recorded"),
        (TERM, replace(TERM, start=date(2027, 1, 1)), "now 3 months from 2027-01-01"),
        (replace(TERM, agreed=BOTH), replace(TERM, months=12, agreed=BOTH), "not a new one of both"),
        (TERM, replace(TERM, months=12, agreed=Agreed(client="T-1077", provider=" ")), "not a new one of both"),
        (replace(TERM, start=TODAY), replace(TERM, start=TODAY, months=1), "none is recorded"),
    ],
    ids=["months", "start", "an old agreement", "one alone", "begins today"],
)
def test_nobody_changes_a_running_term_alone(was: Term, now: Term, said: str) -> None:
    (problem,) = problems(sold(now), sold(was), TODAY)
    assert (problem.code, problem.severity, problem.blocks) == ("term-not-agreed", Severity.ERROR, False)
    assert problem.path == ("clients", "example-coop", "vps", "web1", "term", "months")
    assert said in problem.message
    assert "TERM-2" in problem.message


def test_a_new_vps_has_no_term_that_runs() -> None:
    assert list(problems(sold(TERM), fleet(client("other", id="c-zzzz")), TODAY)) == []
