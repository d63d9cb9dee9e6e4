"""`vps hosts`: every host of the files and the ledger in a line, and no host is asked."""

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli.main import app
from components.lab.example import make_fake_project
from components.ledger.equipment import HOST_STATE, subject
from components.ledger.events import Entry
from components.ledger.opened import VARIABLE, open_ledger


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The example on a fake host that is nowhere, beside a second one."""
    found = make_fake_project(tmp_path / "project").fleet
    host = found / "hosts" / "lab1.yaml"
    text = host.read_text().replace("/world", "/no/such/world")
    host.write_text(text)
    (found / "hosts" / "lab2.yaml").write_text(text.replace("uri: fake://", "uri: fake://other").replace("-0001", "-2"))
    return found


def _run(fleet: Path, *words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["hosts", *words, "--fleet", str(fleet)], env={VARIABLE: "", **environment})


def test_files_alone_tell_what_is_sold_and_free(fleet: Path) -> None:
    done = _run(fleet)
    assert done.exit_code == 0, done.output
    _, head, first, second, total, words = done.output.splitlines()
    assert head.split()[:6] == ["host", "state", "vps", "sold", "free", "1"]
    assert first.split()[:6] == ["lab1", "active", "1", "35", "%", "3"]
    assert second.split()[:6] == ["lab2", "active", "0", "0", "%", "6"]
    assert total.split()[:4] == ["in", "all", "1", "18"]
    assert words == "all 2 hosts take VPSs"


def test_a_line_fits_a_usual_terminal(fleet: Path) -> None:
    assert max(map(len, _run(fleet).output.splitlines())) <= 120


def test_a_narrow_terminal_is_told_what_it_lacks(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.cli.terminal.width", lambda: 80)
    lines = _run(fleet).output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "left out, for the terminal is narrow: at"


def test_states_come_from_the_ledger(fleet: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "ledger")
    with open_ledger(fleet, {VARIABLE: place}) as ledger:
        now = dt.datetime.now(dt.UTC)
        data = {"state": "draining", "was": "active"}
        ledger.record(Entry(at=now, kind=HOST_STATE, subject=subject("lab2"), actor="olena", reason="old", data=data))
    told = json.loads(_run(fleet, "--json", **{VARIABLE: place}).output)
    assert [(row["host"], row["state"], row["takes_vps"]) for row in told["hosts"]] == [
        ("lab1", "active", True),
        ("lab2", "draining", False),
    ]
    assert told["summary"]["taking"] == 1
    assert told["unread"] == []


def test_what_can_not_be_read_is_named(fleet: Path) -> None:
    (fleet / "clients" / "broken.yaml").write_text("{")
    (fleet / "hosts" / "broken.yaml").write_text("{")
    done = _run(fleet)
    assert done.exit_code == 1
    assert "lab1" in done.output
    assert "could not tell: clients/broken.yaml" in done.output
    assert "could not tell: hosts/broken.yaml" in done.output


def test_a_catalogue_that_can_not_be_read_hides_no_vps(fleet: Path) -> None:
    (fleet / "catalogue.yaml").write_text("packages: [")
    done = _run(fleet)
    assert done.exit_code == 1
    assert done.output.splitlines()[2].split()[:3] == ["lab1", "active", "1"]
    assert "1 of a package nobody knows" in done.output
    assert "could not tell: catalogue.yaml can't be read as it is: vps check" in done.output
