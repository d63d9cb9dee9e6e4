"""Maintenance windows: open from their minute on, over midnight and over the end of the week."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.guests import WEEKDAYS, Maintenance
from components.domain.windows import WEEK, next_opening, opened

SUNDAY = Maintenance(day="sunday", opens="23:30", hours=2)
START = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("minutes", "is_open"), [(-1, False), (0, True), (29, True), (31, True), (119, True), (120, False)]
)
def test_from_its_minute_for_its_hours(minutes, is_open):
    now = START + dt.timedelta(minutes=minutes)
    assert opened(SUNDAY, now) == (START if is_open else None)
    assert next_opening(SUNDAY, now) == (START if minutes < 0 else START + WEEK)


@given(
    st.sampled_from(WEEKDAYS),
    st.times(),
    st.integers(1, 24),
    st.datetimes(
        dt.datetime(2024, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
        dt.datetime(2032, 1, 1),  # noqa: DTZ001
        timezones=st.just(dt.UTC),
    ),
)
def test_any_window_any_instant(day, opens, hours, now):
    window = Maintenance(day=day, opens=f"{opens:%H:%M}", hours=hours)
    following = next_opening(window, now)
    assert now < following <= now + WEEK
    assert (WEEKDAYS[following.weekday()], f"{following:%H:%M}") == (day, window.opens)
    since = opened(window, now)
    assert since in (None, following - WEEK)
    assert (since is not None) == (now - (following - WEEK) < dt.timedelta(hours=hours))
