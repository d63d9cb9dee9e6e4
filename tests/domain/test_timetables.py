"""One thing after the other, in windows: nothing overlaps, nothing is too early."""

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from components.domain.guests import WEEKDAYS, Maintenance
from components.domain.timetables import Timetable

NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
"""A Monday."""
HOUR = dt.timedelta(hours=1)
SUNDAY = Maintenance(day="sunday", opens="03:00", hours=2)

windows = st.builds(
    Maintenance,
    day=st.sampled_from(WEEKDAYS),
    opens=st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59)),
    hours=st.integers(1, 12),
)
works = st.lists(st.tuples(st.none() | windows, st.integers(1, 60)), max_size=25)


def test_without_a_window_at_once_and_in_a_row() -> None:
    table = Timetable(NOW)
    assert [table.at_any_time(HOUR).opens for _ in range(2)] == [NOW, NOW + HOUR]


def test_a_window_that_is_full_goes_on_a_week_later() -> None:
    table = Timetable(NOW)
    first, second, third = (table.within(SUNDAY, HOUR) for _ in range(3))
    assert first.opens == dt.datetime(2026, 11, 29, 3, tzinfo=dt.UTC)
    assert (second.opens, second.closes) == (first.opens + HOUR, first.opens + 2 * HOUR)
    assert third.opens == first.opens + dt.timedelta(days=7)


def test_what_fits_before_other_work_is_done_before_it() -> None:
    table = Timetable(NOW)
    table.within(SUNDAY, HOUR)
    assert table.at_any_time(HOUR).opens == NOW


def test_a_window_that_is_open_already_is_used_as_far_as_it_goes() -> None:
    now = dt.datetime(2026, 11, 29, 3, 30, tzinfo=dt.UTC)
    assert Timetable(now).within(SUNDAY, HOUR).opens == now
    assert Timetable(now).within(SUNDAY, 2 * HOUR).opens == dt.datetime(2026, 12, 6, 3, tzinfo=dt.UTC)


def test_work_that_no_window_holds_is_told_and_has_a_time_all_the_same() -> None:
    slot = Timetable(NOW).within(SUNDAY, 3 * HOUR)
    assert slot.trouble.startswith("it takes longer than its window of 2 hours")
    assert slot.opens == dt.datetime(2026, 11, 29, 3, tzinfo=dt.UTC)
    assert slot.closes == slot.ends + 2 * HOUR, "it may begin as long as the window is open"


def test_a_crowded_window_is_told() -> None:
    table = Timetable(NOW)
    slots = [table.within(SUNDAY, 2 * HOUR) for _ in range(9)]
    assert [bool(slot.trouble) for slot in slots] == [False] * 8 + [True]


@given(works)
def test_nothing_overlaps_and_nothing_is_too_early_or_too_late(asked) -> None:
    table = Timetable(NOW)
    slots = []
    for window, fives in asked:
        lasts = dt.timedelta(minutes=5 * fives)
        slot = table.at_any_time(lasts) if window is None else table.within(window, lasts)
        assert slot.opens >= NOW
        assert slot.closes is None or slot.ends <= slot.closes
        assert not slot.trouble or slot.closes - slot.ends >= HOUR, "nobody hits an instant"
        slots.append(slot)
    slots.sort(key=lambda slot: slot.opens)
    assert all(one.ends <= other.opens for one, other in pairwise(slots))
