"""Months, terms and days as a contract counts them: in its own time zone, then in UTC (contract J4, J6).

Everything is half-open. A day begins with its first instant there, so a month with a clock change is longer or shorter
by what the clocks were put.
"""

import calendar
import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from components.domain.problems import DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """`[start, end)` in UTC, to the second; a span whose end is not after its start is empty."""

    start: dt.datetime
    end: dt.datetime

    @property
    def seconds(self) -> int:
        """How long it is; never below 0."""
        return max(0, int((self.end - self.start) / dt.timedelta(seconds=1)))

    def within(self, other: "Span") -> "Span":
        """What both have in common; empty when they have nothing."""
        start = max(self.start, other.start)
        return Span(start=start, end=max(start, min(self.end, other.end)))

    def holds(self, instant: dt.datetime) -> bool:
        """Whether the instant lies in it: its start does, its end does not."""
        return self.start <= instant < self.end


_OF_A_MACHINE = ("localtime", "posixrules", "Factory")


@lru_cache(maxsize=64)
def zone(name: str) -> dt.tzinfo:
    """The time zone of that IANA name, like Europe/Brussels. Raises DomainError when there is none.

    The machine's own zone is none: the same files would mean other days elsewhere.
    """
    if name == "UTC":
        return dt.UTC
    try:
        if name in _OF_A_MACHINE or name.startswith(("posix/", "right/")):
            raise KeyError(name)
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise DomainError(
            f'There is no time zone "{name}".', "Write UTC or a name of the IANA database, like Europe/Brussels."
        ) from None


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    try:
        zone(name)
    except DomainError:
        return False
    return True


def begins(day: dt.date, where: dt.tzinfo) -> dt.datetime:
    """The first instant of a day in that zone, in UTC; of a day that has no midnight, the one after.

    The calendar's first and last day begin in UTC where the zone's own beginning is beyond it.
    """
    try:
        return dt.datetime(day.year, day.month, day.day, tzinfo=where).astimezone(dt.UTC)
    except OverflowError:
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def day_of(instant: dt.datetime, where: dt.tzinfo) -> dt.date:
    """On which day of that zone an instant falls."""
    return instant.astimezone(where).date()


def between(start: dt.date, end: dt.date, where: dt.tzinfo) -> Span:
    """From the first instant of `start` up to that of `end`."""
    return Span(start=begins(start, where), end=begins(end, where))


def month_start(day: dt.date) -> dt.date:
    """The first day of the day's month."""
    return day.replace(day=1)


def month(day: dt.date, where: dt.tzinfo) -> Span:
    """The calendar month in which the day falls."""
    first = month_start(day)
    return between(first, later(first, 1), where)


def month_at(instant: dt.datetime, where: dt.tzinfo) -> Span:
    """The calendar month of that zone in which the instant falls."""
    return month(day_of(instant, where), where)


def later(day: dt.date, months: int) -> dt.date:
    """The same day so many months on; a month that is too short has its last day instead (contract PAY-3).

    Count from the anchor each time: from the 31st by single months, the day would never come back. Beyond the calendar,
    its last or first day.
    """
    year, index = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        return dt.date.max if year > dt.MAXYEAR else dt.date.min
    return day.replace(year=year, month=index + 1, day=min(day.day, calendar.monthrange(year, index + 1)[1]))


def instant_later(instant: dt.datetime, months: int, where: dt.tzinfo) -> dt.datetime:
    """The same local time so many months on, clamped as by `later` (contract VIP-16); in UTC."""
    local = instant.astimezone(where)
    return dt.datetime.combine(later(local.date(), months), local.time(), tzinfo=where).astimezone(dt.UTC)
