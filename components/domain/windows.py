"""When a declared maintenance window is open: weekly, in UTC."""

import datetime as dt

from components.domain.guests import WEEKDAYS, Maintenance

WEEK = dt.timedelta(days=7)


def opened(maintenance: Maintenance, now: dt.datetime) -> dt.datetime | None:
    """Since when the window in which `now` (UTC) falls is open; None while it is closed."""
    latest = next_opening(maintenance, now) - WEEK
    return latest if now < latest + dt.timedelta(hours=maintenance.hours) else None


def next_opening(maintenance: Maintenance, now: dt.datetime) -> dt.datetime:
    """When the window opens next, later than `now` (UTC)."""
    hour, _, minute = maintenance.opens.partition(":")
    day = now.date() + dt.timedelta(days=WEEKDAYS.index(maintenance.day) - now.weekday())
    found = dt.datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=dt.UTC)
    while found > now:
        found -= WEEK
    return found + WEEK
