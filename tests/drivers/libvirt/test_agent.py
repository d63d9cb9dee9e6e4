"""What an agent may answer; the asking itself is judged on real guests (`tests/boot`)."""

import time

import libvirt
import pytest

from components.drivers.errors import GuestSilent
from components.drivers.libvirt.agent import MOST_REPLY, Agent, answer

WHAT = "Unable to ask"


def test_an_answer_is_what_it_returns():
    assert answer(WHAT, '{"return": {"pid": 7}}') == {"pid": 7}
    assert answer(WHAT, '{"return": {}}') == {}


@pytest.mark.parametrize(
    "said",
    [None, "", "nonsense", "[]", "7", '{"error": {"class": "GenericError"}}', "[" * 200_000, "{" * 100_000],
)
def test_what_is_no_answer_is_silence(said):
    with pytest.raises(GuestSilent, match=r"makes no sense|longer than"):
        answer(WHAT, said)


def test_a_flood_is_not_read():
    with pytest.raises(GuestSilent, match="longer than an honest one"):
        answer(WHAT, '{"return": "' + "x" * MOST_REPLY + '"}')


def test_nobody_is_asked_after_the_deadline():
    with pytest.raises(GuestSilent, match="too slow to answer in time"):
        Agent(WHAT, None, None, time.monotonic() - 1).ask("guest-ping")


def test_what_an_agent_says_of_its_failure_steers_no_terminal(monkeypatch):
    class Open:
        def isAlive(self):  # noqa: N802 - libvirt's name
            return True

    problem = libvirt.libvirtError("failed")
    problem.err = (libvirt.VIR_ERR_AGENT_UNRESPONSIVE, 0, "it says \x1b]0;mine\x07\x1b[2J" + "x" * 900) + (None,) * 6

    def refuses(*_):
        raise problem

    monkeypatch.setattr("libvirt_qemu.qemuAgentCommand", refuses)
    with pytest.raises(GuestSilent) as caught:
        Agent(WHAT, Open(), None, time.monotonic() + 60).ask("guest-ping")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
    assert "it says" in str(caught.value)
