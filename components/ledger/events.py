"""What happened, as the ledger keeps it: numbered without gaps, each row bound to the one before by a digest.

An `Entry` is what somebody wants to note; an `Event` is what stands in the ledger. Instants are whole seconds in UTC
(contract J4).
"""

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from components.domain.problems import DomainError

SCHEMA = 1
"""Of `data`: a reader that meets a newer one says so instead of guessing."""
COLUMNS = (
    "number",
    "token",
    "at",
    "noted",
    "kind",
    "subject",
    "actor",
    "reason",
    "commit_id",
    "schema",
    "data",
    "digest",
)
Row = tuple[int, str, str, str, str, str, str, str, str, int, str, str]
"""An event as a database keeps it, in the order of COLUMNS; instants and data are text in every one of them."""


class LedgerError(DomainError):
    """The ledger could not be read or written; nothing was noted, unless the message says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be noted.

    `at` is when it happened, which may be earlier than when it is noted. `kind` is a dotted word (`fault.diagnosed`),
    `subject` what it is about (`host kvm1`), `data` JSON values only. `token` makes a second attempt after a lost
    answer the same event and not a second one.
    """

    at: dt.datetime
    kind: str
    subject: str
    actor: str
    reason: str = ""
    commit: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    schema: int = SCHEMA
    token: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What stands in the ledger."""

    number: int
    token: str
    at: dt.datetime
    noted: dt.datetime
    kind: str
    subject: str
    actor: str
    reason: str
    commit: str
    schema: int
    data: Mapping[str, object]
    digest: str

    def as_json(self) -> dict[str, object]:
        """For machines: every field, instants as text."""
        return {
            "number": self.number,
            "at": written(self.at),
            "noted": written(self.noted),
            "kind": self.kind,
            "subject": self.subject,
            "actor": self.actor,
            "reason": self.reason,
            "commit": self.commit,
            "schema": self.schema,
            "data": dict(self.data),
            "digest": self.digest,
        }


def written(at: dt.datetime) -> str:
    """An instant as text: `2026-11-23T10:00:00Z`, fractions of a second cut off. Raises ValueError without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    # Not by strftime, which leaves out the leading zeros of a year: a row is read again, and its digest hangs on it.
    return at.astimezone(dt.UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def row_of(entry: Entry, number: int, previous: str, noted: dt.datetime) -> Row:
    """The row that notes `entry` behind the one whose digest is `previous` (empty for the first)."""
    data = json.dumps(entry.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    facts = (
        number,
        entry.token,
        written(entry.at),
        written(noted),
        entry.kind,
        entry.subject,
        entry.actor,
        entry.reason,
        entry.commit,
        entry.schema,
        data,
    )
    return (*facts, digest_of(facts, previous))


def digest_of(facts: tuple[object, ...], previous: str) -> str:
    """SHA-256 over the digest before and every field; JSON keeps the fields' borders apart."""
    text = json.dumps([previous, *facts], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def event_of(row: Row) -> Event:
    """A row as an event. Raises LedgerError when it is of a newer program, or no event at all."""
    number, token, at, noted, kind, subject, actor, reason, commit, schema, data, digest = row
    if schema > SCHEMA:
        raise LedgerError(
            f"Unable to read event {number} of the ledger: it was written by a newer program (schema {schema}, known "
            f"is {SCHEMA}).",
            "Bring this checkout to the version that wrote it.",
        )
    try:
        values = json.loads(data)
        return Event(
            number=number,
            token=token,
            at=dt.datetime.fromisoformat(at),
            noted=dt.datetime.fromisoformat(noted),
            kind=kind,
            subject=subject,
            actor=actor,
            reason=reason,
            commit=commit,
            schema=schema,
            data=MappingProxyType(dict(values)),
            digest=digest,
        )
    except (ValueError, TypeError) as cause:
        raise _damaged(number) from cause


def verify(rows: Iterable[Row]) -> None:
    """Raises LedgerError at the first row of a whole ledger that was changed, or stands where another was."""
    previous, wanted = "", 1
    for row in rows:
        if row[0] != wanted or row[-1] != digest_of(row[:-1], previous):
            raise _damaged(wanted)
        previous, wanted = row[-1], wanted + 1


def _damaged(number: int) -> LedgerError:
    return LedgerError(
        f"Event {number} of the ledger is not as it was written: somebody changed or removed a row behind its back.",
        "Nothing that follows it can be trusted. Compare with a backup of the ledger, and restore that.",
    )
