"""Guests heard from outside: silence, slowness and lies are answers, and cost nobody else anything."""

import json
import time
from dataclasses import replace

import pytest

from components.config.loader import load
from components.domain.clients import Move
from components.drivers.fake.guest import HEALTH, REPORT
from components.guest.hearing import CHECKS_S, MISSING, REPORT_S, Line, hear, hear_all, hear_one
from tests.cli.world import TITLE, MadeWorld

LATE_S = 60
"""Nothing here waits; a slow machine may."""


@pytest.fixture
def made(tmp_path):
    return MadeWorld(tmp_path / "project")


def lines(made):
    fleet = load(made.project.fleet).fleet
    client = fleet.clients["example-coop"]
    return fleet, Line(client=client, vps=client.vps["web1"])


def test_a_guest_that_answers(made):
    heard = hear(made.driver, made.machine(), "v-h3k9")
    assert heard.report is not None
    assert (heard.report.health.state, heard.silent, heard.console, heard.power) == ("pass", "", (), "running")


def test_checks_run_first_when_they_are_asked_for(made):
    """With the time that they need; how they ended is what the report says."""
    made.says(report={}, takes=REPORT_S + 1)
    assert "did not end within 30 s" in hear(made.driver, made.machine(), "v-h3k9", now=True).silent
    made.says(report={}, takes=CHECKS_S + 1)
    assert "did not end within 300 s" in hear(made.driver, made.machine(), "v-h3k9", now=True).silent
    made.says(report={}, answers={HEALTH: {"code": 1}})
    assert hear(made.driver, made.machine(), "v-h3k9", now=True).report is not None


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        ({"silent": "its guest \x1b[31mhangs"}, "its guest hangs"),
        ({"takes": 99}, "did not end within 30 s"),
        ({"answers": {REPORT: {"code": 127}}}, "it has no /usr/local/lib/vps/report"),
        ({"answers": {REPORT: {"out": "x" * 100_000}}}, "more than a report can be"),
        ({"answers": {REPORT: {"out": json.dumps({"schema": 2})}}}, "schema 2"),
    ],
)
def test_who_is_silent_is_heard_on_its_console(made, guest, words):
    made.says(**guest, console="boots\r\nVPS NOT READY v-h3k9: 50-site: \x07no room\r\n")
    heard = hear(made.driver, made.machine(), "v-h3k9")
    assert heard.report is None
    assert words in heard.silent
    assert heard.silent.isprintable()
    assert heard.console == ("boots", "VPS NOT READY v-h3k9: 50-site: no room")


def test_without_a_log_it_says_why_not(made):
    made.says(silent="its guest hangs")
    assert hear(made.driver, made.machine(), "v-h3k9").console == ("(its definition names no log)",)


def test_who_is_off_or_not_ours_is_not_asked(made):
    assert "no mark of ours" in hear(made.driver, replace(made.machine(), mark=None), "v-h3k9").silent
    made.guest_shuts_down()
    heard = hear(made.driver, made.machine(), "v-h3k9")
    assert (heard.silent, heard.power) == ("it is off", "off")


def test_one_of_a_fleet(made):
    fleet, line = lines(made)
    assert hear_one(fleet, line).report is not None
    moving = replace(line, vps=replace(line.vps, host="nowhere"))
    assert "host nowhere is not declared" in hear_one(fleet, moving).silent
    made.world.remove("domains", made.spec.uuid)
    heard = hear_one(fleet, line)
    assert (heard.power, heard.silent) == (MISSING, "lab1 answered and does not hold it")


def test_who_is_on_its_way_is_heard_where_it_still_is(made):
    fleet, line = lines(made)
    host = replace(fleet.hosts["lab1"], name="new", uri=f"fake://{made.project.work}/new")
    fleet = replace(fleet, hosts={**fleet.hosts, "new": host})
    moving = replace(line, vps=replace(line.vps, host="new", move=Move(source="lab1")))
    for heard in (hear_one(fleet, moving), hear_all(fleet, [moving])[TITLE]):
        assert heard.report is not None
    unasked = hear_all(fleet, [moving], ask=lambda machine: False)[TITLE]
    assert (unasked.report, unasked.power) == (None, "running")
    lost = replace(moving, vps=replace(moving.vps, id="v-none"))
    assert hear_one(fleet, lost).power == MISSING


def test_a_whole_fleet_side_by_side(made):
    """A silent host, a missing machine and one that nobody wants to ask are answers beside the others."""
    fleet, line = lines(made)
    host = replace(fleet.hosts["lab1"], name="gone", uri=f"fake://{made.project.work}/no/such/folder")
    fleet = replace(fleet, hosts={**fleet.hosts, "gone": host})

    def other(key, **changes):
        return replace(line, vps=replace(line.vps, key=key, **changes))

    every = [line, other("lost", id="v-lost"), other("far", host="gone"), other("none", host="nowhere")]
    began = time.monotonic()
    heard = hear_all(fleet, every)
    assert time.monotonic() - began < LATE_S
    assert heard[TITLE].report is not None
    assert heard["example-coop/lost"].power == MISSING
    assert "does not exist" in heard["example-coop/far"].silent
    assert "not declared" in heard["example-coop/none"].silent
    unasked = hear_all(fleet, [line], ask=lambda machine: False)[TITLE]
    assert (unasked.report, unasked.silent, unasked.power) == (None, "", "running")
    assert hear_all(fleet, []) == {}


def test_a_report_that_our_own_reading_fails_on_is_silence(made, monkeypatch):
    def fails(*_, **__):
        raise OverflowError("date value out of range")

    monkeypatch.setattr("components.guest.report.parse", fails)
    made.says(report={})
    heard = hear(made.driver, made.machine(), "v-h3k9")
    assert (heard.report, heard.silent) == (None, "what it said can't be read (OverflowError)")
