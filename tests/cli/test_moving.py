"""A host that may not take a VPS says why before anything is written, and names those that have room."""

import datetime as dt
from pathlib import Path

import pytest

from components.cli.moving import need_taker, room, stays
from components.domain.operations import NOTHING_KNOWN
from components.domain.problems import DomainError
from tests.cli.writers import Writers, clean

TODAY = dt.date(2026, 11, 22)
FULL = {"memory": "15 GiB", "disk": "20 GiB"}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    clean(monkeypatch)
    return Writers(tmp_path / "project", hosts=3)


def away(made: Writers, monkeypatch: pytest.MonkeyPatch, ledger: str) -> None:
    """A ledger that can't be read."""
    if ledger == "away":
        monkeypatch.setenv("VPS_LEDGER", "postgresql://nobody@127.0.0.1:1/fleet")
        return
    made.vps("host", "set", "lab3", "maintenance", "--reason", "new fans")
    (made.project.work / "ledger.sqlite3").write_bytes(b"no ledger any more" * 500)


def judge(made: Writers, host: str) -> None:
    loaded = made.loaded()
    client = loaded.fleet.clients["example-coop"]
    need_taker(loaded, client, client.vps["web1"], host, f"Unable to move it to {host}")


def test_a_host_with_room_takes_it(made: Writers) -> None:
    judge(made, "lab2")


def test_a_full_one_is_refused_and_others_named(made: Writers) -> None:
    made.edit("hosts/lab2.yaml", keeps_free=FULL)
    with pytest.raises(DomainError, match=r"no room there\.\n  lab2  memory: (.|\n)*Hosts that have: lab3\."):
        judge(made, "lab2")
    made.edit("hosts/lab3.yaml", keeps_free=FULL)
    with pytest.raises(DomainError, match=r"No host of its network has room"):
        judge(made, "lab2")


def test_one_that_is_not_active_is_refused(made: Writers) -> None:
    made.vps("host", "set", "lab2", "maintenance", "--reason", "new fans")
    with pytest.raises(DomainError, match=r"Unable to move it to lab2: lab2 is .*maintenance"):
        judge(made, "lab2")
    judge(made, "lab3")


@pytest.mark.parametrize("ledger", ["away", "damaged"])
def test_moving_away_waits_for_no_ledger(
    made: Writers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ledger: str
) -> None:
    """Its server may stand on the very host that fails. What the files say still holds."""
    away(made, monkeypatch, ledger)
    judge(made, "lab2")
    assert "warning: states of hosts are not known; this goes on without them." in capsys.readouterr().err
    made.edit("hosts/lab2.yaml", keeps_free=FULL)
    with pytest.raises(DomainError, match="no room there"):
        judge(made, "lab2")


def test_a_vps_that_stays_where_it_is_takes_no_second_place(made: Writers) -> None:
    """Judged is what it would have, not that beside what it has."""
    loaded = made.loaded()
    client = loaded.fleet.clients["example-coop"]
    vps = client.vps["web1"]
    made.edit("hosts/lab1.yaml", keeps_free={"memory": "13 GiB", "disk": "20 GiB"})
    assert room(made.loaded(), client, vps, vps.sale(TODAY), "lab1", NOTHING_KNOWN, TODAY) == ((), [])
    made.edit("hosts/lab1.yaml", keeps_free={"memory": "14 GiB", "disk": "20 GiB"})
    refused, able = room(made.loaded(), client, vps, vps.sale(TODAY), "lab1", NOTHING_KNOWN, TODAY)
    assert [one.host for one in refused] == ["lab1"]
    assert able == ["lab2", "lab3"]


def test_what_stays_is_told(made: Writers) -> None:
    vps = made.loaded().fleet.clients["example-coop"].vps["web1"]
    assert stays(vps) == "stays: small@2026-01 and its price, 192.0.2.10, 2001:db8:1::10, its backups"


def test_a_ledger_that_can_not_be_read_keeps_nobody_from_moving(
    made: Writers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "ledger"
    broken.write_text("no database\n")
    monkeypatch.setenv("VPS_LEDGER", str(broken))
    judge(made, "lab2")
    assert "states of hosts are not known" in capsys.readouterr().err
