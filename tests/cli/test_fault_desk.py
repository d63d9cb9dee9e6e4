"""Which fault is meant, and that a decision hangs on what was read."""

import datetime as dt
from dataclasses import replace

import pytest

from components.cli.fault_desk import clock_words, desk, opened, promise_words
from components.domain.faults import Fault, Waiting
from components.domain.problems import DomainError
from components.ledger import equipment
from components.ledger.events import LedgerError
from tests.cli.noted_world import NotedWorld, noted  # noqa: F401 - a fixture

BEGIN = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
FAULT = Fault(id="f-1", host="kvm1", kind="cpu", serial="C1", reported=BEGIN)
RUNNING = FAULT.diagnose(BEGIN)


@pytest.mark.parametrize(
    ("fault", "now", "words"),
    [
        (FAULT, BEGIN, "not begun: it starts with the diagnosis (HW-3)"),
        (FAULT.withdraw(BEGIN), BEGIN, "none"),
        (replace(FAULT, kind="psu"), BEGIN, "none: the contract does not cover this kind (HW-2)"),
        (RUNNING, BEGIN + HOUR, "23 h left (until 2026-03-03 08:00 UTC); 1 h of 24 h"),
        (
            RUNNING.pause(BEGIN, Waiting.CLIENT),
            BEGIN + HOUR,
            "stands still for client: 24 h left; 0 s of 24 h, 1 h paused",
        ),
        (RUNNING, BEGIN + 25 * HOUR, "OVERDUE by 1 h: 25 h of 24 h"),
        (RUNNING.replace(BEGIN + HOUR, "C2"), BEGIN + 90 * HOUR, "met: 1 h of 24 h"),
        (RUNNING.replace(BEGIN + 25 * HOUR, "C2"), BEGIN + 90 * HOUR, "missed by 1 h: 25 h of 24 h"),
    ],
)  # fmt: skip
def test_the_clock_in_words(fault: Fault, now: dt.datetime, words: str) -> None:
    assert clock_words(fault, now) == words


def test_to_whom_it_is_promised() -> None:
    """HW-9."""
    assert promise_words(FAULT) == "our own objective, shared host"
    assert promise_words(replace(FAULT, assigned="c-q7m2")) == "a commitment to client c-q7m2"
    assert promise_words(replace(FAULT, kind="psu")) == "no promise"


def test_a_fault_is_found_by_what_people_say(noted: NotedWorld) -> None:  # noqa: F811
    with desk(noted.fleet) as here:
        cpu = opened(here, "lab1", "cpu", "because", None)
    with desk(noted.fleet) as here:
        assert here.find("lab1", None) == here.find("lab1", "cpu") == here.find("lab1", "C2-0001") == cpu
        disk = opened(here, "lab1", "hard_drive", "because", None)
    with desk(noted.fleet) as here:
        assert here.find(cpu.id, None) == cpu
        with pytest.raises(DomainError, match=f"{cpu.id} .*{disk.id} "):
            here.find("lab1", None)
        with pytest.raises(DomainError, match="No open fault is known by lab1 ram"):
            here.find("lab1", "ram")


def test_two_who_decide_at_once(noted: NotedWorld) -> None:  # noqa: F811
    """Both read the same; the second is told and nothing is doubled."""
    with desk(noted.fleet) as one, desk(noted.fleet) as other:
        opened(one, "lab1", "cpu", "because", None)
        with pytest.raises(LedgerError, match="meanwhile"):
            opened(other, "lab1", "cpu", "because", None)
    assert [event.kind for event in noted.events()] == [equipment.REPORTED]
