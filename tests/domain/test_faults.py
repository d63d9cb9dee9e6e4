"""The replacement clock, to the second: the contract's worked cases, and what no order of events can change."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.faults import TARGET_S, Fault, FaultState, Pause, Verdict, Waiting, paused_s
from components.domain.problems import DomainError

CLIENT, RESTORING = Waiting.CLIENT, Waiting.RESTORING


def at(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
    """`2 08:00` of March 2026."""
    day, _, clock = text.partition(" ")
    return dt.datetime.combine(dt.date(2026, 3, int(day)), dt.time.fromisoformat(clock), zone)


def fault(reported: dt.datetime | None = None, **changes: str) -> Fault:
    values = {"kind": "hard_drive", "assigned": "c-q7m2"} | changes
    return Fault(id="f-k3q9", host="kvm1", serial="D960-1", reported=reported or at("1 20:00"), **values)


def read(one: Fault, now: str = "9 00:00") -> tuple[int, int, int, Verdict]:
    clock = one.clock(at(now))
    return clock.gross_s, clock.paused_s, clock.net_s, clock.verdict


@pytest.mark.parametrize(
    ("replaced", "net", "verdict"), [("3 08:00:00", 86_400, Verdict.MET), ("3 08:00:01", 86_401, Verdict.MISSED)]
)
def test_h1_the_last_second_is_in_time(replaced: str, net: int, verdict: Verdict) -> None:
    one = fault().diagnose(at("2 08:00")).replace(at(replaced), "D960-2")
    assert read(one) == (net, 0, net, verdict)
    assert one.clock(at("9 00:00")).left_s == TARGET_S - net


def test_h2_the_report_starts_nothing() -> None:
    """HW-3: 35 hours since the report are information."""
    one = fault(at("1 20:00")).diagnose(at("2 08:00")).replace(at("3 07:00"), "D960-2")
    assert read(one) == (82_800, 0, 82_800, Verdict.MET)


def test_h3_the_client_and_restoring_pause_it() -> None:
    one = fault().diagnose(at("2 08:00")).pause(at("2 10:00"), CLIENT).resume(at("2 13:00"))
    one = one.pause(at("2 20:00"), RESTORING).resume(at("2 21:00")).replace(at("3 11:30"), "D960-2")
    assert read(one) == (99_000, 14_400, 84_600, Verdict.MET)


def test_h4_overlapping_pauses_count_once() -> None:
    one = fault().diagnose(at("2 08:00")).pause(at("2 10:00"), CLIENT).pause(at("2 12:00"), CLIENT)
    one = one.resume(at("2 13:00"), 1).resume(at("2 14:00")).replace(at("3 12:30"), "D960-2")
    assert read(one) == (102_600, 14_400, 88_200, Verdict.MISSED)
    assert one.clock(at("9 00:00")).left_s == -1800


def test_h5_waiting_for_a_spare_is_no_pause() -> None:
    """HW-7: there is no word for it that a pause would take."""
    one = fault().diagnose(at("2 08:00")).replace(at("3 14:00"), "D960-2")
    assert read(one) == (108_000, 0, 108_000, Verdict.MISSED)
    assert one.clock(at("9 00:00")).left_s == -21_600
    assert {str(waiting) for waiting in Waiting} == {"client", "restoring"}


def test_h6_restoring_after_the_stop_changes_nothing() -> None:
    one = fault().diagnose(at("2 08:00")).replace(at("3 04:00"), "D960-2").restore(at("3 09:00"))
    assert read(one) == (72_000, 0, 72_000, Verdict.MET)
    running = fault().diagnose(at("2 08:00")).pause(at("3 03:00"), RESTORING).replace(at("3 04:00"), "D960-2")
    assert read(running.restore(at("3 09:00"))) == (72_000, 3600, 68_400, Verdict.MET)


def test_h7_a_clock_change_takes_an_hour_of_nobody() -> None:
    brussels = ZoneInfo("Europe/Brussels")
    one = fault().diagnose(at("28 12:00", brussels)).replace(at("29 13:00", brussels), "D960-2")
    assert read(one, "30 00:00") == (86_400, 0, 86_400, Verdict.MET)


def test_h8_not_covered_and_no_commitment() -> None:
    """HW-2 and HW-9: a power supply has no clock; on shared equipment the clock is our own objective."""
    supply = fault(kind="power_supply").diagnose(at("2 08:00")).replace(at("3 14:00"), "P-2")
    assert (supply.clock(at("9 00:00")).verdict, supply.is_commitment) == (Verdict.NOT_COVERED, False)
    shared = fault(kind="raid_controller", assigned="shared").diagnose(at("2 08:00")).replace(at("3 04:00"), "R-2")
    assert read(shared) == (72_000, 0, 72_000, Verdict.MET)
    assert (shared.is_covered, shared.is_commitment) == (True, False)
    assert fault().is_commitment


def test_due_moves_with_the_pauses() -> None:
    """While the clock stands still, the end moves with now; afterwards it stays."""
    one = fault().diagnose(at("2 08:00"))
    assert one.clock(at("2 09:00")).due == at("3 08:00")
    one = one.pause(at("2 10:00"), CLIENT)
    assert one.clock(at("2 12:00")).due == at("3 10:00")
    one = one.resume(at("2 13:00"))
    assert one.clock(at("2 20:00")).due == one.clock(at("3 10:59")).due == at("3 11:00")
    assert one.clock(at("3 11:00")).verdict is Verdict.RUNNING
    assert one.clock(at("3 11:00:01")).verdict is Verdict.MISSED


def test_states_follow_the_contract() -> None:
    """HW-7, in its order."""
    one = fault()
    seen = [one.state]
    steps: list[Callable[[Fault], Fault]] = [
        lambda one: one.diagnose(at("2 08:00")),
        lambda one: one.pause(at("2 09:00"), RESTORING),
        lambda one: one.pause(at("2 10:00"), CLIENT),
        lambda one: one.resume(at("2 11:00"), 2),
        lambda one: one.resume(at("2 12:00")),
        lambda one: one.replace(at("2 13:00"), "D960-2"),
        lambda one: one.restore(at("2 14:00")),
    ]
    for step in steps:
        one = step(one)
        seen.append(one.state)
    assert seen == [
        *(FaultState.REPORTED, FaultState.DIAGNOSED, FaultState.RESTORING, FaultState.WAITING_CLIENT),
        *(FaultState.RESTORING, FaultState.DIAGNOSED, FaultState.REPLACED, FaultState.RESTORED),
    ]
    assert one.replacement == "D960-2"
    assert not one.is_open


REPORTED = fault()
DIAGNOSED = REPORTED.diagnose(at("2 08:00"))
REPLACED = DIAGNOSED.replace(at("2 12:00"), "D960-2")


@pytest.mark.parametrize(
    ("one", "step", "said"),
    [
        (REPORTED, lambda one: one.pause(at("3 00:00"), CLIENT), "is reported.*vps fault diagnose"),
        (REPORTED, lambda one: one.resume(at("3 00:00")), "is reported"),
        (REPORTED, lambda one: one.replace(at("3 00:00"), "D960-2"), "starts with the diagnosis"),
        (REPORTED, lambda one: one.restore(at("3 00:00")), "is reported"),
        (REPORTED, lambda one: one.diagnose(at("1 19:59:59")), "lies before"),
        (DIAGNOSED, lambda one: one.diagnose(at("3 00:00")), "diagnosed once"),
        (DIAGNOSED, lambda one: one.resume(at("3 00:00")), "not paused"),
        (DIAGNOSED, lambda one: one.restore(at("3 00:00")), "is diagnosed"),
        (DIAGNOSED, lambda one: one.replace(at("2 07:59:59"), "D960-2"), "lies before"),
        (DIAGNOSED.pause(at("2 09:00"), CLIENT), lambda one: one.resume(at("2 08:30")), "lies before"),
        (DIAGNOSED.pause(at("2 09:00"), CLIENT), lambda one: one.resume(at("2 10:00"), 2), "pauses are 1"),
        (
            DIAGNOSED.pause(at("2 09:00"), CLIENT).pause(at("2 09:00"), RESTORING),
            lambda one: one.resume(at("2 10:00")),
            r"1 \(for client.*2 \(for restoring",
        ),
        (REPLACED, lambda one: one.replace(at("3 00:00"), "D960-3"), "clock has stopped"),
        (REPLACED, lambda one: one.withdraw(at("3 00:00")), "is replaced"),
        (REPLACED, lambda one: one.pause(at("3 00:00"), RESTORING), "is replaced"),
        (REPLACED.restore(at("3 00:00")), lambda one: one.restore(at("3 00:00")), "It is over"),
        (REPORTED.withdraw(at("2 00:00")), lambda one: one.diagnose(at("3 00:00")), "is withdrawn"),
    ],
)
def test_impossible_orders_are_refused(one: Fault, step: Callable[[Fault], Fault], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        step(one)


def test_a_withdrawn_fault_has_no_clock() -> None:
    one = DIAGNOSED.withdraw(at("3 00:00"))
    assert one.clock(at("9 00:00")).verdict is Verdict.NOT_BEGUN
    assert not one.is_open


BEGIN = at("2 08:00")
SPANS = st.lists(st.tuples(st.integers(-500, 5000), st.integers(0, 3000)), max_size=8)


@given(SPANS, st.integers(0, 4000))
def test_pauses_count_every_second_once(spans: list[tuple[int, int]], length: int) -> None:
    """Against counting the seconds one by one, half-open (J6)."""
    pauses = [
        Pause(
            number=number,
            waiting=CLIENT,
            begin=BEGIN + dt.timedelta(seconds=begin),
            end=BEGIN + dt.timedelta(seconds=begin + lasts),
        )
        for number, (begin, lasts) in enumerate(spans)
    ]
    counted = {second for begin, lasts in spans for second in range(max(begin, 0), min(begin + lasts, length))}
    assert paused_s(pauses, BEGIN, BEGIN + dt.timedelta(seconds=length)) == len(counted)


@given(SPANS, st.integers(1, 200_000))
def test_what_is_left_and_what_is_due_agree(spans: list[tuple[int, int]], after: int) -> None:
    """A replacement at `due` is in time, one a second later is not."""
    one = fault().diagnose(BEGIN)
    for begin, lasts in sorted((abs(begin), lasts) for begin, lasts in spans):
        start = max(BEGIN + dt.timedelta(seconds=begin), one.last)
        one = one.pause(start, CLIENT).resume(start + dt.timedelta(seconds=lasts))
    now = one.last + dt.timedelta(seconds=after)
    due = one.clock(now).due
    assert due is not None
    if due > one.last:
        assert one.replace(due, "D960-2").clock(now).verdict is Verdict.MET
        assert one.replace(due + dt.timedelta(seconds=1), "D960-2").clock(now).verdict is Verdict.MISSED
