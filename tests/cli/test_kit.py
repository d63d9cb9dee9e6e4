"""`vps kit`: one client's documents, or everybody's."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from components.cli.main import app
from components.domain.problems import DomainError
from components.lab.example import make_fake_project
from tests.cli.test_main import VPS


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path / "project").fleet


def _kit(fleet: Path, out: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["kit", *words, "--fleet", str(fleet), "--out", str(out)])


def _second(fleet: Path, text: str = "") -> None:
    """Another client; with `text`, a broken one."""
    first = (fleet / "clients" / "example-coop.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("c-q7m2", "c-zzzz"),
        ("v-h3k9", "v-zzzz"),
        ("192.0.2.10", "192.0.2.20"),
        ("2001:db8:1::10", "2001:db8:1::20"),
        ("web1.coop.example", "web1.other.example"),
        ("language: en", "language: uk"),
    ):
        first = first.replace(old, new)
    (fleet / "clients" / "other.yaml").write_text(text or first, encoding="utf-8")


def test_a_kit_is_written_and_what_is_missing_is_said(fleet: Path, tmp_path: Path) -> None:
    """Missing elements are no failure of the command."""
    before = {file: file.read_bytes() for file in fleet.rglob("*") if file.is_file()}
    done = _kit(fleet, tmp_path / "kits", "example-coop", "--date", "2026-12-01")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "kits/example-coop/index.html").is_file()
    assert "As declared on 2026-12-01" in (tmp_path / "kits/example-coop/index.md").read_text(encoding="utf-8")
    for element in ("ACC-1", "ACC-2", "ACC-3", "ACC-4", "KIT-1", "KIT-4"):
        assert f"  {element} " in done.output
    assert {file: file.read_bytes() for file in fleet.rglob("*") if file.is_file()} == before


def test_for_machines_everything_is_named(fleet: Path, tmp_path: Path) -> None:
    done = _kit(fleet, tmp_path, "example-coop", "--json", "--date", "2026-12-01")
    (kit,) = json.loads(done.output)["kits"]
    assert (kit["client"], kit["date"], kit["language"], kit["complete"]) == ("example-coop", "2026-12-01", "en", False)
    assert kit["made"] == kit["files"]
    assert {"element", "what", "do"} == kit["missing"][0].keys()
    assert set(kit["files"]) <= {str(file.relative_to(kit["folder"])) for file in Path(kit["folder"]).rglob("*")}


def test_a_kit_that_says_the_same_keeps_its_day(fleet: Path, tmp_path: Path) -> None:
    """Made every night, it changes when the declaration does."""
    _kit(fleet, tmp_path, "example-coop", "--date", "2001-01-01")
    again = json.loads(_kit(fleet, tmp_path, "example-coop", "--json").output)["kits"][0]
    assert (again["date"], again["made"], again["replaced"]) == ("2001-01-01", [], [])
    file = fleet / "clients" / "example-coop.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("Example Cooperative", "New Name"), encoding="utf-8")
    changed = json.loads(_kit(fleet, tmp_path, "example-coop", "--json").output)["kits"][0]
    assert changed["date"] > "2001-01-01"
    assert "index.md" in changed["replaced"]


def test_everybodys_kits_and_a_broken_client_is_named(fleet: Path, tmp_path: Path) -> None:
    """It stops nobody else's."""
    _second(fleet)
    done = _kit(fleet, tmp_path, "--all", "--date", "2026-12-01")
    assert done.exit_code == 0, done.output
    assert "kits of 2 clients, 2 changed" in done.output
    assert (tmp_path / "other" / "index.html").is_file()
    _second(fleet, "id: [broken\n")
    done = _kit(fleet, tmp_path / "more", "--all", "--json", "--date", "2026-12-01")
    assert done.exit_code == 1
    said = json.loads(done.output)
    assert [one["client"] for one in said["kits"]] == ["example-coop"]
    assert "clients/other.yaml" in said["refused"]["other"]
    assert not (tmp_path / "more" / "other").exists()


def test_a_language_without_templates_is_said(fleet: Path, tmp_path: Path) -> None:
    _second(fleet)
    done = _kit(fleet, tmp_path, "other")
    assert "Asked for in the language uk, written in English: index, getting-started" in done.output


def test_an_address_that_is_assigned_twice_refuses_the_kit(fleet: Path, tmp_path: Path) -> None:
    """Nothing is written (contract KIT-3)."""
    _second(fleet)
    file = fleet / "clients" / "other.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("192.0.2.20", "192.0.2.10"), encoding="utf-8")
    done = _kit(fleet, tmp_path / "kits", "example-coop")
    assert done.exit_code == 1
    assert "192.0.2.10 also belongs to other/web1" in str(done.exception)
    assert not (tmp_path / "kits" / "example-coop").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name one client, or give --all"),
        (("example-coop", "--all"), "Name one client, or give --all"),
        (("nobody",), r"No client file clients/nobody\.yaml\. Known: example-coop"),
        (("example-coop", "--date", "today"), '"today" is no date'),
    ],
)
def test_misuse_is_one_message(fleet: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        raise _kit(fleet, tmp_path / "kits", *words).exception or AssertionError("it passed")
    assert not (tmp_path / "kits").exists()


def test_a_person_is_told_of_files_that_are_not_ours(fleet: Path, tmp_path: Path) -> None:
    """By the whole command: one message, exit 1, no traceback."""
    (tmp_path / "kits" / "example-coop").mkdir(parents=True)
    (tmp_path / "kits" / "example-coop" / "index.md").write_text("mine")
    done = subprocess.run(
        [VPS, "kit", "example-coop"],
        cwd=tmp_path,
        env={**os.environ, "VPS_FLEET": str(fleet)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "index.md was not made by this command, or edited since" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "kits" / "example-coop" / "index.md").read_text() == "mine"
