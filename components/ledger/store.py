"""What a ledger asks of a database, and the questions in SQL that all of them understand."""

from collections.abc import Callable
from typing import Protocol

from components.ledger.events import COLUMNS, Row

NAMES = ", ".join(COLUMNS)


class Store(Protocol):
    """A database that holds a ledger; see `sqlite` and `postgres`. Each raises LedgerError in its own words."""

    @property
    def place(self) -> str:
        """Where it is, as people may read it: never with a password."""
        ...

    def rows(self, kind: str, subject: str) -> list[Row]:
        """Rows by number; `kind` may be the beginning of kinds, ending in a dot; empty means any."""
        ...

    def append(self, subject: str, token: str, make: Callable[[Row | None, int], Row]) -> Row:
        """Write what `make` gives for the last row and the number of the subject's last (0: none); answer it.

        `make` runs while nobody else can write, and what it raises leaves the ledger as it was. A row with this token
        that is there already is answered, and nothing is written.
        """
        ...

    def close(self) -> None:
        """Let it go."""
        ...


def chosen(kind: str, subject: str, mark: str) -> tuple[str, tuple[str, ...]]:
    """The question behind `Store.rows`, with the database's `mark` for a value."""
    clauses, values = [], []
    if kind:
        clauses.append(f"kind LIKE {mark}" if kind.endswith(".") else f"kind = {mark}")
        values.append(f"{kind}%" if kind.endswith(".") else kind)
    if subject:
        clauses.append(f"subject = {mark}")
        values.append(subject)
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    return f"SELECT {NAMES} FROM events{where} ORDER BY number", tuple(values)  # noqa: S608 - words of ours


def first(where: str) -> str:
    """The question for one row."""
    return f"SELECT {NAMES} FROM events {where} LIMIT 1"  # noqa: S608 - words of ours


def insert(mark: str) -> str:
    """The only statement that ever writes."""
    return f"INSERT INTO events ({NAMES}) VALUES ({', '.join([mark] * len(COLUMNS))})"  # noqa: S608 - words of ours
