"""The ledger in a file: each thing that can be wrong with a file or its disk has its words, and nothing is lost."""

import contextlib
import datetime as dt
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ledger import sqlite
from components.ledger.events import Entry, LedgerError
from components.ledger.opened import Ledger
from components.ledger.sqlite import SqliteStore
from tests.ledger.test_store import ROOT, entry


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A ledger with one event."""
    made = tmp_path / "ledger.sqlite3"
    _note(made)
    return made


def _note(file: Path) -> int:
    store = SqliteStore(file, create=True)
    try:
        return Ledger(store).record(entry()).number
    finally:
        store.close()


@pytest.fixture
def anybodys() -> Iterator[Path]:
    """A folder that every user may write to, for programs that are not root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_a_damaged_file_is_left_as_it_is(file: Path) -> None:
    garbage = os.urandom(8192)
    file.write_bytes(garbage)
    with pytest.raises(LedgerError, match=r"damaged and was left as it is.*restore"):
        _note(file)
    assert file.read_bytes() == garbage


def test_a_page_that_rotted_is_told(file: Path) -> None:
    """A file whose head is whole and whose rows are not."""
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(size - 4096))
    with pytest.raises(LedgerError, match="damaged"):
        SqliteStore(file, create=False).rows("", "")


@pytest.mark.parametrize("statement", ["CREATE TABLE other (x)", "PRAGMA application_id = 7"])
def test_another_programs_file_is_not_touched(tmp_path: Path, statement: str) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (x)")
        connection.execute(statement)
    connection.close()
    before = other.read_bytes()
    for create in (True, False):
        with pytest.raises(LedgerError, match="no ledger of ours"):
            SqliteStore(other, create=create)
    assert other.read_bytes() == before


def test_a_newer_ledger_is_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {sqlite.VERSION + 1}")
    connection.close()
    with pytest.raises(LedgerError, match=r"newer program.*Nothing was touched"):
        _note(file)


def test_a_held_file_is_waited_for_and_then_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "WAIT_S", 0.2)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerError, match=r"locked.*held it for"):
        _note(file)
    holder.execute("ROLLBACK")
    holder.close()
    assert _note(file) == 2


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"you may write this file"):
        SqliteStore(tmp_path / "nowhere" / "ledger.sqlite3", create=True)


@contextlib.contextmanager
def _nobody() -> Iterator[None]:
    """Without root's power over every file."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_only_be_read(anybodys: Path) -> None:
    """It is read; what is noted is refused, with the reason."""
    file = anybodys / "ledger.sqlite3"
    _note(file)
    file.chmod(0o444)
    with _nobody():
        assert len(SqliteStore(file, create=False).rows("", "")) == 1
        with pytest.raises(LedgerError, match=r"readonly database.*See that you may write this file"):
            _note(file)
    file.chmod(0o666)
    with _nobody():
        assert _note(file) == 2


@pytest.mark.lab
def test_a_full_disk(anybodys: Path) -> None:
    """What was acknowledged stays; the next is refused in words; with room again the ledger goes on."""
    script = f"""
set -eu
mount -t tmpfs -o size=128k tmpfs {anybodys}
"{sys.executable}" -B - <<'PYTHON'
import os
from pathlib import Path
from components.ledger.events import LedgerError
from components.ledger.opened import Ledger
from components.ledger.sqlite import SqliteStore
from tests.ledger.test_store import entry
file, told = Path("{anybodys}/ledger.sqlite3"), []
ledger = Ledger(SqliteStore(file, create=True))
try:
    while len(told) < 10000:
        told.append(ledger.record(entry(reason="x" * 500)).number)
except LedgerError as error:
    assert "Make room on its disk" in str(error), error
    assert "full" in str(error), error
ledger.store.close()
assert 10 < len(told) < 1000, len(told)
again = Ledger(SqliteStore(file, create=False))
assert [event.number for event in again.verified()] == told
os.system("mount -o remount,size=1m {anybodys}")
assert again.record(entry()).number == len(told) + 1
print("whole")
PYTHON
umount {anybodys}
"""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout == "whole\n", done.stderr


@settings(max_examples=40)  # each event waits for the disk
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([None, 0, 1]), st.none() | st.integers(0, 9), st.booleans()),
        max_size=12,
    )
)
def test_any_order_of_writers(turns: list[tuple[str, int | None, int | None, bool]]) -> None:
    """Against a plain list: (subject, how old the news is, whose token comes again, whether a new process writes)."""
    model: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite3"
        ledger = Ledger(SqliteStore(file, create=True))
        for number, (subject, stale, again, anew) in enumerate(turns):
            if anew:
                ledger.store.close()
                ledger = Ledger(SqliteStore(file, create=False))
            token = model[again % len(model)][1] if model and again is not None else f"t{number}"
            last = max((place for place, (of, _) in enumerate(model, 1) if of == subject), default=0)
            known = token in {told for _, told in model}
            wanted = entry(subject, token=token)
            if stale and not known:
                with pytest.raises(LedgerError, match="meanwhile"):
                    ledger.record(wanted, after=last + stale)
            else:
                found = ledger.record(wanted, after=None if stale is None else last)
                if not known:
                    model.append((subject, token))
                assert model[found.number - 1][1] == token
            assert [(event.subject, event.token) for event in ledger.verified()] == model
        ledger.store.close()


def test_an_instant_keeps_its_second(file: Path) -> None:
    """As text in the file: nobody's time zone moves it."""
    at = dt.datetime(2026, 3, 2, 9, 0, 7, 999_999, dt.timezone(dt.timedelta(hours=1)))
    store = SqliteStore(file, create=False)
    Ledger(store).record(Entry(at=at, kind="k", subject="s", actor="a"))
    assert store.rows("k", "")[0][2] == "2026-03-02T08:00:07Z"
    store.close()
