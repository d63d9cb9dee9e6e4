"""Instants of people: whole seconds in UTC, and nothing that has not happened."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.instants import duration, past, second, shown
from components.domain.problems import DomainError

NOW = dt.datetime(2026, 11, 23, 12, 0, 0, 999_999, dt.UTC)


@pytest.mark.parametrize("text", ["2026-11-23T10:00Z", "2026-11-23T12:00+02:00", "2026-11-23 10:00:00.7Z"])
def test_an_instant_is_read_from_any_zone(text: str) -> None:
    """J4: in UTC, its fraction cut off."""
    assert past(text, NOW) == dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "no instant"),
        ("2026-11-23T10:00", "no time zone"),
        ("2026-11-23", "no time zone"),
        ("2026-11-23T12:00:01Z", "future"),
        ("0026-11-23T10:00Z", "before the year 2000"),
        ("0001-01-01T00:00+14:00", "Write the year whole"),
    ],
)
def test_what_can_not_be_noted(text: str, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        past(text, NOW)


def test_the_second_that_runs_is_past() -> None:
    assert past("2026-11-23T12:00:00Z", NOW) == NOW.replace(microsecond=0)


def test_without_a_zone_there_is_no_second() -> None:
    with pytest.raises(ValueError, match="time zone"):
        second(dt.datetime(2026, 11, 23))  # noqa: DTZ001 - that is the case


@given(st.datetimes(min_value=dt.datetime(2000, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_second_is_at_most_one_before(at: dt.datetime) -> None:
    found = second(at)
    assert found.tzinfo is dt.UTC
    assert dt.timedelta(0) <= at.astimezone(dt.UTC) - found < dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (40, "40 s"), (90, "1 min"), (3600, "1 h"), (86_399, "23 h 59 min")]
)
def test_durations_for_people(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_seconds_are_shown_where_there_are_any() -> None:
    assert shown(NOW.replace(second=7)) == "2026-11-23 12:00:07 UTC"
    assert shown(NOW) == "2026-11-23 12:00 UTC"
