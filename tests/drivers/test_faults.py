"""Faults strike where and as often as they were asked for."""

import json
import time

import pytest

from components.drivers.errors import DriverError, HostFull, HostUnreachable
from components.drivers.faults import Faults


@pytest.fixture
def ask(tmp_path):
    def write(*faults):
        (tmp_path / "faults.json").write_text(json.dumps(faults))
        return Faults(tmp_path / "faults.json")

    return write


def run(faults, name, done):
    with faults.step(name):
        done.append(name)


@pytest.mark.parametrize(
    ("do", "error", "ran"),
    [
        ("fail", DriverError, []),
        ("full", HostFull, []),
        ("unreachable", HostUnreachable, []),
        ("lose-answer", HostUnreachable, ["a.b"]),
    ],
)
def test_a_fault_strikes_once_at_its_step(ask, do, error, ran):
    faults, done = ask({"step": "a.b", "do": do}), []
    run(faults, "a.c", [])

    with pytest.raises(error):
        run(faults, "a.b", done)

    assert done == ran
    run(faults, "a.b", done)
    assert done == [*ran, "a.b"]


def test_a_fault_may_strike_always_at_many_steps(ask):
    faults = ask({"step": "a.*", "do": "fail", "times": -1})

    for name in ("a.b", "a.c", "a.b"):
        with pytest.raises(DriverError):
            run(faults, name, [])
    run(faults, "b.a", [])


def test_a_delay_only_delays(ask):
    began, done = time.monotonic(), []

    run(ask({"step": "a", "do": "delay", "seconds": 0.05}), "a", done)

    assert time.monotonic() - began >= 0.05
    assert done == ["a"]


def test_without_a_file_nothing_happens(tmp_path):
    for faults in (Faults(None), Faults(tmp_path / "none.json")):
        done = []
        run(faults, "a", done)
        assert done == ["a"]
