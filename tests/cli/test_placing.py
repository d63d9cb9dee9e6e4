"""A refusal names every host with why, in a short table; what is found tells why it is there."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from components.cli import placing
from components.config.loader import load
from components.domain.operations import NOTHING_KNOWN
from components.domain.problems import DomainError
from components.domain.sales import Sale
from components.domain.wishes import Placed, Refusal, Wish
from tests.cli.writers import ACME, Checkout, Writers, clean

WISH = Wish(client="acme", client_id="c-acme", name="web1", sale=Sale(package="small@2026-01"))
TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    clean(monkeypatch)
    return Writers(tmp_path / "project")


def test_hosts_stand_in_a_table_and_many_are_counted() -> None:
    few = [Refusal(host="kvm1", code="no-room", why="full"), Refusal(host="kvm10", code="lost", why="lost")]
    assert placing.refusals(few) == ["  kvm1   full", "  kvm10  lost"]
    many = placing.refusals(Refusal(host=f"kvm{number}", code="no-room", why="full") for number in range(20))
    assert len(many) == placing.SHOWN + 1
    assert many[-1] == "  and 8 more hosts"


def test_a_terminal_breaks_no_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = Placed(wish=WISH, host="kvm1", network="public1", ipv4=(), ipv6=(), why="as " + "it is so " * 20)
    monkeypatch.setattr("components.cli.terminal.width", lambda: 80)
    placing.tell(found)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("host      kvm1: as it is so")
    assert lines[1].startswith("          ")
    monkeypatch.setattr("components.cli.terminal.width", lambda: None)
    placing.tell(found)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_place_is_found_or_every_host_says_why_not(made: Writers) -> None:
    loaded = made.loaded()
    assert placing.placed(loaded, WISH, NOTHING_KNOWN, TODAY, "Unable").ipv4 == ("192.0.2.11",)
    for number in (1, 2):
        made.edit(f"hosts/lab{number}.yaml", keeps_free={"memory": "15 GiB", "disk": "20 GiB"})
    with pytest.raises(DomainError) as told:
        placing.placed(made.loaded(), WISH, NOTHING_KNOWN, TODAY, "Unable to make it")
    lines = str(told.value).splitlines()
    assert lines[0] == "Unable to make it: no host can take it."
    assert [line.split()[0] for line in lines[1:3]] == ["lab1", "lab2"]
    assert "vps move" in lines[3]


def test_a_package_that_is_not_sold_is_no_matter_of_hosts(made: Writers) -> None:
    with pytest.raises(DomainError, match=r"Unable: .*not in the catalogue.*Nothing was written"):
        placing.placed(made.loaded(), replace(WISH, sale=Sale(package="none@1")), NOTHING_KNOWN, TODAY, "Unable")


def test_what_is_told_is_told_to_machines_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    found = Placed(
        wish=WISH,
        host="kvm1",
        network="public1",
        ipv4=("192.0.2.11",),
        ipv6=(),
        why="kvm1 alone takes it",
        refused=(Refusal(host="kvm2", code="lost", why="it is lost"),),
        notes=("a word",),
    )
    placing.tell(found)
    said = capsys.readouterr().out
    for word in ("kvm1 alone takes it", "public1: 192.0.2.11", "a word", "  kvm2  it is lost"):
        assert word in said
    assert placing.report(found)["refused"] == [{"host": "kvm2", "code": "lost", "why": "it is lost"}]


def test_addresses_of_a_file_that_can_not_be_read_are_nobodys(made: Writers) -> None:
    assert placing.known(made.loaded(), TODAY).quarantine == {}
    file = made.file("example-coop")
    file.write_text(file.read_text().replace("language: en", "language: [en"))
    found = placing.known(load(made.fleet), TODAY).quarantine
    assert {"192.0.2.10", "2001:db8:1::10"} <= set(found)


def test_an_address_whose_lines_are_gone_is_kept_from_others_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client's disk is in the trash still, and may come back with its addresses."""
    clean(monkeypatch)
    made = Checkout(tmp_path / "project")
    before = made.file("example-coop").read_text()
    made.vps("add", "example-coop", "db", "--package", "small", "--term", "1", "--fqdn", "db.coop.example", "--yes")
    assert made.loaded().fleet.clients["example-coop"].vps["db"].ipv4 == ("192.0.2.11",)
    made.commit("Add db")
    made.file("example-coop").write_text(before)
    made.commit("db is gone")

    found = json.loads(made.vps("new", "acme", *ACME, "--json"))

    assert found["placement"]["ipv4"] == ["192.0.2.12"]
