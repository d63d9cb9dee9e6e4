"""Bundles on this machine: there when whole, one maker at a time."""

import os
import subprocess
import sys
import time

import pytest

from components.bundles import cache
from components.bundles.errors import BundleError

SHA = "ab" * 32


def put(inputs, name="small", sha256=SHA, data=b"x"):
    with cache.workplace(lambda _: None) as scratch:
        (scratch / "draft").write_bytes(data)
        return cache.store(scratch / "draft", name, sha256, {"inputs": inputs})


def test_the_newest_of_the_same_inputs_is_found():
    assert cache.find("i") is None
    older = put("i")
    newer = put("i", sha256="cd" * 32)
    put("other", sha256="ef" * 32)
    os.utime(older.file.with_suffix(".json"), (1, 1))
    found = cache.find("i")
    assert found is not None
    assert (found.file, found.sha256) == (newer.file, newer.sha256)
    assert len(cache.entries()) == 3


def test_what_is_not_whole_is_not_there(own_cache):
    made = put("i")
    made.file.with_suffix(".json").write_text("{")
    assert cache.find("i") is None
    put("j").file.unlink()
    assert cache.find("j") is None


def test_a_folder_that_cannot_be_used_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(BundleError, match="Unable to use the cache of bundles"), cache.workplace(lambda _: None):
        pass


def test_scratch_is_removed_and_what_a_killed_maker_left(own_cache):
    (own_cache / ".new-left").mkdir(parents=True)
    with cache.workplace(lambda _: None) as scratch:
        (scratch / "half").write_text("x")
    assert [path.name for path in own_cache.iterdir() if path.name.startswith(".new")] == []


def test_makers_wait_for_each_other_and_say_so(own_cache, tmp_path):
    mark = tmp_path / "held"
    script = (
        "import sys,time\nfrom pathlib import Path\nfrom components.bundles import cache\n"
        f"with cache.workplace(print):\n    Path({str(mark)!r}).touch()\n    sys.stdin.readline()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    while not mark.exists():
        assert other.poll() is None
        time.sleep(0.05)
    said = []

    def told(line):
        said.append(line)
        other.stdin.write(b"\n")
        other.stdin.close()

    with cache.workplace(told):
        assert said == ["waiting for another bundle to be made …"]
    assert other.wait(timeout=60) == 0
