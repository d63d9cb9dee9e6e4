"""Where a fleet's ledger is, opened: a file beside the project's local state, or a PostgreSQL database by its URL."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.domain.operations import NOTHING_KNOWN, Operations
from components.domain.problems import DomainError
from components.ledger.events import Entry, Event, LedgerError, Row, event_of, row_of, verify
from components.ledger.store import Store

VARIABLE = "VPS_LEDGER"
"""Environment: `postgresql://…` of the ledger that a team shares, or the path of a file."""
PATHS = ("/", "./", "../", "~")
"""How the path of a file begins."""
FILE = "ledger.sqlite3"
"""In the project's `.vps` folder, which git never sees."""
AHEAD = dt.timedelta(minutes=2)
"""How far the clock of whoever notes may be behind; a later instant than that lies in the future."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A fleet's ledger, open. Raises LedgerError for whatever its database refuses."""

    store: Store

    @property
    def place(self) -> str:
        """Where it is, as people may read it."""
        return self.store.place

    def events(self, *, kind: str = "", subject: str = "") -> tuple[Event, ...]:
        """What happened, in the order in which it was noted; `kind` may be `fault.` for all that begin so."""
        return tuple(event_of(row) for row in self.store.rows(kind, subject))

    def record(self, entry: Entry, *, after: int | None = None, now: dt.datetime | None = None) -> Event:
        """Note an event; one with the same token that is there already is answered, not doubled.

        `after` is the number of the subject's last event that the decision was made on (0: none): when somebody noted
        another meanwhile, LedgerError says so and nothing is noted.
        """
        noted = now or dt.datetime.now(dt.UTC)
        if entry.at > noted + AHEAD:
            raise LedgerError(
                f"Unable to note {entry.kind}: its instant lies in the future.", "Nothing was noted. Say when it was."
            )

        def make(last: Row | None, of_subject: int) -> Row:
            if after is not None and of_subject != after:
                raise LedgerError(
                    f"Unable to note {entry.kind} of {entry.subject}: somebody else noted something of it meanwhile.",
                    "Nothing was noted. Look at it (`vps ledger`), then run the command again.",
                )
            return row_of(entry, last[0] + 1 if last else 1, last[-1] if last else "", noted)

        return event_of(self.store.append(entry.subject, entry.token, make))

    def verified(self) -> tuple[Event, ...]:
        """Everything, after every digest was compared. Raises LedgerError at the first that is not as it was."""
        rows = self.store.rows("", "")
        verify(rows)
        return tuple(event_of(row) for row in rows)


@contextmanager
def open_ledger(folder: Path, environ: Mapping[str, str]) -> Iterator[Ledger]:
    """The ledger of the fleet in `folder`, made where there is none yet.

    Raises LedgerError when it can't be used, DomainError when `folder` belongs to no project.
    """
    ledger = _opened(folder, environ, create=True)
    if ledger is None:
        raise LedgerError("Unable to open the ledger: there is none.", "This is an error of ours.")
    try:
        yield ledger
    finally:
        ledger.store.close()


@contextmanager
def existing_ledger(folder: Path, environ: Mapping[str, str]) -> Iterator[Ledger | None]:
    """The ledger, for reading: None, and nothing is made, where there is none yet.

    Raises as `open_ledger`, also where a file was named and is not there: it may lie elsewhere, and know of hosts.
    """
    ledger = _opened(folder, environ, create=False)
    try:
        yield ledger
    finally:
        if ledger is not None:
            ledger.store.close()


def operations(folder: Path, environ: Mapping[str, str], now: dt.datetime) -> Operations:
    """What is known of the running fleet at `now`; NOTHING_KNOWN, and nothing is made, where no ledger is.

    Raises LedgerError when there is one and it can't be read: a host in maintenance would pass for an active one.
    """
    with existing_ledger(folder, environ) as ledger:
        if ledger is None:
            return NOTHING_KNOWN
        from components.ledger.equipment import operations_of

        return operations_of(ledger.events(kind="host.") + ledger.events(kind="fault."), now)


def _opened(folder: Path, environ: Mapping[str, str], *, create: bool) -> Ledger | None:
    said = environ.get(VARIABLE, "").strip()
    if said.startswith(("postgresql://", "postgres://")):
        from components.ledger.postgres import PostgresStore

        server = PostgresStore.open(said, _fleet_id(folder), create=create)
        return None if server is None else Ledger(server)
    if said and not said.startswith(PATHS):
        # Not repeated: it may hold a password, as a server's address without its `postgresql://` would.
        raise LedgerError(
            f"Unable to open the ledger: {VARIABLE} is neither a server nor a file.",
            "It is like postgresql://USER@HOST/DATABASE, or a path that begins with / or ./ or ~.",
        )
    from components.ledger.sqlite import SqliteStore

    file = Path(said).expanduser().absolute() if said else _own_file(folder, create=create)
    if said and file is not None and not create and not file.exists():
        raise LedgerError(
            f"Unable to open the ledger: there is no {file}, which {VARIABLE} names.",
            "If it is elsewhere, or its disk is not mounted, mend that. It is made there by the first thing that is "
            'noted: vps host set HOST active --reason "a new ledger"',
        )
    store = None if file is None else SqliteStore.open(file, create=create)
    return None if store is None else Ledger(store)


def _fleet_id(folder: Path) -> str:
    """A server may hold the ledgers of several fleets."""
    from components.config.documents import read
    from components.config.folder import FLEET

    found = (read(folder / FLEET).data or {}).get("id")
    if not isinstance(found, str):
        raise LedgerError(
            f"Unable to tell whose ledger to open: {folder / FLEET} says no id.", "See what `vps check` says of it."
        )
    return found


def _own_file(folder: Path, *, create: bool) -> Path | None:
    from components.engine.project import project_of

    try:
        project = project_of(folder)
    except DomainError:
        if create:
            raise
        return None
    if create:
        project.keep()
    return project.work / FILE
