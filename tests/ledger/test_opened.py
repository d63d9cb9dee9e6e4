"""Where a fleet's ledger is, and that looking makes none."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from components.domain.operations import NOTHING_KNOWN, HostState
from components.domain.problems import DomainError
from components.ledger import opened
from components.ledger.events import Entry, LedgerError
from components.ledger.opened import existing_ledger, open_ledger, operations
from tests.ledger.test_store import NOW, ROOT, entry


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").touch()
    made = tmp_path / "stacks"
    made.mkdir()
    return made


def test_looking_makes_nothing(fleet: Path) -> None:
    before = sorted(fleet.parent.rglob("*"))
    assert operations(fleet, {}, NOW) is NOTHING_KNOWN
    with existing_ledger(fleet, {}) as ledger:
        assert ledger is None
    assert sorted(fleet.parent.rglob("*")) == before


def test_it_lies_beside_the_local_state_and_outside_git(fleet: Path) -> None:
    with open_ledger(fleet, {}) as ledger:
        ledger.record(entry(data={"state": "draining"}))
    assert ledger.place == str(fleet.parent / ".vps" / "ledger.sqlite3")
    assert (fleet.parent / ".vps" / ".gitignore").read_text() == "*\n"
    assert operations(fleet, {}, NOW).state("kvm1") is HostState.DRAINING


def test_a_folder_without_project(tmp_path: Path) -> None:
    """Reading knows nothing; noting says what is missing."""
    assert operations(tmp_path, {}, NOW) is NOTHING_KNOWN
    with pytest.raises(DomainError, match=r"holds no Pulumi\.yaml"), open_ledger(tmp_path, {}):
        pass


def test_an_unreadable_ledger_is_not_nothing(fleet: Path) -> None:
    """A host in maintenance would pass for an active one."""
    file = fleet / "l.db"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match="damaged"):
        operations(fleet, {"VPS_LEDGER": str(file)}, NOW)


def test_a_ledger_that_was_never_made_whole_is_none(fleet: Path) -> None:
    """The very first note was killed, or is just being made: nothing was noted yet, and looking makes nothing."""
    with open_ledger(fleet, {}) as ledger:
        file = Path(ledger.place)
    file.write_bytes(b"")
    assert operations(fleet, {}, NOW) == NOTHING_KNOWN
    assert file.stat().st_size == 0
    with open_ledger(fleet, {}) as ledger:
        ledger.record(entry())
    with existing_ledger(fleet, {}) as found:
        assert found is not None
        assert len(found.verified()) == 1


@pytest.mark.parametrize(
    "address",
    ["mysql://me:hunter2@db/x", "host=db password=hunter2", "me:hunter2@db/x", "postgresql:/me:hunter2@db", "hunter2"],
)
def test_what_is_neither_a_server_nor_a_file(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    """A server's address that was mistyped is no file's name; nothing is made, and no password told."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LedgerError, match="neither a server nor a file") as told:
        operations(fleet, {"VPS_LEDGER": address}, NOW)
    with pytest.raises(LedgerError, match="neither a server"), open_ledger(fleet, {"VPS_LEDGER": address}):
        pass
    assert "hunter2" not in str(told.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_was_named_and_is_not_there(fleet: Path) -> None:
    """It may be mistyped, or its disk not mounted: a host in maintenance would pass for an active one."""
    named = {"VPS_LEDGER": str(fleet / "l.db")}
    with pytest.raises(LedgerError, match=r"there is no .*l\.db, which VPS_LEDGER names"):
        operations(fleet, named, NOW)
    assert not (fleet / "l.db").exists()
    with open_ledger(fleet, named):
        pass
    assert operations(fleet, named, NOW) == NOTHING_KNOWN.__class__(at=NOW)


def test_a_server_is_asked_for_one_fleet(fleet: Path) -> None:
    """Without its id nobody could tell whose ledger it is; nothing is asked then."""
    with pytest.raises(LedgerError, match=r"fleet\.yaml says no id"):
        operations(fleet, {"VPS_LEDGER": "postgresql://vps@127.0.0.1:9/x"}, NOW)


def test_nothing_is_noted_before_it_happens(fleet: Path) -> None:
    with open_ledger(fleet, {}) as ledger:
        ledger.record(Entry(at=NOW + opened.AHEAD, kind="k", subject="s", actor="a"), now=NOW)
        late = NOW + opened.AHEAD + dt.timedelta(seconds=1)
        with pytest.raises(LedgerError, match="future"):
            ledger.record(Entry(at=late, kind="k", subject="s", actor="a"), now=NOW)


def test_what_is_slow_is_loaded_when_it_is_used() -> None:
    """A look at a fleet without a ledger pays nothing, and a file needs no client of a server."""
    script = "import sys; import components.ledger.opened, components.ledger.sqlite; print('psycopg' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"
