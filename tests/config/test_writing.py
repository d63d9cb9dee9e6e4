"""Who writes a fleet's files does it alone, and a file is whole or as it was."""

import os
import threading
from pathlib import Path

import pytest

from components.config import writing
from components.config.writing import replace, snapshot, turn
from components.domain.problems import DomainError


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with turn(tmp_path):
            order.append("second")

    with turn(tmp_path):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
        assert other.is_alive()
        order.append("first")
    other.join(30)
    assert order == ["first", "second"]


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_TURN_S", 0)
    with (
        turn(tmp_path),
        pytest.raises(DomainError, match=r"another command is writing there.*Nothing was written"),
        turn(tmp_path),
    ):
        pass
    with turn(tmp_path):
        pass


def test_a_file_that_can_not_be_put_in_place_stays_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("before\n")
    file.chmod(0o640)

    def refuse(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        replace(file, "after\n")
    assert [path.name for path in tmp_path.iterdir()] == ["file.yaml"]
    assert file.read_text() == "before\n"

    monkeypatch.undo()
    replace(file, "after\n")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("after\n", 0o640)


def test_a_snapshot_tells_every_change_of_a_declared_file(tmp_path: Path) -> None:
    for folder in ("clients", "hosts"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "clients/one.yaml"
    file.write_text("a: 1\n")
    before = snapshot(tmp_path)
    assert snapshot(tmp_path) == before
    (tmp_path / "clients/notes.txt").write_text("no matter\n")
    assert snapshot(tmp_path) == before

    replace(file, "a: 2\n")
    changed = snapshot(tmp_path)
    (tmp_path / "hosts/kvm1.yaml").write_text("")
    more = snapshot(tmp_path)
    file.unlink()
    assert len({repr(one) for one in (before, changed, more, snapshot(tmp_path))}) == 4
