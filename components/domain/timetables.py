"""When work is done that goes one after the other: at once, or inside weekly maintenance windows. Instants are UTC."""

import datetime as dt
from dataclasses import dataclass, field

from components.domain.guests import Maintenance
from components.domain.windows import WEEK, next_opening, opened

WEEKS = 8
"""So many weeks ahead time is looked for in a window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """`[opens, opens + lasts)` is planned; it may be done from `since` on, where others are through sooner.

    Work in a window must be over by `closes`. `trouble` says why a window didn't do.
    """

    since: dt.datetime
    opens: dt.datetime
    lasts: dt.timedelta
    closes: dt.datetime | None = None
    trouble: str = ""

    @property
    def ends(self) -> dt.datetime:
        """When it is over if it begins at once."""
        return self.opens + self.lasts


@dataclass(slots=True)
class Timetable:
    """What is done when, from `earliest` on; no two pieces of work at once."""

    earliest: dt.datetime
    slots: list[Slot] = field(default_factory=list)

    def at_any_time(self, lasts: dt.timedelta) -> Slot:
        """The first time at which nothing else is done."""
        return self._took(Slot(since=self.earliest, opens=self._free(self.earliest, lasts), lasts=lasts))

    def within(self, window: Maintenance, lasts: dt.timedelta) -> Slot:
        """The first time in a weekly window; where none has it, from a window's opening on, which is said."""
        long = dt.timedelta(hours=window.hours)
        first = opened(window, self.earliest) or next_opening(window, self.earliest)
        for week in range(WEEKS):
            begins = first + week * WEEK
            since = max(begins, self.earliest)
            opens = self._free(since, lasts)
            if opens + lasts <= begins + long:
                return self._took(Slot(since=since, opens=opens, lasts=lasts, closes=begins + long))
        trouble = f"its window has no time left in {WEEKS} weeks: agree on another one with the client, or move it live"
        if lasts > long:
            hours = f"{window.hours} hour{'s' * (window.hours != 1)}"
            trouble = (
                f"it takes longer than its window of {hours}: agree on a longer one with the client, or move it live"
            )
        # It may begin as late as in any other window, and is announced until then.
        opens = self._free(next_opening(window, self.earliest), lasts)
        return self._took(Slot(since=opens, opens=opens, lasts=lasts, closes=opens + long + lasts, trouble=trouble))

    def _free(self, begins: dt.datetime, lasts: dt.timedelta) -> dt.datetime:
        start = begins
        for other in self.slots:
            if start + lasts <= other.opens:
                break
            start = max(start, other.ends)
        return start

    def _took(self, slot: Slot) -> Slot:
        self.slots.append(slot)
        self.slots.sort(key=lambda one: one.opens)
        return slot
