"""What every database of a ledger promises: append-only, numbered without gaps, whole after any death."""

import contextlib
import datetime as dt
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.lab.example import EXAMPLE
from components.ledger.events import Entry, LedgerError, row_of, verify
from components.ledger.opened import Ledger, open_ledger
from components.ledger.store import Store, chosen

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
COPIED = "at, noted, kind, subject, actor, reason, commit_id, schema, data, digest FROM events WHERE number = 2"
Opened = Callable[[], Store]


def entry(subject: str = "host kvm1", kind: str = "host.state", **values: object) -> Entry:
    return Entry(at=NOW, kind=kind, subject=subject, actor="olena", **values)  # type: ignore[arg-type]


def test_events_are_found_by_kind_and_subject(opened: Opened) -> None:
    ledger = Ledger(opened())
    for kind, subject in (("host.state", "host a"), ("fault.reported", "host a"), ("fault.paused", "host b")):
        ledger.record(entry(subject, kind))
    found = [[event.number for event in ledger.events(kind=kind, subject=subject)] for kind, subject in (
        ("", ""), ("fault.", ""), ("fault.paused", ""), ("", "host a"), ("fault.", "host a"), ("fault", ""),
    )]  # fmt: skip
    assert found == [[1, 2, 3], [2, 3], [3], [1, 2], [2], []]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'nobody'",
        "UPDATE events SET number = 9 WHERE number = 2",
        "DELETE FROM events",
        "DELETE FROM events WHERE number = 2",
        f"INSERT INTO events SELECT 9, 'z', {COPIED}",
        f"INSERT INTO events SELECT 3, token, {COPIED}",
    ],
)
def test_the_database_itself_is_append_only(opened: Opened, statement: str) -> None:
    """No change, no removal, no gap, nothing twice, whoever asks."""
    store = opened()
    for _ in range(2):
        Ledger(store).record(entry())
    before = store.rows("", "")
    raw = store._connection  # type: ignore[attr-defined]
    with pytest.raises(Exception, match=r"append-only|duplicate key"):
        raw.execute(statement)
    assert opened().rows("", "") == before


def test_the_same_event_twice_is_one(opened: Opened) -> None:
    """Whoever lost the answer may ask again."""
    once = entry(reason="a disk is due")
    assert Ledger(opened()).record(once) == Ledger(opened()).record(once)
    assert len(opened().rows("", "")) == 1


def test_a_decision_on_old_news_is_refused(opened: Opened) -> None:
    """Two who read the same and decide differently: the second hears of the first. Other subjects don't count."""
    ledger = Ledger(opened())
    assert ledger.record(entry(), after=0).number == 1
    with pytest.raises(LedgerError, match="meanwhile"):
        ledger.record(entry(), after=0)
    assert ledger.record(entry("host kvm2"), after=0).number == 2
    assert ledger.record(entry(), after=1).number == 3
    assert len(ledger.events()) == 3


def test_what_fails_in_its_turn_leaves_nothing(opened: Opened) -> None:
    store = opened()
    Ledger(store).record(entry())

    def fail(*_: object) -> None:
        raise RuntimeError("in the midst")

    with pytest.raises(RuntimeError):
        store.append("host kvm1", "t", fail)  # type: ignore[arg-type]
    assert Ledger(opened()).record(entry()).number == 2


def test_many_first_uses_at_once_make_one_ledger(address: str) -> None:
    """Each opens, makes what is not there, and notes one."""
    errors: list[BaseException] = []

    def note() -> None:
        try:
            with open_ledger(EXAMPLE, {"VPS_LEDGER": address}) as ledger:
                ledger.record(entry())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=note) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with open_ledger(EXAMPLE, {"VPS_LEDGER": address}) as ledger:
        assert len(ledger.verified()) == 6


def test_two_processes_lose_and_double_nothing(address: str) -> None:
    with _writer(address, "a", 40) as one, _writer(address, "b", 40) as other:
        told = [process.communicate("go\n", timeout=100)[0].split() for process in (one, other)]
    with open_ledger(EXAMPLE, {"VPS_LEDGER": address}) as ledger:
        found = [event.token for event in ledger.verified()]
    assert [len(one) for one in told] == [40, 40]
    assert sorted(found) == sorted(told[0] + told[1])


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_writer_loses_nothing_that_it_was_told(address: str, seed: int) -> None:
    """kill -9 at any moment: every acknowledged event is there, at most one more, and the next writer goes on."""
    chance = random.Random(seed)
    with _writer(address, "a", 100_000) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        first = process.stdout.readline()
        time.sleep(chance.random() / 5)
        process.kill()
        told = [first.strip(), *process.stdout.read().split("\n")]
    acknowledged = [token for token in told[:-1] if token]
    with open_ledger(EXAMPLE, {"VPS_LEDGER": address}) as ledger:
        found = [event.token for event in ledger.verified()]
        assert found[: len(acknowledged)] == acknowledged
        assert len(found) - len(acknowledged) <= 1
        assert ledger.record(entry()).number == len(found) + 1


def test_questions_carry_no_value() -> None:
    """What an operator types is a value, never a part of the question."""
    query, values = chosen("fault.", "host x'; DROP TABLE events; --", "?")
    assert "DROP" not in query
    assert values == ("fault.%", "host x'; DROP TABLE events; --")


def test_a_changed_row_is_seen(opened: Opened) -> None:
    """Somebody who owns the database can take its guards away; the chain tells it."""
    store = opened()
    for _ in range(3):
        Ledger(store).record(entry())
    raw = store._connection  # type: ignore[attr-defined]
    guard = "DROP TRIGGER events_never_change"
    raw.execute(guard if "sqlite" in type(raw).__module__ else f"{guard} ON events")
    raw.execute("UPDATE events SET reason = 'another' WHERE number = 2")
    with pytest.raises(LedgerError, match="Event 2 "):
        Ledger(opened()).verified()
    verify([row_of(entry(), 1, "", NOW)])


@contextlib.contextmanager
def _writer(address: str, name: str, most: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.writer", name, str(most)],
        cwd=ROOT,
        env=os.environ | {"VPS_LEDGER": address},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait(20)
