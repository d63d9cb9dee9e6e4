"""A VPS brought back from its backup: which one, and the hand-over to the guest that was made anew for it."""

import gzip
import json
import re
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from components.backups import recovery
from components.backups.enrolment import Enrolled
from components.backups.guest_side import GuestSide
from components.backups.store import BRING_S, SPARE, Store, no_room, too_large
from components.backups.target import Kept, Run, Target
from components.domain.backups import INSTANT, instant
from components.domain.problems import DomainError


def choose(title: str, kept: Kept | None, wished: str) -> Run:
    """The newest whole backup, or the newest that the target had at an instant. Raises DomainError when none was."""
    runs = kept.runs if kept else ()
    if not runs:
        raise DomainError(f"{title}: the target holds no whole backup of it.", "See: vps backups list")
    if wished == "latest":
        return runs[-1]
    until = instant(wished)
    found = [run for run in runs if run.at <= until]
    if not found:
        raise DomainError(
            f"{title}: the oldest whole backup is of {runs[0].at:{INSTANT}}, after {wished}.", "Choose a later one."
        )
    return found[-1]


MOST_HEAD = 64 * 1024**2
"""The first line of a list: it names a checksum for each table."""
MOST_LIST = 1024**3
"""A list, packed: some hundred bytes for each of many millions of files."""
MOST_BYTES = 1024**4
"""What a backup may be when nobody says how large its VPS's disk is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What was done for a guest that waits to be restored."""

    enrolled: str
    run: Run


def hand_over(enrolled: Enrolled, side: GuestSide, identity: Path, target: Target | None = None) -> Handover:
    """Authorise the new guest for the former repository and give it the passphrase, which is unsealed here.

    Raises DomainError when the client's file says nothing of a restore: then a second key is none of ours.
    """
    vps = enrolled.vps
    what = f"Unable to restore {enrolled.title}"
    if vps.restore is None or not vps.restore.backup:
        raise DomainError(f"{what}: its file names no backup.", f"First: vps restore {enrolled.title} --from DATE")
    target = target or Target(enrolled.backups)
    run = choose(enrolled.title, target.status(enrolled.uuid).get(enrolled.uuid), vps.restore.backup)
    words = recovery.passphrase(target, enrolled.uuid, identity, what)
    done = enrolled.authorise(side, target, anew=True)
    side.take(words, run.snapshot)
    return Handover(enrolled=done, run=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One whole backup, opened: its snapshots of files and databases (empty: none)."""

    store: Store
    run: Run
    files: str
    databases: str

    @classmethod
    def open(cls, target: Target, uuid: str, identity: Path, title: str, wished: str) -> "Archive":
        """Open it with the recovery key alone; no guest is asked. Raises DomainError."""
        what = f"Unable to open the backup of {title}"
        run = choose(title, target.status(uuid).get(uuid), wished)
        store = Store(target, uuid, recovery.passphrase(target, uuid, identity, what))
        with tempfile.TemporaryFile() as listing:
            store.dump(what, run.snapshot, "list.json.gz", listing, most=MOST_LIST)
            listing.seek(0)
            head = _head(listing, what)
        return cls(store=store, run=run, files=head["files"], databases=head["databases"])

    def bring(self, into: Path, most: int = MOST_BYTES) -> None:
        """Write files to `into`/files and databases to `into`/databases.sql, each of `most` bytes. Raises DomainError.

        A backup says itself how large it is, so that counts only for an early no.
        """
        what = f"Unable to fetch the backup of {self.run.at:{INSTANT}}"
        sizes = [self.store.size(what, one) for one in (self.files, self.databases) if one]
        if max(sizes) > most:
            raise too_large(what, most)
        into.mkdir(mode=0o700, parents=True, exist_ok=False)
        if sum(sizes) > shutil.disk_usage(into).free - SPARE:
            into.rmdir()
            raise no_room(what, into)
        self.store.restore(what, self.files, into / "files", most=most)
        if self.databases:
            left = shutil.disk_usage(into).free - SPARE
            if left <= 0:
                raise no_room(what, into)
            most = min(most, left)
            with (into / "databases.sql").open("wb") as stream:
                self.store.dump(what, self.databases, "databases.sql", stream, most=most, deadline_s=BRING_S)


def _head(listing: IO[bytes], what: str) -> dict[str, str]:
    """Which snapshots a whole backup is made of: its own list names them, so no later snapshot can pose as one."""
    try:
        with gzip.open(listing) as lines:
            found = json.loads(lines.readline(MOST_HEAD))
        head = {"files": str(found["files"]), "databases": str(found["databases"] or "")}
    except (OSError, EOFError, zlib.error, RecursionError, ValueError, KeyError, TypeError) as problem:
        raise DomainError(f"{what}: its list can't be read.", "Choose another backup with --from.") from problem
    if not all(re.fullmatch("[0-9a-f]{64}", one) for one in head.values() if one):
        raise DomainError(f"{what}: its list names no snapshots.", "Choose another backup with --from.")
    return head
