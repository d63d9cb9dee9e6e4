"""The host kit in a lab: installed with it, at work while it is up, gone with it."""

import secrets
import time
from collections.abc import Iterator

import pytest

from components.hostkit import PROGRAM
from components.lab import hostkit, processes
from components.lab.cgroup import subtree
from components.lab.host import Lab
from components.lab.places import Places

pytestmark = pytest.mark.lab


@pytest.fixture
def fresh() -> Iterator[Lab]:
    lab = Lab(f"t{secrets.token_hex(3)}")
    yield lab
    lab.down(data=True, grace_s=0)


def _wait(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_at_work_while_the_lab_is_up(fresh: Lab) -> None:
    """Once, whatever is run again; each minute's tick is stamped at once."""
    fresh.up()
    kept = hostkit.folder(fresh.places)
    _wait((kept / "alive").exists)
    pid = (fresh.places.run / "hostkit.pid").read_text()
    fresh.up()
    assert (fresh.places.run / "hostkit.pid").read_text() == pid
    assert processes.started(int(pid))
    fresh.crash()
    assert not processes.started(int(pid))
    assert not fresh.places.run.exists()
    assert not any(root.exists() for root in subtree(fresh.name).roots)
    assert kept.exists(), "what it remembers stays over a boot"


def test_settings_stay(tmp_path, monkeypatch) -> None:
    """An operator's hand in them outlives every `up`; the program itself is brought up to date."""
    monkeypatch.setattr("components.lab.places.DATA", tmp_path)
    places = Places("one")
    hostkit.install(places)
    kept = hostkit.folder(places)
    assert "hold_minutes=0\n" in (kept / "settings").read_text()
    (kept / "settings").write_text("hold_minutes=9\n")
    (kept / PROGRAM.name).write_text("old")
    hostkit.install(places)
    assert (kept / "settings").read_text() == "hold_minutes=9\n"
    assert (kept / PROGRAM.name).read_text().startswith("#!/bin/sh\n")
