"""Backups against the promise of the package: judged by what the target holds, never by what a guest says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from components.backups.target import Kept, Run
from components.domain.packages import Backup

SLACK = timedelta(hours=2)
"""For the hour of the night, which moves, and for the run itself; the health check in the guest allows the same."""

HELD = {
    "operator": "held by the operator",
    "pruning": "held for a pruning that is under way",
    "cut": "held by a pruning that was cut: vps backups prune",
}
"""Why the target takes nothing of a VPS."""


class State(StrEnum):
    """kept or broken; unknown: the target could not be asked; none: nothing is promised."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One VPS: its state and why in words, its newest whole backup, what is kept, and the last drill's record."""

    title: str
    state: State
    words: str
    newest: Run | None = None
    age: timedelta | None = None
    runs: int = 0
    kept_bytes: int = 0
    proof: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "vps": self.title,
            "state": str(self.state),
            "why": self.words,
            "newest": self.newest.at.isoformat() if self.newest else None,
            "snapshot": self.newest.snapshot if self.newest else None,
            "age_hours": round(self.age.total_seconds() / 3600, 1) if self.age is not None else None,
            "runs": self.runs,
            "kept_bytes": self.kept_bytes,
            "proven": dict(self.proof) if self.proof else None,
        }


def judge(title: str, promise: Backup | None, kept: Kept | None) -> Standing:
    """What the target's answer means; `kept` is None when it has never heard of the VPS."""
    if promise is None and kept is None:
        return Standing(title=title, state=State.NONE, words="its package promises none")
    if kept is None:
        words = "not enrolled: vps backups enrol " + title
        return Standing(title=title, state=State.BROKEN, words=words)
    newest = kept.runs[-1] if kept.runs else None
    age = kept.now - newest.at if newest else None
    state, words = _verdict(promise, kept, age)
    full = "the target has no room for anybody" if kept.full else ""
    words = "; ".join(one for one in (words, full, HELD.get(kept.held, ""), _left(kept)) if one)
    return Standing(
        title=title,
        state=state,
        words=words,
        newest=newest,
        age=age,
        runs=len(kept.runs),
        kept_bytes=kept.kept_bytes,
        proof=proof_of(kept),
    )


def _verdict(promise: Backup | None, kept: Kept, age: timedelta | None) -> tuple[State, str]:
    if kept.lost:
        return State.BROKEN, f"{kept.lost} snapshots that were there are gone, and nobody of ours removed them"
    if kept.runs and not kept.sealed:
        return State.BROKEN, "no sealed passphrase is at the target, so what lies there does not count"
    if promise is None:
        return State.NONE, "its package promises none"
    if not kept.enrolled:
        return State.BROKEN, "its key is not authorised"
    if age is None:
        return State.BROKEN, "there is none yet"
    used = kept.kept_bytes > kept.limit_bytes * 9 // 10
    words = "nearly all of its room at the target is used: vps backups prune" if used else ""
    if age > timedelta(hours=promise.every_hours) + SLACK:
        late = f"the newest is {spoken(age)} old, {promise.every_hours} h are promised"
        return State.BROKEN, f"{late}; {words}" if words else late
    return State.KEPT, words


def _left(kept: Kept) -> str:
    """Of a drill that has not ended: its guest and its right to read may be there."""
    begun = [f"a drill that began {visit.at:%Y-%m-%d %H:%M} on {visit.host} has not ended" for visit in kept.visits]
    return f"{'; '.join(begun)}: unless it still runs, the next drill clears up" if begun else ""


def proof_of(kept: Kept) -> dict[str, Any] | None:
    """The last drill's record; None when there is none that can be read."""
    try:
        found = json.loads(kept.proof) if kept.proof else None
        if isinstance(found, dict) and datetime.fromisoformat(found["at"]) and isinstance(found["differ"], int):
            return found
    except (ValueError, KeyError, TypeError):
        pass
    return None


def spoken(age: timedelta) -> str:
    """`5 h`, `3 days`."""
    hours = int(age.total_seconds() // 3600)
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"
