"""One maker at a time in a folder of the cache, and the next one says that it waits."""

import fcntl
from pathlib import Path

import pytest

from components.bundles import turn


class LateError(Exception):
    pass


def test_folders_follow_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert turn.folder("images") == tmp_path / "aegir-vps" / "images"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert turn.folder("images") == Path.home() / ".cache" / "aegir-vps" / "images"


def test_who_waits_says_so_once_and_goes_on(tmp_path, monkeypatch):
    said, looks = [], []
    with (tmp_path / ".lock").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def let_go(seconds):
            looks.append(seconds)
            if len(looks) == 3:
                fcntl.flock(other, fcntl.LOCK_UN)

        monkeypatch.setattr(turn.time, "sleep", let_go)
        with (
            turn.turn(tmp_path, "waiting …", LateError("late"), said.append),
            (tmp_path / ".lock").open() as third,
            pytest.raises(BlockingIOError),
        ):
            fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert (said, len(looks)) == (["waiting …"], 3)


def test_nobody_waits_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(turn, "WAIT_S", -1)
    with (tmp_path / ".lock").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LateError), turn.turn(tmp_path, "waiting …", LateError("late"), lambda _: None):
            pass
