"""`vps fault …`: from the report to the replacement, by the commands that people type."""

import re

import pytest

from components.domain.problems import DomainError
from tests.cli.noted_world import NotedWorld, noted  # noqa: F401 - a fixture

WHY = ("--reason", "because")


def _told(output: str, head: str) -> str:
    """The rest of the line that begins so."""
    return next(line.removeprefix(head).strip() for line in output.splitlines() if line.startswith(head))


def test_a_whole_life(noted: NotedWorld) -> None:  # noqa: F811
    """Every state of HW-7, each command naming clock, spare and who is affected."""
    told = noted.run("fault", "open", "lab1", "hard_drive", "--reason", "SMART", "--at", noted.ago(hours=20))
    assert "hard_drive D960-0001 (Demo D960) of lab1 is reported" in told
    assert _told(told, "clock") == "not begun: it starts with the diagnosis (HW-3); our own objective, shared host"
    assert _told(told, "spare") == "lab-disk: 2 at dc1 shelf 3"
    where = "dc1 A1; Olena Duty is responsible (duty@hoster.example, +44 20 7946 0000); warranty until 2029-01-14"
    assert _told(told, "where") == where
    assert _told(told, "affected") == "1 VPS: example-coop/web1"
    told = noted.run("fault", "diagnose", "lab1", "hard_drive", *WHY, "--at", noted.ago(hours=10))
    assert re.match(r"1[34] h .*left \(until 20", _told(told, "clock"))
    assert re.fullmatch(r"vps fault replaced f-\w+ --serial NEW --warranty DATE, .*", _told(told, "next"))
    told = noted.run("fault", "pause", "lab1", "--for", "client", *WHY, "--at", noted.ago(hours=8))
    assert " is waiting for the client since " in told
    assert "waiting for the client since " in noted.run("fault", "list")
    assert [one["state"] for one in noted.json("fault", "list")["faults"]] == ["waiting_client"]
    assert "stands still for client: 22 h left" in told
    told = noted.run("fault", "pause", "lab1", "--for", "restoring", *WHY, "--at", noted.ago(hours=7))
    with pytest.raises(DomainError, match="Name one"):
        noted.run("fault", "resume", "lab1")
    noted.run("fault", "resume", "lab1", "--pause", "1", "--at", noted.ago(hours=6))
    told = noted.run("fault", "resume", "lab1", "--at", noted.ago(hours=5))
    assert ", 3 h paused" in _told(told, "clock")
    told = noted.run(
        *("fault", "replaced", "lab1", "D960-0001", "--serial", "D960-0002", "--warranty", "2031-01-01", "--yes"),
        *("--at", noted.ago(hours=1)),
    )
    assert "clock     met: 6 h of 24 h, 3 h paused" in told
    told = noted.run("fault", "restored", "lab1", "D960-0002")
    assert "is restored" in told
    kinds = [event.kind.removeprefix("fault.") for event in noted.events()]
    assert kinds == ["reported", "diagnosed", *["paused"] * 2, *["resumed"] * 2, "replaced", "restored"]
    assert {event.actor for event in noted.events()} == {"olena"}


def test_the_next_fault_of_a_host_is_meant(noted: NotedWorld) -> None:  # noqa: F811
    """One that is over is in nobody's way."""
    new = ("--warranty", "2031-01-01", "--yes")
    for serial in ("C2-0002", "C2-0003"):
        noted.run("fault", "open", "lab1", "cpu", *WHY)
        noted.run("fault", "diagnose", "lab1", *WHY)
        noted.run("fault", "replaced", "lab1", "--serial", serial, *new)
        assert serial in noted.host_file()
        if serial == "C2-0002":
            noted.run("fault", "restored", "lab1")
    noted.run("fault", "restored", "lab1")
    states = [one["state"] for one in noted.json("fault", "list", "--all")["faults"]]
    assert states == ["restored", "restored"]


def test_a_false_alarm(noted: NotedWorld) -> None:  # noqa: F811
    """Over without a replacement; the next fault of the part is a new one."""
    noted.run("fault", "open", "lab1", "cpu", *WHY)
    noted.run("fault", "withdraw", "lab1", "--reason", "a loose cable")
    assert noted.run("fault", "list") == "No fault is open.\n"
    noted.run("fault", "open", "lab1", "cpu", *WHY)
    assert len({event.data["fault"] for event in noted.events()}) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["open", "kvm9", "cpu", *WHY], "Known: lab1"),
        (["open", "lab1", "psu", *WHY], "covers switch, server"),
        (["open", "lab1", "cpu", *WHY, "--at", "2026-11-20T10:00"], "no time zone"),
        (["open", "lab1", "cpu", *WHY, "--at", "2999-01-01T00:00Z"], "in the future"),
        (["open", "lab1", "cpu", "--reason", " "], "Nobody said why"),
        (["diagnose", "lab1", *WHY], "No open fault is known by lab1"),
        (["diagnose", "f-nobody", *WHY], "Open: none"),
    ],
)
def test_what_is_refused_notes_nothing(noted: NotedWorld, arguments: list[str], said: str) -> None:  # noqa: F811
    with pytest.raises(DomainError, match=said):
        noted.run("fault", *arguments)
    assert noted.events() == ()


def test_waiting_for_a_part_is_no_pause(noted: NotedWorld) -> None:  # noqa: F811
    """HW-7: the command has no word for it."""
    noted.run("fault", "open", "lab1", "cpu", *WHY)
    noted.run("fault", "diagnose", "lab1", *WHY)
    told = noted.run("fault", "pause", "lab1", "--for", "spare", *WHY, code=2)
    assert "'client', 'restoring'" in told
    assert len(noted.events()) == 2


def test_impossible_orders_note_nothing(noted: NotedWorld) -> None:  # noqa: F811
    noted.run("fault", "open", "lab1", "cpu", *WHY, "--at", noted.ago(hours=2))
    for step, said in (
        (["pause", "lab1", "--for", "client", *WHY], "vps fault diagnose"),
        (["replaced", "lab1", "--serial", "C2-2", "--warranty", "2031-01-01", "--yes"], "starts with the diagnosis"),
        (["diagnose", "lab1", *WHY, "--at", noted.ago(hours=3)], "lies before"),
        (["open", "lab1", "cpu", *WHY], "One fault has one clock"),
    ):
        with pytest.raises(DomainError, match=said):
            noted.run("fault", *step)
    assert len(noted.events()) == 1
