"""The ledger on a PostgreSQL server: for a team, whose members note what happens from several machines.

As in `sqlite`, the database itself refuses to change or remove a row, and whoever writes is alone while it does.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from components.domain.names import is_fleet_id
from components.ledger.events import LedgerError, Row
from components.ledger.store import chosen, first, insert

VERSION = 1
CONNECT_S = 10
WAIT_S = 15
"""How long somebody else's write is waited for."""
PREFIX = "vps_ledger_"
"""Of the schema that holds a fleet's ledger: several fleets may share a database, and never a ledger."""
_LOCK = 0x76707331
"""Of two first uses at once one waits for the other, and so does one of two writers."""
_MAKE = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE events (
    number bigint PRIMARY KEY,
    token text NOT NULL UNIQUE,
    at text NOT NULL,
    noted text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    commit_id text NOT NULL,
    schema integer NOT NULL,
    data text NOT NULL,
    digest text NOT NULL
);
CREATE INDEX events_subject ON events (subject, number);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema} AS $$ BEGIN
    IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM events) THEN
        RAISE EXCEPTION 'the ledger is append-only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER events_never_go BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER events_follow BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION follow();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_go;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_follow;
CREATE TABLE format (version integer NOT NULL);
"""


class PostgresStore:
    """A ledger on a server. Raises LedgerError for whatever the server, or the way there, refuses."""

    def __init__(self, url: str, fleet: str) -> None:
        if not is_fleet_id(fleet):
            raise LedgerError(f'"{fleet}" is no id of a fleet.', "See `id` in fleet.yaml.")
        self._url = url
        self._schema = PREFIX + fleet
        self._turn = zlib.crc32(self._schema.encode()) >> 1
        self._secrets, self._place, self._options = _read(url)
        self._connection = self._connect()

    @classmethod
    def open(cls, url: str, fleet: str, *, create: bool) -> "PostgresStore | None":
        """The ledger of the fleet with this id, made where there is none; without `create` None, nothing is made."""
        store = cls(url, fleet)
        try:
            if store._prepared(create=create):
                return store
        except BaseException:
            store.close()
            raise
        store.close()
        return None

    @property
    def place(self) -> str:
        """Server and database, without user and password."""
        return self._place

    def rows(self, kind: str, subject: str) -> list[Row]:
        """As `Store.rows`."""
        query, values = chosen(kind, subject, "%s")
        with self._told():
            return self._ask(query, *values)

    def append(self, subject: str, token: str, make: Callable[[Row | None, int], Row]) -> Row:
        """As `Store.append`. A connection that broke is made anew once, to see whether the row had come through."""
        try:
            return self._append(subject, token, make)
        except LedgerError:
            if not self._connection.broken:
                raise
            try:
                self._connection = self._connect()
                with self._told():
                    found = self._ask(first("WHERE token = %s"), token)
            except LedgerError as cause:
                raise LedgerError(
                    f"{cause.message} Whether it was noted is not known.", "Look, when the server is back: vps ledger"
                ) from cause
            if found:
                return found[0]
            raise

    def close(self) -> None:
        """Let the server go."""
        self._connection.close()

    def _append(self, subject: str, token: str, make: Callable[[Row | None, int], Row]) -> Row:
        with self._told(), self._connection.transaction():
            # Readers go on; who writes is alone, and so numbers have no gaps. Locking the table instead would want
            # rights to change and to remove rows, which nobody who notes needs.
            self._connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK, self._turn))
            if found := self._ask(first("WHERE token = %s"), token):
                return found[0]
            last = self._ask(first("ORDER BY number DESC"))
            of_subject = self._ask(first("WHERE subject = %s ORDER BY number DESC"), subject)
            row = make(last[0] if last else None, of_subject[0][0] if of_subject else 0)
            self._connection.execute(insert("%s").encode(), row)
            return row

    def _ask(self, query: str, *values: str) -> list[Row]:
        return self._connection.execute(query.encode(), values).fetchall()

    def _prepared(self, *, create: bool) -> bool:
        with self._told():
            if self._is_there():
                return True
            if not create:
                return False
            # Held by the session and not by a transaction: one that began before sees tables as they were then.
            self._connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            try:
                if not self._is_there():
                    with self._connection.transaction():
                        self._connection.execute(_MAKE.replace("{schema}", self._schema).encode())
                        self._connection.execute("INSERT INTO format VALUES (%s)", (VERSION,))
            finally:
                if not self._connection.broken:
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
            return True

    def _is_there(self) -> bool:
        found = self._connection.execute("SELECT to_regclass(%s)::text", (f"{self._schema}.format",)).fetchone()
        if not found or found[0] is None:
            return False
        told = self._connection.execute("SELECT max(version) FROM format").fetchone()
        version = int(str(told[0])) if told else 0
        if version > VERSION:
            raise LedgerError(
                f"Unable to use the ledger at {self._place}: it was made by a newer program (version {version}, known "
                f"is {VERSION}).",
                "Nothing was touched. Bring this checkout to the version that made it.",
            )
        return True

    def _connect(self) -> "psycopg.Connection[Row]":
        with self._told():
            # An event that was acknowledged stays, whatever this server's default is.
            # Each statement has to see what was noted while the turn was waited for, whatever a database's default is.
            own = f"-c search_path={self._schema} -c lock_timeout={WAIT_S}s -c synchronous_commit=on"
            options = f"{self._options} {own} -c default_transaction_isolation=read\\ committed".strip()
            return psycopg.connect(
                self._url, connect_timeout=CONNECT_S, application_name="vps ledger", options=options, autocommit=True
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The server's errors become ours, without anything secret of the URL."""
        try:
            yield
        except psycopg.Error as cause:
            words = " ".join(str(cause).split()) or type(cause).__name__
            for secret in self._secrets:
                words = words.replace(secret, "…")
            told = f"Unable to use the ledger at {self._place}: {words.rstrip('.?')}."
            raise LedgerError(told, _remedy(cause)) from None


def _read(url: str) -> tuple[tuple[str, ...], str, str]:
    """What of a URL is never told, where it leads, and its own options. Raises LedgerError when it is none."""
    unread = LedgerError(
        "Unable to read the ledger's URL.",
        "VPS_LEDGER is like postgresql://USER@HOST:5432/DATABASE; keep the password in ~/.pgpass or PGPASSWORD, or "
        "write its @ as %40 and its / as %2F.",
    )
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        # Its own words would repeat the URL, password and all.
        raise unread from None
    server, _, database = url.partition("://")[2].partition("?")[0].partition("/")
    if server.count("@") > 1 or "@" in database:
        # A password with such a sign is read as a part of the server's name, which every message tells.
        raise unread
    written = url.partition("://")[2].partition("@")[0].partition(":")[2]
    secrets = tuple(str(one) for one in (url, parts.get("password"), parts.get("sslpassword"), written) if one)
    place = ":".join(str(parts[key]) for key in ("host", "port") if parts.get(key)) or "the local server"
    return secrets, f"{place}/{parts.get('dbname') or ''}", str(parts.get("options") or "")


def _remedy(cause: psycopg.Error) -> str:
    match cause:
        case psycopg.errors.LockNotAvailable():
            return f"Somebody else has held it for {WAIT_S} s; nothing was noted. Run the command again."
        case psycopg.errors.InsufficientPrivilege():
            return "Nothing was noted. Let the database's owner note something first, or give you rights."
        case psycopg.errors.ReadOnlySqlTransaction():
            return "Nothing was noted. This server only reads: name the one that writes."
        case psycopg.errors.DiskFull() | psycopg.errors.OutOfMemory():
            return "Nothing was noted. Make room on the server, then run the command again."
        case psycopg.OperationalError():
            return (
                "Nothing was noted. See that the server runs and that VPS_LEDGER leads to it, then run it again. To "
                "look without it, states of hosts unknown, put `VPS_LEDGER=` before the command."
            )
        case _:
            return "Nothing was noted."
