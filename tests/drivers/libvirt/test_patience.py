"""Calls are waited for as long as we have patience."""

import threading
import time

import pytest

from components.drivers.libvirt.patience import together, within


def test_what_a_call_returns_or_raises_is_ours():
    assert within(5, "one", lambda: 7) == 7
    with pytest.raises(KeyError):
        within(5, "one", lambda: {}["missing"])


def test_a_call_that_never_comes_back_is_left_behind_in_a_daemon():
    ends = threading.Event()
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"within 0\.2 s"):
        within(0.2, "stuck", ends.wait)
    assert time.monotonic() - began < 2
    (left,) = [thread for thread in threading.enumerate() if thread.name == "stuck"]
    assert left.daemon
    ends.set()


def test_calls_run_side_by_side_and_answer_in_their_order():
    meet = threading.Barrier(3, timeout=5)

    def call(number):
        meet.wait()
        time.sleep(0.05 * (3 - number))
        return number

    assert together(5, "all", [lambda n=n: call(n) for n in range(3)]) == [0, 1, 2]


def test_the_first_failure_is_raised_at_once():
    ends = threading.Event()

    def fail():
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        together(30, "all", [lambda: ends.wait(20), fail])
    ends.set()
