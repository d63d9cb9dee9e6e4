"""The ledger on a server: what can go wrong on the way, in words that hold no secret."""

import threading
import time

import psycopg
import pytest

from components.ledger import postgres
from components.ledger.events import LedgerError, row_of
from components.ledger.opened import Ledger
from components.ledger.postgres import PostgresStore
from tests.ledger.conftest import Server
from tests.ledger.test_store import NOW, entry

pytestmark = pytest.mark.lab
SECRET = "hunter%2Fsecret"


@pytest.fixture
def url(server: Server) -> str:
    return server.url(server.database())


def _store(url: str) -> PostgresStore:
    store = PostgresStore.open(url, "demo", create=True)
    assert store is not None
    return store


def test_nothing_is_made_by_looking(server: Server, url: str) -> None:
    """Nor is an unreachable server taken for an empty ledger."""
    assert PostgresStore.open(url, "demo", create=False) is None
    server.sql(url.partition("@/")[2].partition("?")[0], "CREATE SCHEMA vps_ledger_demo")
    assert PostgresStore.open(url, "demo", create=False) is None
    with pytest.raises(LedgerError, match=r"See that the server runs.*put `VPS_LEDGER=` before"):
        PostgresStore.open(url.replace("?host=", "?host=/nowhere"), "demo", create=False)


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://vps:{SECRET}@127.0.0.1:9/ledger",
        f"postgresql://vps@127.0.0.1:9/ledger?password={SECRET}",
        f"postgresql://vps:{SECRET}@127.0.0.1:notaport/ledger",
        f"postgresql://vps:{SECRET}@[::1/ledger",
        f"postgresql://vps@127.0.0.1:9/ledger?nonsense={SECRET}",
        "postgresql://vps:hunter/2@127.0.0.1:9/ledger",
        "postgresql://vps:9/hunter@127.0.0.1:9/ledger",
        "postgresql://vps:2@hunter@127.0.0.1:9/ledger",
        "postgresql://vps:hunter?2@127.0.0.1:9/ledger",
        "postgresql://vps:9/2?hunter@127.0.0.1:9/ledger",
        "postgresql://vps:9?options=hunter/2@127.0.0.1:9/ledger",
    ],
)
def test_no_message_tells_a_secret(address: str) -> None:
    with pytest.raises(LedgerError) as told:
        PostgresStore.open(address, "demo", create=True)
    words = (
        f"{told.value} {told.value.__cause__} {told.value.__context__ if not told.value.__suppress_context__ else ''}"
    )
    assert "hunter" not in words
    assert "VPS_LEDGER" in words


def test_who_waited_sees_what_was_noted_meanwhile(server: Server, url: str) -> None:
    """Whatever isolation a database has by default."""
    database = url.partition("@/")[2].partition("?")[0]
    server.sql(database, f"ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'")
    first, other = _store(url), Ledger(_store(url))
    told: list[int] = []
    waiting = threading.Thread(target=lambda: told.append(other.record(entry()).number))
    with first._connection.transaction():
        first.append("host kvm1", "t", lambda *_: row_of(entry(), 1, "", NOW))
        waiting.start()
        while not first._ask("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            time.sleep(0.02)
    waiting.join(30)
    assert told == [2]


def test_options_of_a_url_are_kept(url: str) -> None:
    """Beside ours, which come last."""
    store = _store(f"{url}&options=-c%20statement_timeout%3D7s%20-c%20search_path%3Dpublic")
    assert store._ask("SHOW statement_timeout") == [("7s",)]
    assert store._ask("SHOW search_path") == [("vps_ledger_demo",)]


def test_the_place_is_told_without_user(url: str) -> None:
    assert _store(url).place.endswith("/" + url.partition("@/")[2].partition("?")[0])
    assert "vps@" not in _store(url).place


def test_who_has_no_rights_is_told(server: Server, url: str) -> None:
    """Whoever may only read, reads; whoever may note needs no right to change what stands there."""
    database = url.partition("@/")[2].partition("?")[0]
    reader = f"r{database}"
    _store(url).close()
    server.sql(database, f"CREATE USER {reader}", f"GRANT USAGE ON SCHEMA vps_ledger_demo TO {reader}")
    server.sql(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA vps_ledger_demo TO {reader}")
    ledger = Ledger(_store(server.url(database, reader)))
    assert ledger.events() == ()
    with pytest.raises(LedgerError, match=r"permission denied.*give you rights"):
        ledger.record(entry())
    server.sql(database, f"GRANT INSERT ON vps_ledger_demo.events TO {reader}")
    assert ledger.record(entry()).number == 1
    for statement in ("UPDATE events SET actor = 'x'", "DELETE FROM events", "DROP TRIGGER events_follow ON events"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ledger.store._connection.execute(statement)  # type: ignore[attr-defined]


def test_two_fleets_on_one_server_have_two_ledgers(url: str) -> None:
    """Both may have a host kvm1."""
    other = PostgresStore.open(url, "another", create=True)
    assert other is not None
    Ledger(_store(url)).record(entry())
    assert other.rows("", "") == []
    assert Ledger(other).record(entry()).number == 1
    with pytest.raises(LedgerError, match="no id of a fleet"):
        PostgresStore.open(url, 'x"; DROP SCHEMA public; --', create=True)


def test_a_newer_ledger_is_left_alone(server: Server, url: str) -> None:
    _store(url).close()
    server.sql(url.partition("@/")[2].partition("?")[0], "UPDATE vps_ledger_demo.format SET version = 9")
    with pytest.raises(LedgerError, match=r"newer program.*Nothing was touched"):
        PostgresStore.open(url, "demo", create=True)


def test_a_held_table_is_waited_for_and_then_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "WAIT_S", 1)
    holder, other = _store(url), Ledger(_store(url))
    with holder._connection.transaction():
        holder.append("host kvm1", "t", lambda *_: row_of(entry(), 1, "", NOW))
        assert other.events() == ()
        with pytest.raises(LedgerError, match="held it for"):
            other.record(entry())
    assert other.record(entry()).number == 2


def test_a_truncated_ledger_is_refused(url: str) -> None:
    store = _store(url)
    Ledger(store).record(entry())
    for setting in ("origin", "replica"):
        store._connection.execute(f"SET session_replication_role = {setting}")
        with pytest.raises(Exception, match="append-only"):
            store._connection.execute("TRUNCATE events")
        with pytest.raises(Exception, match="append-only"):
            store._connection.execute("DELETE FROM events")


def test_a_lost_answer_is_looked_for(server: Server, url: str) -> None:
    """The connection breaks after the row is in: it is found by its token, and noted once."""
    store = _store(url)
    plain = store._append

    def cut(*arguments: object) -> object:
        row = plain(*arguments)  # type: ignore[arg-type]
        me = store._connection.info.backend_pid
        server.sql("postgres", f"SELECT pg_terminate_backend({me})")
        with store._told():
            store._connection.execute("SELECT 1")
        return row

    store._append = cut  # type: ignore[assignment,method-assign]
    assert Ledger(store).record(entry()).number == 1
    assert len(Ledger(_store(url)).verified()) == 1


def test_a_connection_that_breaks_before_is_told(server: Server, url: str) -> None:
    store = _store(url)
    server.sql("postgres", f"SELECT pg_terminate_backend({store._connection.info.backend_pid})")
    with pytest.raises(LedgerError, match="Nothing was noted"):
        Ledger(store).record(entry())
    assert Ledger(_store(url)).record(entry()).number == 1


def test_a_server_that_crashes_keeps_what_it_acknowledged(server: Server, url: str) -> None:
    """Its processes end at once, in the midst of a writer's work; afterwards the chain is whole."""
    told: list[int] = []
    ledger = Ledger(_store(url))

    def note() -> None:
        try:
            while True:
                told.append(ledger.record(entry()).number)
        except LedgerError as error:
            told.append(-1 if "Whether it was noted is not known" in str(error) else 0)

    thread = threading.Thread(target=note)
    thread.start()
    while len(told) < 20 and thread.is_alive():
        time.sleep(0.01)
    server.stop("immediate")
    thread.join(60)
    server.start()
    found = [event.number for event in Ledger(_store(url)).verified()]
    assert told[-1] <= 0
    assert found[: len(told) - 1] == told[:-1]
    assert len(found) <= len(told)
