"""The example's fleet with a ledger of its own, for commands that note what happened."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from components.cli.main import app
from components.lab.example import make_fake_project
from components.ledger.events import Event
from components.ledger.opened import existing_ledger


class NotedWorld:
    """A project and the commands in it; `lab1` is its only host, `example-coop/web1` lives there."""

    def __init__(self, folder: Path) -> None:
        self.project = make_fake_project(folder)
        self.fleet = self.project.fleet
        self.began = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def ago(self, **units: float) -> str:
        """An instant for --at, from one and the same now: differences are exact."""
        return (self.began - dt.timedelta(**units)).isoformat()

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command printed; its errors are raised."""
        done: Result = CliRunner().invoke(app, [*arguments, "--fleet", str(self.fleet)])  # type: ignore[assignment]
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return str(done.output)

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))

    def events(self) -> tuple[Event, ...]:
        with existing_ledger(self.fleet, {}) as ledger:
            return () if ledger is None else ledger.verified()

    def host_file(self) -> str:
        return (self.fleet / "hosts" / "lab1.yaml").read_text()

    def fleet_file(self) -> str:
        return (self.fleet / "fleet.yaml").read_text()


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NotedWorld:
    monkeypatch.delenv("VPS_LEDGER", raising=False)
    monkeypatch.setenv("VPS_ACTOR", "olena")
    return NotedWorld(tmp_path)
