"""`vps ledger`: what happened, and whether it is still as it was written."""

import json
import sqlite3

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.ledger.events import Entry, LedgerError
from components.ledger.opened import open_ledger
from tests.cli.noted_world import NotedWorld, noted  # noqa: F401 - a fixture


@pytest.fixture
def told(noted: NotedWorld) -> NotedWorld:  # noqa: F811
    noted.run("host", "set", "lab1", "draining", "--reason", "kernel\x1b[2J", "--at", noted.ago(hours=5))
    noted.run("fault", "open", "lab1", "cpu", "--reason", "heat")
    noted.run("host", "set", "lab1", "active", "--reason", "done")
    return noted


def _numbers(world: NotedWorld, *arguments: str) -> list[int]:
    return [event["number"] for event in world.json("ledger", *arguments)["events"]]


def test_it_is_a_list_that_steers_no_terminal(told: NotedWorld) -> None:
    lines = told.run("ledger").splitlines()
    assert [line.split()[0] for line in lines] == ["no.", "1", "2", "3"]
    assert "host.state draining" in lines[1]
    assert "kernel?[2J (noted 5 h" in lines[1]
    assert "olena" in lines[3]


def test_it_fits_the_terminal(told: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.cli.terminal.width", lambda: 80)
    said = told.run("ledger")
    assert max(map(len, said.splitlines())) <= 80
    assert "(noted 5 h" in said


def test_nor_does_what_another_program_noted(told: NotedWorld) -> None:
    with open_ledger(told.fleet, {}) as ledger:
        data = {"fault": "f-1", "new": "\x1b[2J"}
        ledger.record(Entry(at=told.began, kind="k", subject="host \x1b]0;x", actor="ma\x07rco", data=data))
    line = told.run("ledger", "--last", "1").splitlines()[1]
    assert line.isprintable()
    assert "ma?rco" in line


def test_it_can_be_narrowed(told: NotedWorld) -> None:
    fault = told.json("ledger", "--kind", "fault.")["events"][0]["data"]["fault"]
    assert (
        _numbers(told) == _numbers(told, "--subject", "lab1") == _numbers(told, "--subject", "host lab1") == [1, 2, 3]
    )
    assert _numbers(told, "--kind", "host.state") == [1, 3]
    assert _numbers(told, "--subject", fault) == _numbers(told, "--subject", "C2-0001") == [2]
    assert _numbers(told, "--last", "1") == [3]
    assert "Nothing of that kind" in told.run("ledger", "--subject", "kvm9")


def test_without_a_ledger(noted: NotedWorld) -> None:  # noqa: F811
    assert noted.run("ledger") == "There is no ledger yet.\n"
    assert noted.json("ledger") == {"ledger": None, "broken": None, "events": []}


def test_a_row_changed_behind_its_back(told: NotedWorld) -> None:
    with sqlite3.connect(told.project.work / "ledger.sqlite3") as connection:
        connection.execute("DROP TRIGGER events_never_change")
        connection.execute("UPDATE events SET actor = 'marco' WHERE number = 2")
    connection.close()
    with pytest.raises(LedgerError, match="Event 2 of the ledger is not as it was written"):
        told.run("ledger")
    done = CliRunner().invoke(app, ["ledger", "--json", "--fleet", str(told.fleet)])
    shown = json.loads(done.stdout)
    assert [event["actor"] for event in shown["events"]] == ["olena", "marco", "olena"]
    assert "Event 2" in shown["broken"]
    assert done.exit_code == 1
