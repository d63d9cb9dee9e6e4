"""What a guest says is read with care, whatever it says."""

import datetime as dt
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.drivers.guest import MOST_BYTES, Said
from components.guest.report import (
    MOST_ITEMS,
    MOST_TEXT,
    Report,
    UnreadableError,
    clean,
    cleaned,
    console_lines,
    instant,
    parse,
)

NOW = dt.datetime(2026, 11, 22, 19, 0, tzinfo=dt.UTC)
VPS, UUID = "v-h3k9", "bf8a2b08-122e-558d-8f45-0a3421e4282d"
CHECK = {"name": "disk", "what": "room on the disk", "state": "pass", "message": "40 % used", "seconds": 0}
NEVER = ("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00")
"""Times before the first and after the last year that there is."""
WELL = {
    "schema": 1,
    "vps": VPS,
    "uuid": UUID,
    "flavour": {"name": "base", "title": "Base", "status": "supported", "bundle": ""},
    "delivery": {"state": "delivered", "step": "", "since": "2026-11-22T18:00:00Z", "attempt": 1, "log": ["a", "b"]},
    "health": {"schema": 1, "at": "2026-11-22T18:58:00Z", "vps": VPS, "state": "pass", "checks": [CHECK]},
    "updates": {"reboot_pending": False},
}


def read(said: object, **more: object) -> Report:
    out = said if isinstance(said, bytes) else json.dumps(said).encode()
    return parse(Said(code=0, out=out, **more), vps=VPS, uuid=UUID, now=NOW)


def with_checks(*states: str, claim: str = "") -> dict:
    checks = [{**CHECK, "state": state} for state in states]
    return {**WELL, "health": {**WELL["health"], "checks": checks, "state": claim}}


def test_a_good_report():
    report = read(WELL)
    assert report.delivery.is_done
    assert report.delivery.log == ("a", "b")
    assert (report.health.state, report.health.checks[0].message) == ("pass", "40 % used")
    assert report.flavour["name"] == "base"
    assert (report.reboot, report.notes) == (None, ())


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        ((), "unknown"),
        (("skipped",), "unknown"),
        (("pass", "skipped"), "pass"),
        (("pass", "degraded"), "degraded"),
        (("degraded", "fail", "pass"), "fail"),
        (("pass", "splendid"), "fail"),
    ],
)
def test_health_is_what_the_checks_say(states, worst):
    assert read(with_checks(*states)).health.state == worst


def test_a_claim_that_its_checks_don_t_bear_out_is_told():
    (note,) = read(with_checks("fail", claim="pass")).notes
    assert "says that its health is 'pass'; its checks say 'fail'" in note


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vps": "v-other"}, "its vps is 'v-other'"),
        ({"uuid": "0"}, "its uuid is '0'"),
        ({"shortened": True}, "was shortened"),
        ({"health": {**WELL["health"], "at": "2026-11-22T18:00:00Z"}}, "timer stands still"),
        ({"health": {**WELL["health"], "at": "2031-01-01T00:00:00Z"}}, "its clock is wrong"),
    ],
)
def test_what_can_t_be_right_is_a_note(change, words):
    (note,) = read({**WELL, **change}).notes
    assert words in note


def test_a_reboot_that_waits():
    updates = {"reboot_pending": True, "reboot_why": ["kernel 6.1 runs, 6.12 is installed"]}
    found = read({**WELL, "updates": {**updates, "reboot_since": "2026-11-20T04:00:00Z"}}).reboot
    assert found is not None
    assert (found.since, found.why) == ("2026-11-20T04:00:00Z", ("kernel 6.1 runs, 6.12 is installed",))
    assert read({**WELL, "updates": {"reboot_pending": True, "reboot_why": 7}}).reboot is not None
    for lie in ("yes", 1, None, []):
        assert read({**WELL, "updates": {"reboot_pending": lie}}).reboot is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "no report"),
        (b"\x1b[2Jnonsense", "no report"),
        (b"[]", "no report"),
        (b"{}", "no report"),
        (b'{"schema": true}', "no report"),
        (b'{"schema": 1, "a": NaN}', "no report"),
        (b'{"schema": 1, "a": ' + b"9" * 5000 + b"}", "no report"),
        (b"[" * 60_000, "no report"),
        (b'{"schema": 7}', "schema 7, and this release reads 1"),
        (b'{"schema": 1e999}', "schema inf"),
    ],
)
def test_what_is_no_report_is_told(said, words):
    with pytest.raises(UnreadableError, match=words):
        read(said)


def test_a_flood_a_missing_command_and_a_complaint_are_told():
    with pytest.raises(UnreadableError, match="more than a report can be"):
        read(b"{" * MOST_BYTES, cut=True)
    with pytest.raises(UnreadableError, match="it has no /usr/local/lib/vps/report"):
        parse(Said(code=127), vps=VPS, uuid=UUID, now=NOW)
    with pytest.raises(UnreadableError, match="jq: broken"):
        parse(Said(code=5, err=b"jq:\x1b[31m broken\n"), vps=VPS, uuid=UUID, now=NOW)


@pytest.mark.parametrize("name", ["delivery", "health", "flavour", "updates"])
@pytest.mark.parametrize("lie", [None, 7, "text", [], ["x"], {"state": 7, "checks": 7, "log": 7, "attempt": "x"}])
def test_a_section_of_any_shape_is_read(name, lie):
    report = read({**WELL, name: lie})
    assert isinstance(report, Report)


def test_texts_steer_no_terminal_and_everything_has_an_end():
    assert clean("a\x1b[31mred\x1b]0;title\x07\r\nb\x00\u202ec\ud800") == "ared b c"
    assert len(clean("x" * 10_000)) == MOST_TEXT + 1
    found = cleaned({"k" * 500: ["x"] * 10_000, "deep": [[[[[[[[[["x"]]]]]]]]]], "big": 10**400})
    assert max(len(key) for key in found) <= 61
    assert len(found[max(found, key=len)]) == MOST_ITEMS
    assert json.dumps(found["deep"]).count("[") < 10
    assert found["big"] == 0


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=20,
    )
)
def test_any_document_is_clean_afterwards(said):
    printed = json.dumps(cleaned(said), ensure_ascii=False)
    assert printed.isprintable()


@given(st.binary(max_size=400))
def test_any_bytes_are_a_report_or_unreadable(said):
    with suppress(UnreadableError):
        assert isinstance(read(said), Report)


def test_the_end_of_a_console():
    said = b"\x1b[0;32m  OK  \x1b[0m] boots\r\n\r\n" * 100 + b"VPS NOT READY v-h3k9: 50-site: no room\r\n"
    lines = console_lines(said)
    assert len(lines) == 25
    assert lines[0] == "OK ] boots"
    assert lines[-1] == "VPS NOT READY v-h3k9: 50-site: no room"
    assert console_lines(b"") == ()


def test_times_are_read_in_utc():
    assert instant("2026-11-22T20:00:00+01:00") == NOW
    assert instant("2026-11-22T19:00:00Z") == NOW
    for text in ("", "now", "2026-11-22T19:00:00", "9" * 50, *NEVER):
        assert instant(text) is None


@pytest.mark.parametrize("at", NEVER)
def test_a_time_that_no_calendar_has_in_utc_is_none(at):
    report = read({**WELL, "health": {**WELL["health"], "at": at}})
    assert (report.health.state, report.notes) == ("pass", ())
