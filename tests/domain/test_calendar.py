"""Days, months and terms in a contract's own time zone (contract J4, J6, PAY-3, VIP-16)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.calendar import (
    Span,
    begins,
    between,
    day_of,
    instant_later,
    is_zone,
    later,
    month,
    month_at,
    month_start,
    zone,
)
from components.domain.problems import DomainError

BRUSSELS = zone("Europe/Brussels")
DAYS = st.dates(min_value=dt.date(1971, 1, 1), max_value=dt.date(2200, 1, 1))
ZONES = st.sampled_from(
    ["UTC", "Europe/Brussels", "America/Havana", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Asia/Kathmandu"]
).map(zone)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("day", "name", "seconds"),
    [
        (dt.date(2026, 2, 3), "UTC", 2_419_200),
        (dt.date(2028, 2, 29), "UTC", 2_505_600),
        (dt.date(2026, 4, 30), "UTC", 2_592_000),
        (dt.date(2026, 3, 1), "Europe/Brussels", 2_674_800),
        (dt.date(2026, 10, 31), "Europe/Brussels", 2_682_000),
    ],
)
def test_a_month_has_the_seconds_of_its_zone(day: dt.date, name: str, seconds: int) -> None:
    """E-1 to E-16: a month in which clocks are put has an hour more or less."""
    assert month(day, zone(name)).seconds == seconds


def test_an_instant_belongs_to_the_month_of_its_zone() -> None:
    """W-4: the last second of January in Brussels is in January, the next one in February."""
    last, first = utc("2026-01-31T22:59:59Z"), utc("2026-01-31T23:00:00Z")
    january, february = month_at(last, BRUSSELS), month_at(first, BRUSSELS)
    assert january.end == february.start == first
    assert january.holds(last)
    assert not january.holds(first)
    assert month_at(first, dt.UTC).start == utc("2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("start", "months", "days"),
    [
        ("2026-01-31", 1, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("2026-11-30", 3, ["2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30"]),
        ("2028-02-29", 12, ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
    ],
)
def test_short_months_clamp_and_the_anchor_comes_back(start: str, months: int, days: list[str]) -> None:
    """P-1."""
    anchor = dt.date.fromisoformat(start)
    assert [later(anchor, months * number).isoformat() for number in range(len(days))] == days


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-30T10:00:00Z", "2027-02-28T10:00:00Z"),
        ("2026-01-31T09:00:00Z", "2026-04-30T09:00:00Z"),
    ],
)
def test_three_months_on_it_is_the_same_time_of_day(start: str, end: str) -> None:
    """P-4."""
    assert instant_later(utc(start), 3, dt.UTC) == utc(end)


def test_the_same_time_of_day_is_the_zones() -> None:
    """From winter into summer the instant in UTC is an hour earlier."""
    assert instant_later(utc("2026-01-31T09:00:00Z"), 3, BRUSSELS) == utc("2026-04-30T08:00:00Z")


@pytest.mark.parametrize(
    ("since", "day", "where", "minutes"),
    [
        ("2026-06-10T12:00:00Z", dt.date(2026, 6, 1), dt.UTC, 29_520),
        ("2026-01-01T00:00:00Z", dt.date(2026, 3, 1), BRUSSELS, 44_580),
    ],
)
def test_support_time_is_the_minutes_that_vip_shares_with_a_month(
    since: str, day: dt.date, where: dt.tzinfo, minutes: int
) -> None:
    """P-6."""
    vip = Span(start=utc(since), end=utc("2027-01-01T00:00:00Z"))
    assert month(day, where).within(vip).seconds == 60 * minutes


def test_a_day_without_midnight_begins_with_its_first_instant() -> None:
    """In Beirut the clocks go from 24:00 to 01:00; in Havana from 01:00 back to 00:00, so midnight comes twice."""
    assert begins(dt.date(2023, 3, 26), zone("Asia/Beirut")) == utc("2023-03-25T22:00:00Z")
    assert begins(dt.date(2025, 11, 2), zone("America/Havana")) == utc("2025-11-02T04:00:00Z")
    assert between(dt.date(2011, 12, 30), dt.date(2011, 12, 31), zone("Pacific/Apia")).seconds == 0


@pytest.mark.parametrize(
    "name", ["Europe/Brusels", "", "localtime", "../../etc/passwd", "Europe", "CE ST", "right/UTC"]
)
def test_an_unknown_zone_is_said_to_be_one(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(DomainError, match="There is no time zone"):
        zone(name)


@given(day=DAYS, where=ZONES)
def test_adjacent_months_lose_no_second(day: dt.date, where: dt.tzinfo) -> None:
    this = month(day, where)
    after = month(later(month_start(day), 1), where)
    assert this.end == after.start
    assert this.seconds > 0


@given(day=DAYS, length=st.integers(0, 400), cut=st.integers(0, 400), where=ZONES)
def test_a_span_cut_in_two_is_as_long_as_both(day: dt.date, length: int, cut: int, where: dt.tzinfo) -> None:
    middle, end = day + dt.timedelta(min(cut, length)), day + dt.timedelta(length)
    assert between(day, middle, where).seconds + between(middle, end, where).seconds == between(day, end, where).seconds


@given(day=DAYS, where=ZONES)
def test_a_day_begins_with_its_first_second(day: dt.date, where: dt.tzinfo) -> None:
    """The second before belongs to an earlier day, but where a whole day was left out."""
    start = begins(day, where)
    assert day_of(start, where) >= day
    assert day_of(start - dt.timedelta(seconds=1), where) < day


@given(day=DAYS, months=st.integers(0, 240))
def test_months_later_is_that_month_and_never_a_later_day(day: dt.date, months: int) -> None:
    found = later(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day <= day.day
    assert found.day == day.day or later(found + dt.timedelta(1), 0).day == 1


INSTANTS = st.integers(0, 10_000).map(lambda seconds: utc("2026-01-01T00:00:00Z") + dt.timedelta(seconds=seconds))
SPANS = st.tuples(INSTANTS, INSTANTS).map(lambda pair: Span(start=min(pair), end=max(pair)))


@given(one=SPANS, other=SPANS, instant=INSTANTS)
def test_what_two_spans_share_is_what_lies_in_both(one: Span, other: Span, instant: dt.datetime) -> None:
    shared = one.within(other)
    assert shared.holds(instant) == (one.holds(instant) and other.holds(instant))
    assert shared.seconds == other.within(one).seconds


def test_the_calendar_has_an_end() -> None:
    """A day that somebody mistyped is shown as one, and crashes nothing."""
    assert later(dt.date(9999, 12, 1), 3) == dt.date.max
    assert later(dt.date(1, 1, 31), -1) == dt.date.min
    assert begins(dt.date.min, BRUSSELS).date() == dt.date.min
    assert begins(dt.date.max, zone("America/Havana")).date() == dt.date.max
