"""What a guest says is shown as its own word, and obeys nothing."""

import datetime as dt
import io
import json

import pytest
from rich.console import Console

from components.drivers.guest import Said
from components.guest.hearing import Heard
from components.guest.report import parse
from components.report.guest import document, show
from tests.guest.test_report import NOW, UUID, VPS, WELL

FAILED = {
    "state": "failed",
    "step": "50-site",
    "what": "create the site",
    "reason": "no room",
    "since": "2026-11-22T18:59:30Z",
    "attempt": 3,
    "log": ["mysqld is full"],
}
CHECKS = [
    {"name": "time", "what": "the clock", "state": "pass", "message": "synchronised"},
    {"name": "queue", "what": "a task goes through", "state": "fail", "message": "[red]the daemon is dead[/red]"},
]
SECTIONS = {
    "updates": {
        "reboot_pending": True,
        "reboot_since": "2026-11-20T04:00:00Z",
        "reboot_why": ["kernel 6.1 runs, 6.12 is installed"],
        "security": ["nginx"],
        "nightly": {"ran": "2026-11-22T04:00:00Z", "trouble": ""},
    },
    "certificates": {"staging": True, "sites": [{"name": "www.x", "state": "valid", "until": "2027-01-01T00:00:00Z"}]},
    "backup": {"state": "done", "newest": "2026-11-22T03:00:00Z"},
}


def heard(**changes: object) -> Heard:
    said = Said(code=0, out=json.dumps({**WELL, **changes}).encode())
    return Heard(report=parse(said, vps=VPS, uuid=UUID, now=NOW), power="running")


def text(one: Heard) -> str:
    out = io.StringIO()
    show(one, Console(file=out, width=200, highlight=False, soft_wrap=True), NOW)
    return out.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        "the guest's own word, which nobody can check from outside",
        "delivery   failed at 50-site (create the site), attempt 3: no room since 2026-11-22T18:59:30Z (now)",
        "  | mysqld is full",
        "flavour    Base supported",
        "reboot     waits since 2026-11-20T04:00:00Z: kernel 6.1 runs, 6.12 is installed",
        "updates    1 security update waits; nightly run 2026-11-22T04:00:00Z",
        "TLS        www.x valid, valid until 2027-01-01T00:00:00Z (staging: no browser trusts it)",
        "backup     newest 2026-11-22T03:00:00Z (16 h ago)",
        "health     fail, looked at 2026-11-22T18:58:00Z (2 min ago)",
        "[red]the daemon is dead[/red]",
        "note: it says that its health is 'pass'; its checks say 'fail'",
    ],
)
def test_what_an_operator_needs_at_two_in_the_morning(words):
    health = {**WELL["health"], "checks": CHECKS}
    assert words in text(heard(delivery=FAILED, health=health, **SECTIONS))


def test_the_worst_check_stands_first():
    shown = text(heard(health={**WELL["health"], "checks": CHECKS, "state": "fail"}))
    assert shown.index("queue") < shown.index("time ")


def test_a_delivered_guest_shows_no_log():
    assert "  | " not in text(heard())
    assert "delivery   delivered since 2026-11-22T18:00:00Z (1 h ago)" in text(heard())


def test_silence_shows_the_end_of_the_console():
    shown = text(Heard(silent="its guest hangs", console=("boots", "VPS NOT READY [v]"), power="running"))
    assert "guest      says nothing: its guest hangs" in shown
    assert "  | VPS NOT READY [v]" in shown


def test_all_of_it_as_data():
    """Dates, numbers and texts only: it must go through json."""
    found = json.loads(json.dumps(document(heard(**SECTIONS))))
    assert (found["answered"], found["health"]["state"], found["delivery"]["state"]) == (True, "pass", "delivered")
    assert found["updates"]["reboot_pending"] is True
    silent = json.loads(json.dumps(document(Heard(silent="why", console=("a",)))))
    assert silent == {"answered": False, "silent": "why", "console": ["a"]}


@pytest.mark.parametrize("lie", [7, "text", [], ["x"], {"sites": 7}, {"sites": [7, {"name": []}]}, {"newest": 7}])
def test_sections_of_any_shape_are_shown(lie):
    assert "health" in text(heard(updates=lie, certificates=lie, backup=lie))


def test_a_time_to_come_is_told():
    assert "(to come, by our clock)" in text(heard(backup={"newest": (NOW + dt.timedelta(days=1)).isoformat()}))
