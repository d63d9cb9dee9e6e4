"""`vps add` writes one more VPS into a file in which nothing else changes."""

import json
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from tests.cli.writers import Writers, clean

DB = ("--package", "small", "--term", "1", "--fqdn", "db.coop.example")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    clean(monkeypatch)
    return Writers(tmp_path / "project")


def test_the_file_keeps_every_line_and_comment(made: Writers) -> None:
    before = made.file("example-coop").read_text()

    said = made.vps("add", "example-coop", "db", *DB, "--yes")

    after = made.file("example-coop").read_text()
    assert after.startswith(before)
    assert not [one for one in made.loaded().problems if one.severity == "error"]
    first, second = made.loaded().fleet.clients["example-coop"].vps.values()
    assert (second.key, second.fqdn, second.term.months) == ("db", "db.coop.example", 1)
    assert second.host != first.host, "a client's VPSs stand apart"
    assert set(second.ipv4).isdisjoint(first.ipv4)
    assert "19.00 EUR" in said
    assert "vps up client.example-coop" in said


def test_lines_below_the_vpss_stay_below_them(made: Writers) -> None:
    file = made.file("example-coop")
    quota = "# Agreed with Ada.\nquota: {vps: 3}\n"
    file.write_text(file.read_text() + quota)

    made.vps("add", "example-coop", *DB, "--yes")

    assert list(made.loaded().fleet.clients["example-coop"].vps) == ["web1", "web2"]
    assert file.read_text().count("# Agreed with Ada.") == 1
    assert file.read_text().index("web2:") < file.read_text().index("quota:")


def test_the_next_name_is_found(made: Writers) -> None:
    assert json.loads(made.vps("add", "example-coop", *DB, "--json"))["vps"] == "web2"
    assert json.loads(made.vps("add", "example-coop/db", *DB, "--json"))["vps"] == "db"
    assert list(made.loaded().fleet.clients["example-coop"].vps) == ["web1"]


def test_what_can_not_be_added_is_refused(made: Writers) -> None:
    with pytest.raises(DomainError, match=r"No client file clients/acme.yaml.*vps new acme"):
        made.run("add", "acme", *DB, "--yes")
    with pytest.raises(DomainError, match=r"example-coop/web1: it is there already.*vps package"):
        made.run("add", "example-coop/web1", *DB, "--yes")
    with pytest.raises(DomainError, match=r"(?s)--package is missing.*--term is missing.*--fqdn is missing"):
        made.run("add", "example-coop", "--yes")
    made.edit("fleet.yaml", client_quota={"vps": 1})
    with pytest.raises(DomainError, match=r"(?s)new problems.*Nothing was written"):
        made.run("add", "example-coop", *DB, "--yes")
    assert list(made.loaded().fleet.clients["example-coop"].vps) == ["web1"]


def test_a_broken_file_is_mended_first(made: Writers) -> None:
    file = made.file("example-coop")
    file.write_text(file.read_text().replace("language: en", "language: [en"))
    with pytest.raises(DomainError, match=r"can't be read as it is.*vps check"):
        made.run("add", "example-coop", *DB, "--yes")
