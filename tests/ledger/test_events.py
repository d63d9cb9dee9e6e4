"""Rows that hang together: whatever is changed behind the ledger's back is seen."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ledger.events import SCHEMA, Entry, LedgerError, Row, event_of, row_of, verify, written

AT = dt.datetime(2026, 11, 23, 10, 0, 0, 5, dt.UTC)
TEXT = st.text(max_size=20)
ENTRIES = st.builds(
    Entry,
    at=st.datetimes(timezones=st.just(dt.UTC)),
    kind=TEXT,
    subject=TEXT,
    actor=TEXT,
    reason=TEXT,
    commit=TEXT,
    data=st.dictionaries(TEXT, TEXT | st.integers() | st.none() | st.lists(st.integers(), max_size=2), max_size=3),
)


def chain(entries: list[Entry]) -> list[Row]:
    rows: list[Row] = []
    for entry in entries:
        rows.append(row_of(entry, len(rows) + 1, rows[-1][-1] if rows else "", AT))
    return rows


@given(st.lists(ENTRIES, max_size=5))
def test_what_is_noted_is_read(entries: list[Entry]) -> None:
    rows = chain(entries)
    verify(rows)
    for entry, row in zip(entries, rows, strict=True):
        event = event_of(row)
        for name in ("token", "kind", "subject", "actor", "reason", "commit", "schema"):
            assert getattr(event, name) == getattr(entry, name)
        assert event.at == entry.at.replace(microsecond=0)
        assert dict(event.data) == dict(entry.data)
        assert event.as_json()["digest"] == row[-1]


@given(st.lists(ENTRIES, min_size=1, max_size=4), st.data())
def test_any_change_is_seen(entries: list[Entry], data: st.DataObject) -> None:
    """One field of one row, or a row that is gone with others behind it."""
    rows = chain(entries)
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    row = list(rows[place])
    row[column] = row[column] + 1 if isinstance(row[column], int) else f"{row[column]}x"
    with pytest.raises(LedgerError, match="not as it was written"):
        verify([*rows[:place], tuple(row), *rows[place + 1 :]])  # type: ignore[list-item]
    if place + 1 < len(rows):
        with pytest.raises(LedgerError, match=f"Event {place + 1} "):
            verify([*rows[:place], *rows[place + 1 :]])


def test_a_newer_row_is_not_guessed() -> None:
    """Whoever reads half of what happened decides wrongly."""
    row = row_of(Entry(at=AT, kind="k", subject="s", actor="a", schema=SCHEMA + 1), 1, "", AT)
    with pytest.raises(LedgerError, match="newer program"):
        event_of(row)


def test_an_instant_needs_its_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        written(AT.replace(tzinfo=None))
    assert written(AT) == "2026-11-23T10:00:00Z"
    assert written(AT.replace(year=26)) == "0026-11-23T10:00:00Z", "a year without its zeros is read by nobody again"
