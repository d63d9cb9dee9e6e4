"""For how long a VPS is sold (contract TERM-1, TERM-2)."""

from dataclasses import dataclass
from datetime import date

LENGTHS = (1, 3, 12)
"""Months that a term may last; anything else is refused (TERM-1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A run of `months` from `start`; with `renew`, the next one of equal length follows by itself."""

    months: int
    start: date
    renew: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What a term of `months` takes off the monthly price, in percent."""

    months: int
    percent: int
