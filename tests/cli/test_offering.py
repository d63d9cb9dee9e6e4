"""What is offered is judged as a new VPS before anybody is asked, and written once it is wanted."""

import datetime as dt
import json
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from tests.cli.writers import ACME, Writers, clean


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    clean(monkeypatch)
    return Writers(tmp_path / "project")


def test_an_image_for_old_vpss_only_is_refused_for_a_new_one(made: Writers) -> None:
    """Rules that look at the files alone let it pass: who has it keeps it."""
    gone = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)).isoformat()
    text = (made.fleet / "catalogue.yaml").read_text()
    offer = next(line for line in text.splitlines() if line.strip().startswith("base-debian-13:"))
    shut = offer.replace("}", f', new_installs_until: "{gone}"}}')
    (made.fleet / "catalogue.yaml").write_text(text.replace(offer, shut))
    assert not [one for one in made.loaded().problems if one.severity == "error"]

    with pytest.raises(DomainError, match=r"(?s)new problems.*clients/acme.yaml.*This VPS would be new"):
        made.run("new", "acme", *ACME, "--image", "base-debian-13", "--yes")
    assert not made.file("acme").exists()


def test_problems_of_others_hinder_nobody(made: Writers) -> None:
    text = made.file("example-coop").read_text()
    made.file("example-coop").write_text(text.replace("package: small@2026-01", "package: huge@2026-01"))

    found = json.loads(made.vps("new", "acme", *ACME, "--json", "--yes"))

    assert found["written"]
    assert made.file("acme").exists()


def test_warnings_are_told_and_hinder_nobody(made: Writers) -> None:
    (made.fleet / "hosts/lab2.yaml").unlink()
    said = made.vps("new", "acme", *ACME, "--yes")
    assert "no other host could take it if lab1 failed" in said
    assert made.file("acme").exists()
