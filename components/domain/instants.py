"""Instants as people give and read them: whole seconds in UTC (contract J4), whatever zone they were written in."""

import datetime as dt

from components.domain.problems import DomainError

FIRST_YEAR = 2000
"""Whatever is said to have happened before is a slip: no part and no host of ours is that old."""


def second(at: dt.datetime) -> dt.datetime:
    """An instant in UTC, its fraction of a second cut off. Raises ValueError when it has no zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(dt.UTC).replace(microsecond=0)


def past(text: str, now: dt.datetime) -> dt.datetime:
    """What somebody wrote as the instant of something that has happened.

    Raises DomainError for text that is no instant, has no zone, lies after `now`, or before any of ours was there.
    """
    example = "For example: 2026-11-23T10:00Z, or 2026-11-23T12:00+02:00."
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as cause:
        raise DomainError(f'"{text}" is no instant.', example) from cause
    if at.tzinfo is None or at.utcoffset() is None:
        raise DomainError(f'"{text}" says no time zone, and a clock hangs on it.', example)
    if at.year < FIRST_YEAR:
        raise DomainError(f"{text} lies before the year {FIRST_YEAR}.", f"Write the year whole. {example}")
    if at > now:
        raise DomainError(f"{text} lies in the future (it is {shown(now)}).", "Nothing is noted before it happened.")
    return second(at)


def shown(at: dt.datetime) -> str:
    """An instant for people: `2026-11-23 10:00 UTC`, with seconds where they are not zero."""
    at = second(at)
    return at.strftime("%Y-%m-%d %H:%M:%S UTC" if at.second else "%Y-%m-%d %H:%M UTC")


def duration(seconds: int) -> str:
    """Elapsed seconds for people: `23 h 59 min`, `12 min`, `40 s`; the rest below the last unit is cut off."""
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"
