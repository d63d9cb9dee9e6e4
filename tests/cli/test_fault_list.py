"""`vps fault list`: the worst first, and a monitor can tell by the exit status."""

import datetime as dt

import pytest

from components.cli.fault_list import urgency
from components.domain.faults import Fault
from tests.cli.noted_world import NotedWorld, noted  # noqa: F401 - a fixture

WHY = ("--reason", "because")


def test_overdue_comes_first() -> None:
    begin = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
    hours = [begin + dt.timedelta(hours=number) for number in range(60)]
    faults = {
        name: Fault(id=name, host="kvm1", kind="cpu", serial=name, reported=begin)
        for name in ("over", "reported", "late", "fresh", "later")
    }
    faults["late"] = faults["late"].diagnose(hours[0])
    faults["later"] = faults["later"].diagnose(hours[10])
    faults["fresh"] = faults["fresh"].diagnose(hours[49])
    faults["over"] = faults["over"].diagnose(hours[0]).replace(hours[59], "new")
    ordered = sorted(faults.values(), key=lambda one: urgency(one, hours[50]))
    assert [one.id for one in ordered] == ["late", "later", "fresh", "reported", "over"]


def test_nothing_is_made_by_looking(noted: NotedWorld) -> None:  # noqa: F811
    assert noted.run("fault", "list") == "No fault is open.\n"
    assert noted.run("fault", "list", "--all") == "No fault was ever noted.\n"
    assert not (noted.project.work / "ledger.sqlite3").exists()


def test_an_overdue_fault_is_exit_2(noted: NotedWorld) -> None:  # noqa: F811
    noted.run("fault", "open", "lab1", "cpu", *WHY, "--at", noted.ago(hours=30))
    assert "not begun" in noted.run("fault", "list")
    noted.run("fault", "diagnose", "lab1", *WHY, "--at", noted.ago(hours=25))
    assert "OVERDUE by 1 h" in noted.run("fault", "list", code=2)
    [found] = noted.json("fault", "list", code=2)["faults"]
    assert (found["verdict"], found["state"], found["commitment"]) == ("missed", "diagnosed", False)
    assert found["left_s"] < -3590
    noted.run("fault", "withdraw", "lab1", *WHY)
    assert noted.json("fault", "list")["faults"] == []
    assert [one["state"] for one in noted.json("fault", "list", "--all")["faults"]] == ["withdrawn"]


def test_it_fits_the_terminal(noted: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    noted.run("fault", "open", "lab1", "cpu", "--reason", "it gets too hot as soon as more than two guests compile")
    assert max(map(len, noted.run("fault", "list").splitlines())) > 80
    monkeypatch.setattr("components.cli.terminal.width", lambda: 80)
    told = noted.run("fault", "list")
    assert max(map(len, told.splitlines())) <= 80
    assert "two guests compile" in " ".join(told.split())
