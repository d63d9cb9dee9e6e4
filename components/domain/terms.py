"""For how long a VPS is sold, and when its terms begin (contract TERM-1, TERM-2, PAY-3)."""

from dataclasses import dataclass
from datetime import date

from components.domain.calendar import later

LENGTHS = (1, 3, 12)
"""Months that a term may last; anything else is refused (TERM-1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Who approved of a running term's change, as recorded: the client's ticket and the provider's (TERM-2)."""

    client: str
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A run of `months` from `start`; with `renew`, the next one of equal length follows by itself.

    `agreed` is the last change of it while it ran; None: there was none.
    """

    months: int
    start: date
    renew: bool
    agreed: Agreed | None = None

    def begins(self, number: int) -> date:
        """The first day of its term of that number, 0 being the first: there its fee is due (PAY-3).

        `start` is the anchor: short months clamp to their last day, later terms return to the anchor's.
        """
        return later(self.start, number * self.months)

    def number(self, day: date) -> int:
        """In which term a day falls; below 0 before the first. Whether it is renewed so often is not asked."""
        apart = (day.year - self.start.year) * 12 + day.month - self.start.month
        guess = apart // (self.months or 1)
        return guess if self.begins(guess) <= day else guess - 1

    @property
    def end(self) -> date | None:
        """The first day after it; None where it renews itself."""
        return None if self.renew else self.begins(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What a term of `months` takes off the monthly price, in percent."""

    months: int
    percent: int
