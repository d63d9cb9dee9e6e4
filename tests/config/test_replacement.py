"""A replacement in the files: exactly its lines, comments kept, and twice is once."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.config import replacement
from components.config.loader import load
from components.config.replacement import Edit, Replacement
from components.domain.problems import DomainError
from components.lab.example import make_fake_project

DISK = Replacement(
    host="lab1",
    old="D960-0001",
    new="D960-0002",
    model="Demo D960",
    installed="2026-11-23",
    warranty="2030-01-01",
    spare="lab-disk",
    counted=(2, 1),
)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path).fleet


def _lines(fleet: Path) -> list[str]:
    return [line for name in ("hosts/lab1.yaml", "fleet.yaml") for line in (fleet / name).read_text().splitlines()]


def test_two_lines_and_no_other(fleet: Path) -> None:
    before = _lines(fleet)
    edit = Edit(fleet, DISK)
    assert edit.found
    assert _lines(fleet) == before
    edit.write()
    changed = [new for old, new in zip(before, _lines(fleet), strict=True) if old != new]
    dates = 'installed: "2026-11-23", warranty: "2030-01-01"'
    assert changed == [
        f"- {{kind: hard_drive, model: Demo D960, serial: D960-0002, {dates}, spare: lab-disk}}",
        "  lab-disk: {kind: hard_drive, model: Demo D960, count: 1, place: dc1 shelf 3}",
    ]
    assert edit.problems() == ()


def test_twice_is_once(fleet: Path) -> None:
    """After a cut the same edit is made again: what is there stays, the spare is counted down once."""
    Edit(fleet, DISK).write()
    again = Edit(fleet, DISK)
    assert (again.found, again.diff) == (False, "")


def test_a_cut_between_both_files_is_made_whole(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's file comes last, so that it tells whether there is something left to do."""
    done: list[Path] = []

    def cut(file: Path, text: str) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(file)
        file.write_text(text)

    with monkeypatch.context() as patch:
        patch.setattr(replacement, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            Edit(fleet, DISK).write()
    assert done == [fleet / "fleet.yaml"]
    rest = Edit(fleet, DISK)
    assert rest.found
    assert "fleet.yaml" not in rest.diff
    rest.write()
    assert "serial: D960-0002" in (fleet / "hosts/lab1.yaml").read_text()
    assert "Demo D960, count: 1" in (fleet / "fleet.yaml").read_text()


def test_a_count_that_somebody_mended_stays(fleet: Path) -> None:
    """It is the stock on the shelf, and they looked."""
    file = fleet / "fleet.yaml"
    file.write_text(file.read_text().replace("Demo D960, count: 2", "Demo D960, count: 7"))
    assert "fleet.yaml" not in Edit(fleet, DISK).diff


@pytest.mark.parametrize("serial", ["12345", "0x17", "null", "1e5", "no: x", "off", "D960 0002"])
def test_any_serial_stays_text(fleet: Path, serial: str) -> None:
    """Quotes where YAML would read something else."""
    odd = Replacement(**{name: getattr(DISK, name) for name in DISK.__slots__} | {"new": serial})
    edit = Edit(fleet, odd)
    assert edit.problems() == ()
    edit.write()
    assert Edit(fleet, odd).found is False


def test_the_last_spare_is_told_and_written(fleet: Path) -> None:
    """What happened is written down, whatever it means for the fleet."""
    file = fleet / "fleet.yaml"
    file.write_text(file.read_text().replace("Demo D960, count: 2", "Demo D960, count: 1"))
    edit = Edit(fleet, Replacement(**{name: getattr(DISK, name) for name in DISK.__slots__} | {"counted": (1, 0)}))
    edit.write()
    assert "Demo D960, count: 0" in file.read_text()
    assert any("lab-disk" in str(problem) for problem in edit.problems())


@pytest.mark.parametrize("name", ["fleet.yaml", "hosts/lab1.yaml"])
def test_a_file_that_changed_meanwhile_is_left(fleet: Path, name: str) -> None:
    """Nor is anything noted: what the ledger has is what was written."""
    edit = Edit(fleet, DISK)
    file = fleet / name
    file.write_text(file.read_text() + "# mine\n")
    before = _lines(fleet)
    with pytest.raises(DomainError, match=r"changed it meanwhile.*Nothing was noted"):
        edit.write(lambda: pytest.fail("it was noted"))
    assert _lines(fleet) == before


def test_what_is_noted_is_noted_before_it_is_written(fleet: Path) -> None:
    """A ledger that refuses leaves the files."""
    edit, before = Edit(fleet, DISK), _lines(fleet)
    with pytest.raises(ZeroDivisionError):
        edit.write(lambda: 1 // 0)
    assert _lines(fleet) == before


@pytest.mark.parametrize("model", ["NO", "true", "12:34:56", "2026-11-23", "~", "a: b", "{x}", "# none", "D960"])
def test_any_model_stays_text(fleet: Path, model: str) -> None:
    """A slip of the keyboard makes no host unreadable."""
    edit = Edit(fleet, replace(DISK, model=model))
    assert [problem.code for problem in edit.problems()] == ["spare-other-model"]
    edit.write()
    (part,) = [one for one in load(fleet).fleet.hosts["lab1"].inventory if one.serial == DISK.new]
    assert part.model == model


def test_what_would_make_the_host_unreadable_is_refused(fleet: Path) -> None:
    with pytest.raises(DomainError, match=r"could not be read any more(.|\n)*Nothing was noted"):
        Edit(fleet, replace(DISK, installed="yesterday")).problems()


def test_an_event_holds_enough() -> None:
    """What the ledger has is what the files get."""
    assert Replacement.told("lab1", DISK.data()) == DISK
    without = Replacement(**{name: getattr(DISK, name) for name in DISK.__slots__} | {"counted": None})
    assert Replacement.told("lab1", without.data()) == without
    with pytest.raises(KeyError):
        Replacement.told("lab1", {"old": "x"})
