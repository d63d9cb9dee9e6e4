"""One machine among several fake hosts, as the engine asks for it: its declared moves."""

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import DriverError, Refused
from components.engine.rebuild import REBUILD
from components.provider import facts
from tests.provider.one_host import URN


@pytest.mark.parametrize("live", [False, True])
def test_a_declared_move_is_carried_out_and_the_next_preview_is_empty(fleet, home, live):
    state = fleet.make(home)
    wanted = fleet.moved(home, live=live)

    inputs, after, words = fleet.up(home, state, wanted)

    said = "moved live: the guest keeps running" if live else "the guest is shut down while up to 10 GiB are copied"
    assert any(said in line for line in words)
    assert fleet.holders(home) == ["lab2"]
    assert after["incarnation"] == state["incarnation"]
    assert (after["status"], after["phase"], after["observedPower"]) == (facts.PRESENT, Phase.READY, Power.RUNNING)
    assert fleet.settled(inputs, after, wanted)
    assert any("it is running on lab2" in line for line in fleet.said)
    (record,) = fleet.driver("lab1").read_trash()
    assert record.due == "2026-12-22"


def test_a_move_takes_other_changes_along(fleet, home):
    state = fleet.make(home)
    wanted = fleet.moved(home, cpuCapPercent=120)

    _, after, _ = fleet.up(home, state, wanted)

    assert after["limits"]["cpuCapPercent"]["effective"] == 120


def test_another_host_without_intent_is_refused_and_names_the_command(fleet, home):
    state = fleet.make(home)
    for intent in ({}, {"move": {"from": "lab3", "live": True}}):
        wanted = fleet.placed(home, "lab2", **intent)
        with pytest.raises(Refused, match="vps move example-coop/web1 lab2"):
            fleet.up(home, state, wanted)

    assert fleet.holders(home) == ["lab1"]


def test_a_move_that_ended_before_state_was_written_is_found(fleet, home):
    state = fleet.make(home)
    wanted = fleet.moved(home)
    fleet.up(home, state, wanted)

    inputs, after, words = fleet.up(home, state, wanted)

    assert words == []
    assert after["host"]["name"] == "lab2"
    assert any("found on lab2" in line for line in fleet.said)
    assert fleet.settled(inputs, after, wanted)


def test_a_cut_move_is_ended_by_the_next_run_and_undone_when_it_is_not_wanted_any_more(fleet, home):
    state = fleet.make(home)
    wanted = fleet.moved(home)
    fleet.break_off("lab2", "move.copy", "unreachable", home, state, wanted)
    assert fleet.machine("lab1", home).power is Power.OFF

    inputs, after, words = fleet.up(home, state, home)

    assert any("is undone" in line for line in words)
    assert fleet.holders(home) == ["lab1"]
    assert fleet.machine("lab1", home).power is Power.RUNNING
    assert fleet.settled(inputs, after, home)
    fleet.break_off("lab1", "move.park", "lose-answer", inputs, after, wanted)
    with pytest.raises(Refused, match="it has left lab1 for lab2"):
        fleet.up(inputs, after, home)
    with pytest.raises(Refused, match="is not finished"):
        fleet.resource().delete(home["uuid"], fleet.resource().read(home["uuid"], URN, after, inputs)[1])

    inputs, after, words = fleet.up(inputs, after, wanted)

    assert any("its move to lab2 was interrupted" in line for line in words)
    assert fleet.holders(home) == ["lab2"]
    assert fleet.settled(inputs, after, wanted)


def test_a_move_to_a_host_that_is_lost_meanwhile_is_undone_where_the_machine_is_whole(fleet, home):
    """Its guest was shut down for the copy, and must not wait for a host that may never come back."""
    state = fleet.make(home)
    wanted = fleet.moved(home)
    fleet.break_off("lab2", "move.copy", "unreachable", home, state, wanted)
    fleet.silence("lab2")
    with pytest.raises(DriverError, match="does not exist"):
        fleet.up(home, state, home)
    assert fleet.machine("lab1", home).power is Power.OFF
    fleet.declare_lost("lab2")

    inputs, after, words = fleet.up(home, state, home)

    assert any("is undone" in line for line in words)
    assert fleet.machine("lab1", home).power is Power.RUNNING
    assert fleet.settled(inputs, after, home)


@pytest.mark.parametrize(("live", "step"), [(False, "move.park"), (True, "move.migrate")])
def test_a_machine_that_may_have_gone_over_is_not_started_again_when_its_target_is_lost(fleet, home, live, step):
    state = fleet.make(home)
    wanted = fleet.moved(home, live=live)
    fleet.break_off("lab1", step, "lose-answer", home, state, wanted)
    fleet.lose("lab2")

    with pytest.raises(Refused, match=r"has left lab1|changed hands"):
        fleet.up(home, state, home)

    assert fleet.machine("lab1", home).power is Power.OFF


@pytest.mark.parametrize("answers", [True, False])
def test_an_undone_move_asks_its_target_that_is_declared_lost(fleet, home, answers):
    """What arrived there is cleared away when it answers, and nobody waits for it when it doesn't."""
    state = fleet.make(home)
    wanted = fleet.moved(home)
    fleet.break_off("lab2", "move.copy", "unreachable", home, state, wanted)
    fleet.declare_lost("lab2")
    if not answers:
        fleet.silence("lab2")

    fleet.up(home, state, home)

    if not answers:
        fleet.speak("lab2")
    assert fleet.holders(home) == (["lab1"] if answers else ["lab1", "lab2"])
    assert fleet.machine("lab1", home).power is Power.RUNNING


def test_a_rebuild_moves_nothing(fleet, home, monkeypatch):
    """Where state is there already, a declared move waits for an `up`."""
    state = fleet.make(home)
    wanted = fleet.moved(home)
    monkeypatch.setenv(REBUILD, "[]")
    changes = fleet.resource().changes(home, state, wanted)
    with pytest.raises(Refused, match="a rebuild touches no machine"):
        fleet.resource().update(home["uuid"], URN, state, wanted, changes)
    assert fleet.machine("lab2", home) is None
    assert fleet.machine("lab1", home).power is Power.RUNNING
