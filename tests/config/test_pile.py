from pathlib import Path

import pytest

from components.config.client_file import ClientFile
from components.config.fleet_file import FleetFile
from components.config.pile import MOST_PER_FILE, Pile, located
from components.domain.problems import Problem


def codes(pile: Pile) -> list[str]:
    return [problem.code for problem in pile.problems]


def test_a_missing_file_leaves_all_its_keys_unread(tmp_path: Path) -> None:
    pile = Pile(tmp_path)
    assert pile.read("fleet.yaml", FleetFile) == (None, False)
    assert codes(pile) == ["file-unreadable"]
    assert ("networks",) in pile.unread


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff", "file-unreadable"),
        (b"id: [\n", "no-yaml"),
        (b"id: 2026-01-01\n", "no-yaml"),
        (b"id: c-q7m2\nextra: 1\n", "shape"),
    ],
    ids=["no text", "no yaml", "ambiguous", "another shape"],
)
def test_what_is_wrong_with_a_file_alone_has_its_code(tmp_path: Path, content: bytes, code: str) -> None:
    pile = Pile(tmp_path, {"clients/a.yaml": content})
    _, whole = pile.read("clients/a.yaml", ClientFile)
    assert not whole
    assert code in codes(pile)
    assert pile.problems[0].scope == "client a"


def test_what_is_held_wholly_is_all_there_is(folder: Path) -> None:
    pile = Pile(folder, {"hosts/kvm9.yaml": b""}, wholly=True)
    assert not pile.has("fleet.yaml")
    assert list(pile.names("hosts")) == ["kvm9"]
    assert list(pile.names("clients")) == []
    assert codes(pile) == ["folder-unreadable"]
    beside = Pile(folder, {"hosts/kvm9.yaml": b""})
    assert beside.has("fleet.yaml")
    assert {"kvm9"} < set(beside.names("hosts"))


def test_a_file_of_another_ending_is_named(folder: Path) -> None:
    (folder / "clients" / "more.yml").write_text("")
    (folder / "clients" / ".more.yaml.swp").write_text("")
    pile = Pile(folder)
    assert list(pile.names("clients")) == ["example-coop"]
    assert codes(pile) == ["file-ignored"]


def test_problems_of_rules_get_file_and_line_and_are_not_endless(folder: Path) -> None:
    pile = Pile(folder)
    pile.read("fleet.yaml", FleetFile)
    many = [Problem(code="x", path=("currency",), message="…", remedy="") for _ in range(MOST_PER_FILE + 5)]
    found = list(located(many, pile.documents))
    assert len(found) == MOST_PER_FILE
    assert found[0].file == "fleet.yaml"
    assert "currency" in (folder / "fleet.yaml").read_text().splitlines()[found[0].line - 1]
