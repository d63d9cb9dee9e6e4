"""Ledgers of every kind, each new and empty: a file, and a real PostgreSQL server of Debian's package."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from components.ledger.store import Store

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
NOBODY = 65534
"""The server refuses to run as root."""


class Server:
    """A server on a socket in its own folder, which no other test's has."""

    def __init__(self) -> None:
        assert PROGRAMS, "PostgreSQL's server is not there: see .ci/toolchain/packages.txt"
        # Short: a socket's path has 107 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        self.user = NOBODY if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, NOBODY, NOBODY)
        self._do("initdb", "-D", "data", "-U", "vps", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder}"
        self._do("pg_ctl", "-D", "data", "-w", "-t", "60", "-l", "log", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        self._do("pg_ctl", "-D", "data", "-w", "-m", how, "stop")

    def url(self, database: str, user: str = "vps") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def database(self) -> str:
        """A new, empty one."""
        name = f"t{secrets.token_hex(6)}"
        self.sql("postgres", f"CREATE DATABASE {name}")
        return name

    def sql(self, database: str, *statements: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _do(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [PROGRAMS[-1] / program, *arguments],
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C"},
            # The server keeps what it inherits open: a pipe would never end.
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "words").open("w"),
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (self.folder / "words").read_text() + self._log()

    def _log(self) -> str:
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One for all tests of a worker."""
    made = Server()
    try:
        yield made
    finally:
        made.stop("immediate")
        shutil.rmtree(made.folder)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.lab)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What VPS_LEDGER says: a file, or a database of the server."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.sqlite3")
    server = request.getfixturevalue("server")
    return str(server.url(server.database()))


@pytest.fixture
def opened(address: str) -> Iterator[Callable[[], Store]]:
    """Opens the ledger once more, as another process would."""
    from components.ledger.postgres import PostgresStore
    from components.ledger.sqlite import SqliteStore

    stores: list[Store] = []

    def open_() -> Store:
        store = (
            PostgresStore.open(address, "demo", create=True)
            if "://" in address
            else SqliteStore(Path(address), create=True)
        )
        assert store is not None
        stores.append(store)
        return store

    yield open_
    for store in stores:
        store.close()
