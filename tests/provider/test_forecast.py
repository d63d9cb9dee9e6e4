"""A preview says what is known beyond the two values: that a day is reached, that a host enforces no such limit."""

import datetime as dt

import pytest

from components.provider.forecast import forecast

TODAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-22", "this up records the end, the next one sends its disk to the trash"),
        ("2026-11-01", "this up records the end, the next one"),
        ("2026-11-23", "from that day on, not before"),
        ("", "withdrawn"),
    ],
)
def test_an_end_that_is_reached_takes_two_runs_and_that_is_said(day: str, words: str) -> None:
    assert words in forecast("ends", "2027-01-01", day, None, {}, TODAY).words


def test_a_limit_that_the_host_does_not_enforce_is_not_just_live() -> None:
    state = {"limits": {"nics.n0.rateMbitS": {"source": "not enforced by this host: its kernel lacks act_police"}}}

    words = forecast("nics.n0.rateMbitS", 100, 200, None, state, TODAY).words

    assert words.endswith("live, no reboot, but not enforced by this host: its kernel lacks act_police")


@pytest.mark.parametrize("state", [{}, {"limits": None}, {"limits": {"cpuCapPercent": {"source": "cgroup"}}}])
def test_nothing_is_added_where_nothing_is_known(state: dict[str, object]) -> None:
    assert forecast("cpuCapPercent", 100, 50, None, state, TODAY).words.endswith("live, no reboot")
