"""Addresses of VPSs whose lines are gone: for a while nobody else gets them, and git remembers whose they were.

Only the last days matter: as many as disks are kept, counted from the day on which a VPS ended. The history is followed
along the line of reviewed changes (first parents), and files as they stand, committed or not, are its last word.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from components.config import checkout
from components.config.documents import parse
from components.config.folder import CLIENTS
from components.config.revision import blobs
from components.config.texts import parse_date
from components.domain.addresses import canonical
from components.domain.fleet import Fleet
from components.domain.problems import DomainError

MARGIN_DAYS = 7
"""Lines may be taken out somewhat before the day on which a VPS ends."""
SECONDS = 20
"""Longer than this no history is looked through."""
MOST = 20000
"""Changes of files that are looked at, the newest first; more are not made in the days that matter."""
_ID = re.compile(rb"\bv-[0-9a-z]{4,12}\b")
_BEGIN = date(1970, 1, 2)
"""git knows no earlier day."""
_NOTHING = re.compile("0+")


@dataclass(frozen=True, slots=True)
class _Change:
    """A file was changed or taken out on `day`; before, its content was the blob `before`."""

    day: date
    before: str


def quarantine(folder: Path, fleet: Fleet, today: date) -> Mapping[str, date]:
    """Addresses, canonical, of VPSs that no file declares any more: until the day on which they may be given again.

    Empty where no git is; nothing is known from before a shallow clone's first commit. What `fleet` still declares is
    nobody else's anyway and not among them. Raises DomainError when git takes too long or lacks what it should have.
    """
    if shutil.which("git") is None or checkout.told(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return {}
    since = today - timedelta(days=fleet.trash_days + MARGIN_DAYS)
    changes = list(_changes(folder, max(since, _BEGIN), today))[:MOST]
    contents = blobs(folder, [one.before for one in changes])
    seen = {vps.id for _, vps in fleet.machines()}
    found: dict[str, date] = {}
    for change in changes:
        raw = contents[change.before]
        if not {one.decode() for one in _ID.findall(raw)} - seen:
            continue  # Reading thousands of files that lost nobody would take a minute.
        for id_, vps in _declared(raw):
            if id_ in seen:
                continue
            seen.add(id_)
            until = _later(_ends(vps) or change.day, fleet.trash_days)
            if until > today:
                for text in _addresses(vps):
                    found[text] = max(until, found.get(text, until))
    return found


def _later(day: date, days: int) -> date:
    """So many days later, or the calendar's last day."""
    return day + timedelta(days=min(days, (date.max - day).days))


def _changes(folder: Path, since: date, today: date) -> Iterator[_Change]:
    """Each change that took content away from a client's file, newest first."""
    if not checkout.told(folder, "rev-parse", "--verify", "--quiet", "HEAD"):
        return
    shape = ("--raw", "--no-abbrev", "--no-renames", "--diff-filter=MDT", "-z")
    clients = f"{CLIENTS}/"
    now = checkout.run(folder, "diff", *shape, "HEAD", "--", clients, seconds=SECONDS)
    yield from _entries(now.stdout, today)
    told = checkout.run(
        folder,
        "log",
        "--first-parent",
        "-m",
        f"--since={since.isoformat()}T00:00:00Z",
        "--format=%x01%ct%x00",
        *shape,
        "--",
        clients,
        seconds=SECONDS,
    )
    if told.returncode:
        words = told.stderr.decode(errors="replace").strip().splitlines()
        raise DomainError(
            f"Unable to read the history of {folder / CLIENTS}: {words[-1] if words else 'git says nothing'}.",
            "It tells which addresses are in quarantine. See whether `git log` answers there.",
        )
    for commit in told.stdout.split(b"\x01")[1:]:
        instant, _, rest = commit.partition(b"\0")
        yield from _entries(rest, datetime.fromtimestamp(int(instant), UTC).date())


def _entries(raw: bytes, day: date) -> Iterator[_Change]:
    """Of `:mode mode before after status` and a name, each ended by a zero octet."""
    for word in raw.split(b"\0"):
        fields = word.strip().split()
        if word.strip().startswith(b":") and len(fields) == 5 and not _NOTHING.fullmatch(fields[2].decode()):
            yield _Change(day, fields[2].decode())


def _declared(raw: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each VPS of a client's file of then with its id, however broken the rest is."""
    data = parse(raw).data
    found = data.get("vps") if isinstance(data, dict) else None
    for vps in found.values() if isinstance(found, dict) else ():
        if isinstance(vps, dict) and isinstance(vps.get("id"), str):
            yield vps["id"], vps


def _ends(vps: Mapping[str, Any]) -> date | None:
    try:
        return parse_date(vps["ends"]) if "ends" in vps else None
    except DomainError:
        return None


def _addresses(vps: Mapping[str, Any]) -> Iterator[str]:
    for family in ("ipv4", "ipv6"):
        found = vps.get(family)
        for text in found if isinstance(found, list | tuple) else ():
            if isinstance(text, str):
                yield canonical(text)
