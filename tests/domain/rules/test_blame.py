"""Who brought a problem."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.problems import Blame, Problem
from components.domain.rules.blame import blamed

ONE = Problem(code="host-oversold", path=("hosts", "kvm1", "sells", "memory"), message="3 GiB", remedy="", measure=3)
NAME = Problem(code="bad-fqdn", path=("clients", "a", "vps", "web1", "fqdn"), message='"web1"', remedy="")
SITE = Problem(code="bad-fqdn", path=("clients", "a", "vps", "web1", "panel", "ssl_sites", 1), message='"x"', remedy="")


@pytest.mark.parametrize(
    ("now", "before", "blame"),
    [
        (ONE, [], Blame.NEW),
        (ONE, [ONE], Blame.OLD),
        (ONE, [replace(ONE, measure=2, message="2 GiB")], Blame.WORSE),
        (ONE, [replace(ONE, measure=4, message="4 GiB")], Blame.OLD),
        (ONE, [replace(ONE, path=("hosts", "kvm2", "sells", "memory"))], Blame.NEW),
        (ONE, [replace(ONE, code="other")], Blame.NEW),
        (NAME, [replace(NAME, message='"web"')], Blame.NEW),
        (SITE, [replace(SITE, path=(*SITE.path[:-1], 0))], Blame.OLD),
        (SITE, [replace(SITE, path=("clients", "b", *SITE.path[2:]))], Blame.NEW),
    ],
    ids=["none", "same", "worse", "better", "elsewhere", "another", "wrong otherwise", "moved in a list", "of others"],
)
def test_each_is_compared_with_its_own_past(now: Problem, before: list[Problem], blame: Blame) -> None:
    assert [one.blame for one in blamed([now], before)] == [blame]


def test_one_past_problem_excuses_one_only() -> None:
    twice = [SITE, replace(SITE, path=(*SITE.path[:-1], 2))]
    assert sorted(str(one.blame) for one in blamed(twice, [SITE])) == ["new", "old"]


problem = st.builds(
    Problem,
    code=st.sampled_from("ab"),
    path=st.tuples(st.sampled_from(["hosts", "clients"]), st.sampled_from("xy"), st.integers(0, 2)),
    message=st.sampled_from(["m", "n"]),
    remedy=st.just(""),
    measure=st.integers(0, 3),
)


@given(st.lists(problem))
def test_what_nobody_changed_is_old(found: list[Problem]) -> None:
    assert all(one.blame is Blame.OLD for one in blamed(found, found))


@given(st.lists(problem), st.lists(problem))
def test_nothing_is_lost_or_changed_but_the_blame(now: list[Problem], before: list[Problem]) -> None:
    found = blamed(now, before)
    assert [replace(one, blame=None) for one in found] == now
    assert all(one.blame is not None for one in found)
