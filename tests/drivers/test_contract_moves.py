"""What a move promises, on two fake hosts and on two real ones: one machine, whole, and only by who may move it."""

from dataclasses import replace

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import Changed, HostFull, Missing, NotOurs, Refused
from tests.drivers.pairs import back_on_the_source, fake_pair, one_on_the_target, pair_mark


@pytest.mark.parametrize("live", [False, True])
def test_a_running_machine_moves_and_comes_back(pair, live):
    spec, machine = pair.make()

    pair.move(spec, machine.mark, live=live)

    one_on_the_target(pair, spec, machine)
    assert any("is running on" in words for words in pair.said)
    _, there = pair.read(spec)
    pair.move(spec, there.mark, live=live, back=True)
    here, there = pair.read(spec)
    assert there is None
    assert here.power is Power.RUNNING
    assert here.volumes["root"] != machine.volumes["root"]


@pytest.mark.parametrize("live", [False, True])
def test_a_machine_that_is_down_stays_down_on_its_new_host(pair, live):
    spec, machine = pair.make(start=False)

    pair.move(spec, machine.mark, live=live)

    one_on_the_target(pair, spec, machine, power=Power.OFF)
    assert any("sha256" in words for words in pair.said)


def test_a_suspended_machine_is_suspended_on_its_new_host(pair):
    """Nothing but `vps resume` brings it back."""
    spec, machine = pair.make()
    with pair.drivers() as (one, _):
        suspended = one.power(spec.uuid, "suspended", machine.mark)
    pair.move(spec, suspended.mark)

    _, there = pair.read(spec)
    assert (there.power, there.mark.wish) == (Power.OFF, "suspended")


def test_a_target_without_room_costs_no_second_of_uptime(tmp_path):
    """On fake hosts: the real one's admission is the contract of create, and a guest of a host's size is no test."""
    pair = fake_pair(tmp_path)
    spec, machine = pair.make()
    pair.two.world.folder.joinpath("host.json").write_text('{"memoryMib": 10}')
    before = pair.one.world.get("domains", spec.uuid)["boots"]

    with pytest.raises(HostFull, match="are needed"):
        pair.move(spec, machine.mark)

    back_on_the_source(pair, spec, machine)
    assert pair.one.world.get("domains", spec.uuid)["boots"] == before


def test_a_paused_guest_is_not_moved_because_its_memory_would_be_lost(pair):
    spec, machine = pair.make()
    with pair.drivers() as (one, _):
        machine = one.power(spec.uuid, "paused", machine.mark)

    for live in (False, True):
        with pytest.raises(Refused, match="is paused"):
            pair.move(spec, machine.mark, live=live)

    back_on_the_source(pair, spec, machine, power=Power.PAUSED)


def test_while_it_moves_nobody_else_starts_or_changes_it(pair):
    spec, machine = pair.make(start=False)
    pair.one.fault({"step": "move.park", "do": "kill", "when": "after"})
    assert pair.move_apart(spec, machine.mark) == -9
    here, there = pair.standings(spec)
    assert (here.mark.phase, there.mark.phase) == (Phase.LEFT, Phase.ARRIVING)

    with pair.drivers() as drivers:
        for driver, standing in zip(drivers, (here, there), strict=True):
            with pytest.raises(Refused, match="is not finished"):
                driver.power(spec.uuid, "running", standing.mark)
            with pytest.raises(Refused, match="is not finished"):
                driver.update(spec, standing.mark)
            with pytest.raises(Refused, match="is not finished"):
                driver.create(spec, b"", pair.one.mark(spec))
            with pytest.raises(Refused, match="is not finished"):
                driver.delete(spec.uuid, standing.mark.incarnation, "2030-01-01")
        assert all(found.power is Power.OFF for found in pair.standings(spec))

    pair.move(spec, here.mark)
    one_on_the_target(pair, spec, machine, power=Power.OFF)


def test_what_was_started_by_hand_in_the_midst_of_a_move_runs_afterwards(pair):
    spec, machine = pair.make()
    with pair.drivers() as (one, _):
        machine = one.power(spec.uuid, "off", machine.mark)
    pair.two.fault({"step": "move.copy", "do": "kill", "when": "after"})
    assert pair.move_apart(spec, machine.mark) == -9
    pair.two.fault()
    pair.one.start_by_hand(spec)

    pair.move(spec, pair_mark(pair, spec))

    one_on_the_target(pair, spec, machine)


def test_only_who_knows_the_machine_as_it_is_moves_it(pair):
    spec, machine = pair.make(start=False)
    with pytest.raises(NotOurs):
        pair.move(spec, replace(machine.mark, incarnation="another"))
    with pytest.raises(Changed):
        pair.move(spec, replace(machine.mark, revision=machine.mark.revision - 1))

    back_on_the_source(pair, spec, machine, power=Power.OFF)


def test_two_whole_copies_are_touched_by_nobody(pair):
    spec, machine = pair.make(start=False)
    with pair.drivers() as (_, two):
        two.create(spec, b"seed", machine.mark)

    with pytest.raises(Refused, match="two copies of one machine"):
        pair.move(spec, machine.mark)

    assert all(found.armed and found.power is Power.OFF for found in pair.standings(spec))


def test_a_machine_that_both_hosts_lack_is_said(pair):
    spec, machine = pair.make(start=False)
    pair.one.lose(spec)

    with pytest.raises(Missing, match="neither"):
        pair.move(spec, machine.mark)
