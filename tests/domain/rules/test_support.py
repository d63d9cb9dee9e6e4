"""Rules for contracts and VIP, with the cases of the contract (VIP-15, VIP-16, VIP-20)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.calendar import later
from components.domain.clients import Contact, Contract, Vip
from components.domain.problems import Problem, Severity
from components.domain.rules.support import problems
from components.domain.terms import Term
from tests.domain.sample import client, fleet, vps

TODAY = date(2027, 1, 15)


def judged(contract: Contract, *terms: Term) -> list[Problem]:
    machines = [vps(f"web{number}", id=f"v-000{number}", term=term) for number, term in enumerate(terms)]
    return list(problems(fleet(client("a", *machines, contract=contract)), TODAY))


def signed(vip: Vip | None = None, support: str = "standard", day: date = date(2026, 11, 20)) -> Contract:
    return Contract(version="standard@2026-01", signed=day, support=support, vip=vip)


def vip(since: str, until: str = "", accepted: str = "T-7") -> Vip:
    return Vip(since=date.fromisoformat(since), accepted=accepted, until=date.fromisoformat(until) if until else None)


@pytest.mark.parametrize(
    "contract",
    [
        signed(),
        signed(vip("2027-01-15"), "vip"),
        signed(vip("2026-11-30", "2027-02-28"), "vip"),
        signed(vip("2026-10-15", "2027-01-15")),
        signed(vip("2027-02-01")),
        signed(vip("2027-01-16"), "vip"),
    ],
    ids=["standard", "from today", "three months, clamped", "over today", "to come", "to come, and agreed on"],
)
def test_what_is_right_is_not_told(contract: Contract) -> None:
    assert judged(contract) == []


@pytest.mark.parametrize(
    ("contract", "code", "key"),
    [
        (signed(None, "vip"), "support-level", "support"),
        (signed(vip("2026-10-15", "2027-01-15"), "vip"), "support-level", "support"),
        (signed(vip("2026-12-01")), "support-level", "support"),
        (signed(vip("2026-12-01", accepted=" "), "vip"), "vip-acceptance", "vip"),
        (signed(vip("2026-11-30", "2027-02-27"), "vip"), "vip-too-short", "vip"),
        (signed(vip("2026-12-31", "2027-03-30"), "vip"), "vip-too-short", "vip"),
        (signed(day=date(2025, 12, 31)), "signed-too-early", "signed"),
    ],
)
def test_each_fault_is_told(contract: Contract, code: str, key: str) -> None:
    (problem,) = judged(contract)
    assert (problem.code, problem.path[3]) == (code, key)
    assert problem.remedy
    assert not problem.blocks


def test_vip_is_had_for_three_months_from_any_day() -> None:
    """The day clamps to the month's end, and that day itself is allowed (VIP-16)."""
    (problem,) = judged(signed(vip("2026-11-30", "2027-02-27"), "vip"))
    assert "before 2027-02-28" in problem.message
    assert problem.measure == 1


ONE = Term(months=1, start=date(2027, 1, 1), renew=False)
THREE = Term(months=3, start=date(2027, 1, 1), renew=False)


@pytest.mark.parametrize(
    ("since", "terms", "right"),
    [
        ("2027-01-01", [THREE], True),
        ("2027-01-02", [THREE], False),
        ("2027-01-02", [replace(THREE, renew=True)], True),
        ("2027-01-01", [ONE], False),
        ("2027-01-01", [ONE, THREE], True),
        ("2026-12-01", [THREE], True),
    ],
    ids=["just", "a day short", "renews", "a month", "the longest counts", "before its start"],
)
def test_a_contract_holds_the_three_months(since: str, terms: list[Term], right: bool) -> None:
    found = judged(signed(vip(since), "vip"), *terms)
    assert [problem.code for problem in found] == ([] if right else ["vip-beyond-term"])


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 200))
def test_no_end_before_three_months_passes(since: date, days: int) -> None:
    until = date.fromordinal(since.toordinal() + days)
    found = judged(signed(Vip(since=since, accepted="T-1", until=until)))
    short = "vip-too-short" in {problem.code for problem in found}
    assert short == (until < later(since, 3))


def test_somebody_owns_and_somebody_pays() -> None:
    people = {"bob": Contact(name="Bob", email="bob@coop.example", roles=("technical",))}
    (problem,) = problems(fleet(client("a", contacts=people)), TODAY)
    assert (problem.code, problem.severity) == ("role-missing", Severity.WARNING)
    assert "owner or billing" in problem.message
