"""A faulty part and the 24 hours in which it is replaced: states, pauses and the clock (contract HW-1 to HW-9).

The clock starts when the source of the fault is identified (HW-3), stops when the part is physically replaced (HW-4),
and stands still while the client is asked or configurations are restored (HW-5, HW-6). Waiting for a part, for staff or
for transport is no pause (HW-7).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from components.domain.hardware import KINDS
from components.domain.hosts import SHARED
from components.domain.instants import second, shown
from components.domain.problems import DomainError

TARGET_S = 24 * 3600
"""Net seconds within which a part is replaced, the last one included (HW-1)."""


class FaultState(StrEnum):
    """Where a fault stands (HW-7); `withdrawn` is one that turned out to be none."""

    REPORTED = "reported"
    DIAGNOSED = "diagnosed"
    WAITING_CLIENT = "waiting_client"
    RESTORING = "restoring"
    REPLACED = "replaced"
    RESTORED = "restored"
    WITHDRAWN = "withdrawn"

    @property
    def words(self) -> str:
        """As people read it."""
        return "waiting for the client" if self is FaultState.WAITING_CLIENT else self.value


class Waiting(StrEnum):
    """The only two reasons for which the clock stands still."""

    CLIENT = "client"
    RESTORING = "restoring"


class Verdict(StrEnum):
    """What the clock says."""

    NOT_COVERED = "not covered"
    NOT_BEGUN = "not begun"
    RUNNING = "running"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which the clock stands still, `[begin, end)`; `end` is None while it lasts."""

    number: int
    waiting: Waiting
    begin: dt.datetime
    end: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The clock read at one instant; seconds (J4)."""

    verdict: Verdict
    gross_s: int = 0
    paused_s: int = 0
    left_s: int = TARGET_S
    """Below zero: so much too late."""
    due: dt.datetime | None = None
    """The last second in which a replacement is in time; while the clock stands still, were it to run on now."""

    @property
    def net_s(self) -> int:
        """What counts."""
        return self.gross_s - self.paused_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of one part of a host.

    `assigned` is `shared`, where the clock is an internal objective, or the client whom the equipment serves, to whom
    it is a commitment (HW-9).
    """

    id: str
    host: str
    kind: str
    serial: str
    model: str = ""
    spare: str = ""
    assigned: str = SHARED
    reported: dt.datetime
    diagnosed: dt.datetime | None = None
    pauses: tuple[Pause, ...] = ()
    replaced: dt.datetime | None = None
    replacement: str = ""
    """Serial number of the new part."""
    restored: dt.datetime | None = None
    withdrawn: dt.datetime | None = None

    @property
    def part(self) -> str:
        """Kind and serial number."""
        return f"{self.kind} {self.serial}"

    @property
    def is_covered(self) -> bool:
        """Whether the target holds for this kind of equipment at all (HW-2)."""
        return self.kind in KINDS

    @property
    def is_commitment(self) -> bool:
        """Whether a client was promised it; on shared equipment it is our own objective (HW-9)."""
        return self.is_covered and self.assigned != SHARED

    @property
    def is_open(self) -> bool:
        """Whether the part still waits for its replacement."""
        return self.replaced is None and self.withdrawn is None

    @property
    def state(self) -> FaultState:
        """Where it stands; of two open pauses the client's is told."""
        if self.withdrawn is not None:
            return FaultState.WITHDRAWN
        if self.replaced is not None:
            return FaultState.REPLACED if self.restored is None else FaultState.RESTORED
        if self.diagnosed is None:
            return FaultState.REPORTED
        waits = {pause.waiting for pause in self.open_pauses}
        if Waiting.CLIENT in waits:
            return FaultState.WAITING_CLIENT
        return FaultState.RESTORING if waits else FaultState.DIAGNOSED

    @property
    def open_pauses(self) -> tuple[Pause, ...]:
        """Those that last."""
        return tuple(pause for pause in self.pauses if pause.end is None)

    @property
    def last(self) -> dt.datetime:
        """The instant of what happened last; nothing is noted before it."""
        marks = (self.reported, self.diagnosed, self.replaced, self.restored, self.withdrawn)
        ends = [at for pause in self.pauses for at in (pause.begin, pause.end)]
        return max(at for at in (*marks, *ends) if at is not None)

    def clock(self, now: dt.datetime) -> Clock:
        """The clock at `now`."""
        if not self.is_covered:
            return Clock(verdict=Verdict.NOT_COVERED)
        if self.diagnosed is None or self.withdrawn is not None:
            return Clock(verdict=Verdict.NOT_BEGUN)
        stop = max(self.replaced or second(now), self.diagnosed)
        gross, paused = _seconds(self.diagnosed, stop), paused_s(self.pauses, self.diagnosed, stop)
        left = TARGET_S - (gross - paused)
        in_time = Verdict.RUNNING if self.replaced is None else Verdict.MET
        return Clock(
            verdict=in_time if left >= 0 else Verdict.MISSED,
            gross_s=gross,
            paused_s=paused,
            left_s=left,
            due=stop + dt.timedelta(seconds=left),
        )

    def diagnose(self, at: dt.datetime) -> "Fault":
        """The source is identified: the clock starts. Raises DomainError unless it is reported only."""
        self._need(at, "note the diagnosis", self.state is FaultState.REPORTED)
        return replace(self, diagnosed=second(at))

    def pause(self, at: dt.datetime, waiting: Waiting) -> "Fault":
        """The clock stands still from now on. Raises DomainError where no clock runs."""
        self._need(at, "pause its clock", self.is_open and self.diagnosed is not None)
        begun = Pause(number=len(self.pauses) + 1, waiting=waiting, begin=second(at))
        return replace(self, pauses=(*self.pauses, begun))

    def resume(self, at: dt.datetime, number: int | None = None) -> "Fault":
        """Ends a pause: the only one, or that `number`. Raises DomainError where that is none, or not clear."""
        self._need(at, "resume its clock", self.is_open and self.diagnosed is not None)
        lasting = {pause.number: pause for pause in self.open_pauses}
        if not lasting:
            raise DomainError(f"Unable to resume the clock of fault {self.id}: it is not paused.", "Nothing was noted.")
        if (number is None and len(lasting) > 1) or (number is not None and number not in lasting):
            told = ", ".join(f"{one.number} (for {one.waiting} since {shown(one.begin)})" for one in lasting.values())
            raise DomainError(f"Unable to resume the clock of fault {self.id}: its pauses are {told}.", "Name one.")
        chosen = next(iter(lasting)) if number is None else number
        return replace(
            self, pauses=tuple(replace(one, end=second(at)) if one.number == chosen else one for one in self.pauses)
        )

    def replace(self, at: dt.datetime, serial: str) -> "Fault":
        """The part is physically replaced: the clock stops. Raises DomainError unless it was diagnosed."""
        self._need(at, "note the replacement", self.is_open and self.diagnosed is not None)
        return replace(self, replaced=second(at), replacement=serial)

    def restore(self, at: dt.datetime) -> "Fault":
        """Service is back: information only (HW-7). Raises DomainError unless the part was replaced."""
        self._need(at, "note that service is back", self.state is FaultState.REPLACED)
        return replace(self, restored=second(at))

    def withdraw(self, at: dt.datetime) -> "Fault":
        """It turned out to be no fault of this part. Raises DomainError once the part was replaced."""
        self._need(at, "withdraw it", self.is_open)
        return replace(self, withdrawn=second(at))

    def _need(self, at: dt.datetime, verb: str, may: bool) -> None:
        what = f"Unable to {verb}: fault {self.id} ({self.part} of {self.host}) "
        if not may:
            raise DomainError(f"{what}is {self.state.words}, since {shown(self.last)}.", _NEXT[self.state])
        if second(at) < self.last:
            raise DomainError(
                f"{what}is {self.state.words} since {shown(self.last)}, and {shown(at)} lies before.",
                "Events of a fault are noted in the order in which they happened.",
            )


_NEXT = {
    FaultState.REPORTED: "Its clock starts with the diagnosis: vps fault diagnose.",
    FaultState.DIAGNOSED: "It is diagnosed once; next come pause, replaced or withdraw.",
    FaultState.WAITING_CLIENT: "Next come resume, replaced or withdraw.",
    FaultState.RESTORING: "Next come resume, replaced or withdraw.",
    FaultState.REPLACED: "Its clock has stopped; next comes restored. A new fault is a new one: vps fault open.",
    FaultState.RESTORED: "It is over. A new fault is a new one: vps fault open.",
    FaultState.WITHDRAWN: "It is over. A new fault is a new one: vps fault open.",
}


def paused_s(pauses: Iterable[Pause], start: dt.datetime, stop: dt.datetime) -> int:
    """Seconds of `[start, stop)` that lie in any pause, overlapping ones counted once (HW-5)."""
    start, stop = second(start), second(stop)
    spans = sorted((max(second(one.begin), start), min(second(one.end or stop), stop)) for one in pauses)
    total, until = 0, start
    for begin, end in spans:
        if end > max(begin, until):
            total += _seconds(max(begin, until), end)
            until = end
    return total


def _seconds(begin: dt.datetime, end: dt.datetime) -> int:
    # Of two instants in one zone Python subtracts the hands of the clock, not the time that passed (J4).
    return int((second(end) - second(begin)).total_seconds())
