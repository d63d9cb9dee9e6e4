"""What a guest says of itself, read with care: capped, cleaned of what a terminal would obey, and believed by nobody.

The document is made by `/usr/local/lib/vps/report` (schema 1): delivery, health, and a section for each script of
`report.d`. Whoever has root in the guest may say anything there; so nothing of money or limits hangs on it, a verdict
is worked out from the checks and not taken from the guest, and what can't be right is told as a note.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.drivers.guest import Said

SCHEMA = 1
COMMAND = ("/usr/local/lib/vps/report",)
MOST_TEXT = 300
MOST_ITEMS = 200
MOST_DEPTH = 8
CHECK_STATES = ("pass", "degraded", "fail", "skipped")
DELIVERIES = ("installing", "failed", "delivered")
FRESH = dt.timedelta(minutes=15)
"""Checks run every 5 minutes: what is three times as old tells of a timer that stands still, or of a clock."""
AHEAD = dt.timedelta(minutes=2)
NOT_FOUND = 127
SECTIONS = ("updates", "certificates", "backup", "settings")
_STEERING = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


class UnreadableError(Exception):
    """What the guest said is no report of a known schema; the message says why, clean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the guest's health, as it says; `state` is one of `CHECK_STATES`."""

    name: str
    what: str
    state: str
    message: str
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All checks, and when the guest says that it looked last."""

    at: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def state(self) -> str:
        """The worst of the checks; `unknown` when there is none."""
        states = {check.state for check in self.checks}
        return next((state for state in ("fail", "degraded", "pass") if state in states), "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far the first boot is: `state` is one of `DELIVERIES` or `unknown`."""

    state: str = "unknown"
    step: str = ""
    what: str = ""
    reason: str = ""
    since: str = ""
    attempt: int = 0
    log: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether every step and once every check had passed."""
        return self.state == "delivered"

    @property
    def words(self) -> str:
        """How far it is, in a few words."""
        if self.state not in ("installing", "failed"):
            return self.state
        what = f" ({self.what})" if self.what else ""
        at = f" at {self.step}{what}" if self.step else ""
        attempt = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return f"{self.state}{at}{attempt}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the guest says; `sections` by the name of their script, cleaned; `notes` what can't be right, in words."""

    delivery: Delivery = Delivery()
    health: Health = Health()
    flavour: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def reboot(self) -> "Reboot | None":
        """Why the guest waits for a reboot, when it says so."""
        said = self.sections.get("updates")
        if not isinstance(said, dict) or said.get("reboot_pending") is not True:
            return None
        why = said.get("reboot_why")
        reasons = tuple(str(reason) for reason in why) if isinstance(why, list) else ()
        return Reboot(since=_text(said, "reboot_since"), why=reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot:
    """A reboot that waits: since when (empty: it doesn't say) and why."""

    since: str
    why: tuple[str, ...]


def parse(said: Said, *, vps: str, uuid: str, now: dt.datetime) -> Report:
    """The report that the command printed in the guest of that VPS. Raises UnreadableError.

    `now` is our clock (UTC), by which the guest's is judged.
    """
    if said.code == NOT_FOUND:
        raise UnreadableError(f"it has no {COMMAND[0]}: it was not made from an image that reports")
    if said.cut:
        raise UnreadableError("it said more than a report can be")
    try:
        found = json.loads(said.out.decode("utf-8", "replace"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        words = clean(said.err.decode("utf-8", "replace"))
        raise UnreadableError(f"it said no report{f': {words}' if words else f' (exit status {said.code})'}") from None
    if not isinstance(found, dict) or not _is_number(found.get("schema")):
        raise UnreadableError("it said no report")
    if found["schema"] != SCHEMA:
        schema = clean(str(found["schema"]))[:10]
        raise UnreadableError(f"its report has schema {schema}, and this release reads {SCHEMA}: use the one it fits")
    tidy = cleaned(found)
    delivery, health = _delivery(tidy.get("delivery")), _health(tidy.get("health"))
    flavour = tidy.get("flavour")
    return Report(
        delivery=delivery,
        health=health,
        flavour={name: str(value) for name, value in flavour.items()} if isinstance(flavour, dict) else {},
        sections={name: tidy[name] for name in SECTIONS if name in tidy},
        notes=tuple(_notes(tidy, health, vps=vps, uuid=uuid, now=now)),
    )


def clean(text: str, most: int = MOST_TEXT) -> str:
    """One line that no terminal obeys, and no longer than `most` characters."""
    plain = "".join(letter if letter.isprintable() else " " for letter in _STEERING.sub("", text[: 20 * most]))
    plain = " ".join(plain.split())
    return plain if len(plain) <= most else plain[:most] + "…"


def cleaned(value: Any, depth: int = MOST_DEPTH) -> Any:  # noqa: ANN401 - any JSON
    """The same with every text clean, and with an end in each direction."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        pairs = list(value.items())[:MOST_ITEMS] if depth else []
        return {clean(str(key), 60): cleaned(item, depth - 1) for key, item in pairs}
    if isinstance(value, list):
        return [cleaned(item, depth - 1) for item in value[:MOST_ITEMS]] if depth else []
    if isinstance(value, bool) or value is None:
        return value
    return value if -1e15 < value < 1e15 else 0


def console_lines(said: bytes, most: int = 25) -> tuple[str, ...]:
    """The last lines of a serial console's log, cleaned."""
    lines = (clean(line, 200) for line in re.split(r"[\r\n]+", said.decode("utf-8", "replace")))
    return tuple(line for line in lines if line)[-most:]


def instant(text: str) -> dt.datetime | None:
    """A time as the guest writes it, in UTC; None when it is none."""
    try:
        found = dt.datetime.fromisoformat(text)
        return found.astimezone(dt.UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _delivery(said: Any) -> Delivery:  # noqa: ANN401 - any JSON
    if not isinstance(said, dict):
        return Delivery()
    state = _text(said, "state")
    log = said.get("log")
    attempt = said.get("attempt")
    return Delivery(
        state=state if state in DELIVERIES else "unknown",
        step=_text(said, "step"),
        what=_text(said, "what"),
        reason=_text(said, "reason"),
        since=_text(said, "since"),
        attempt=attempt if isinstance(attempt, int) else 0,
        log=tuple(str(line) for line in log if isinstance(line, str))[-20:] if isinstance(log, list) else (),
    )


def _health(said: Any) -> Health:  # noqa: ANN401 - any JSON
    checks = said.get("checks") if isinstance(said, dict) else None
    if not isinstance(checks, list):
        return Health()
    return Health(at=_text(said, "at"), checks=tuple(_check(one) for one in checks if isinstance(one, dict)))


def _check(said: dict[str, Any]) -> Check:
    state = _text(said, "state")
    is_known = state in CHECK_STATES
    return Check(
        name=_text(said, "name") or "?",
        what=_text(said, "what"),
        # What nobody can read has not passed.
        state=state if is_known else "fail",
        message=_text(said, "message") if is_known else f"it says {state!r}, which is no state of a check",
        at=_text(said, "at"),
    )


def _notes(said: dict[str, Any], health: Health, *, vps: str, uuid: str, now: dt.datetime) -> list[str]:
    found = []
    for name, ours in (("vps", vps), ("uuid", uuid)):
        theirs = _text(said, name)
        if theirs and theirs != ours:
            found.append(f"it says that its {name} is {theirs!r}, and it is {ours}: don't rely on what it says")
    if said.get("shortened") is True:
        found.append("its report was too long and was shortened")
    told = said.get("health")
    claim = _text(told, "state") if isinstance(told, dict) else ""
    if claim and claim != health.state:
        found.append(f"it says that its health is {claim!r}; its checks say {health.state!r}")
    at = instant(health.at)
    if at is not None and at > now + AHEAD:
        found.append(f"its checks are from {health.at}, which is to come: its clock is wrong")
    elif at is not None and at < now - FRESH:
        found.append(f"its checks are from {health.at}: its timer stands still, or its clock is wrong")
    return found


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(_: str) -> None:
    raise ValueError
