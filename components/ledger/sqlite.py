"""The ledger in a file: SQLite, for a fleet that one machine works on.

The database itself refuses to change or remove a row. Each append is one transaction that holds the only write lock,
so numbers have no gaps, and a process that is killed in the midst leaves nothing of it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from components.ledger.events import LedgerError, Row
from components.ledger.store import chosen, first, insert

APPLICATION = 0x76707331
"""Stands in the file's head, so that another program's database is not taken for a ledger."""
VERSION = 1
WAIT_S = 15
"""How long somebody else's write is waited for."""
_TABLE = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    noted TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    schema INTEGER NOT NULL,
    data TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT"""
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
# The last also stops INSERT OR REPLACE, which removes a row without asking the one before.
_GUARDS = (
    "CREATE INDEX events_subject ON events (subject, number)",
    f"CREATE TRIGGER events_never_change BEFORE UPDATE ON events {_REFUSE}",
    f"CREATE TRIGGER events_never_go BEFORE DELETE ON events {_REFUSE}",
    """CREATE TRIGGER events_follow BEFORE INSERT ON events
        WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM events)
        OR EXISTS (SELECT 1 FROM events WHERE token = NEW.token) """  # noqa: S608 - words of ours
    + _REFUSE,
)


class UnmadeError(LedgerError):
    """An empty database: the first thing that is ever noted is being noted, or its process was killed at it."""


class SqliteStore:
    """A ledger's file. Raises LedgerError for whatever the file or its disk refuses."""

    def __init__(self, file: Path, *, create: bool) -> None:
        self.file = file
        mode = "rwc" if create else "rw"
        with self._told():
            self._connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=WAIT_S, isolation_level=None
            )
        try:
            with self._told():
                # An event that was acknowledged stays, whatever happens to the machine's power.
                self._connection.execute("PRAGMA synchronous = FULL")
                self._prepare(create=create)
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def open(cls, file: Path, *, create: bool) -> "SqliteStore | None":
        """The ledger in this file, made where there is none; without `create` None, nothing is made."""
        try:
            return cls(file, create=create) if create or file.exists() else None
        except UnmadeError:
            return None

    @property
    def place(self) -> str:
        """The file."""
        return str(self.file)

    def rows(self, kind: str, subject: str) -> list[Row]:
        """As `Store.rows`."""
        query, values = chosen(kind, subject, "?")
        with self._told():
            return self._connection.execute(query, values).fetchall()

    def append(self, subject: str, token: str, make: Callable[[Row | None, int], Row]) -> Row:
        """As `Store.append`."""
        with self._told(), self._turn():
            found = self._one("WHERE token = ?", token)
            if found is not None:
                return found
            of_subject = self._one("WHERE subject = ? ORDER BY number DESC", subject)
            row = make(self._one("ORDER BY number DESC"), of_subject[0] if of_subject else 0)
            self._connection.execute(insert("?"), row)
            return row

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def _one(self, where: str, *values: str) -> Row | None:
        found: Row | None = self._connection.execute(first(where), values).fetchone()
        return found

    def _prepare(self, *, create: bool) -> None:
        if self._is_ours():
            return
        if not create:
            if not self._holds_something():
                raise UnmadeError(f"No ledger was made in {self.file} yet.")
            # Somebody may have made it between the two looks.
            if self._is_ours():
                return
            raise self._foreign()
        with self._turn():
            # Somebody else may have made it while the turn was waited for.
            if self._is_ours():
                return
            if self._holds_something():
                raise self._foreign()
            for statement in (_TABLE, *_GUARDS):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def _is_ours(self) -> bool:
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if application == APPLICATION and version > VERSION:
            raise LedgerError(
                f"Unable to use the ledger {self.file}: it was made by a newer program (version {version}, known is "
                f"{VERSION}).",
                "Nothing was touched. Bring this checkout to the version that made it.",
            )
        return bool(application == APPLICATION)

    def _holds_something(self) -> bool:
        """Whether it is a database of another program."""
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return bool(tables or self._connection.execute("PRAGMA application_id").fetchone()[0])

    def _foreign(self) -> LedgerError:
        return LedgerError(
            f"Unable to use the ledger {self.file}: it is no ledger of ours.",
            "Nothing was touched. Move that file away, or restore the ledger from its backup.",
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The only writer, from the first look to the end: whole or not at all."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors become ours, with what to do."""
        try:
            yield
        except sqlite3.Error as cause:
            what = f"Unable to use the ledger {self.file}"
            raise LedgerError(f"{what}: {cause}.", _remedy(cause)) from cause


def _remedy(cause: sqlite3.Error) -> str:
    match getattr(cause, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"Somebody else has held it for {WAIT_S} s; nothing was noted. Run the command again."
        case sqlite3.SQLITE_FULL:
            return "Nothing was noted. Make room on its disk, then run the command again."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return "Nothing was noted. See that you may write this file and its folder, then run the command again."
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "The file is damaged and was left as it is. Keep a copy of it, and restore the ledger's backup."
        case sqlite3.SQLITE_IOERR:
            return "Nothing was noted. Look at the disk under it, then run the command again."
        case _:
            return "Nothing was noted."
