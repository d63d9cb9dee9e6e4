"""What a move promises, whatever is cut at which step: never two, and in the end one, whole, on one host."""

from dataclasses import replace

import pytest

from components.drivers.base import Power
from components.drivers.errors import DriverError, HostUnreachable, Refused
from components.drivers.moving import Move
from tests.drivers.fake_host import FakeHost
from tests.drivers.pairs import at_most_one, back_on_the_source, fake_pair, one_on_the_target, pair_mark

COLD = ("note", "arrive", "halt", "send", "copy", "verify", "park", "arm", "start", "trash", "clear")
LIVE = ("note", "arrive", "copy", "verify", "room", "park", "migrate", "trash", "clear")
TARGET = ("arrive", "copy", "verify", "arm", "start", "room")
"""Steps that happen on the host where the machine arrives."""
REAL = pytest.mark.lab
KILLS = [
    *(("fake", False, step, when) for when in ("before", "after") for step in COLD),
    *(("fake", True, step, when) for when in ("before", "after") for step in LIVE),
    # On real hosts those cuts that leave something else than the one before: each costs a guest.
    *(pytest.param("libvirt", False, step, "after", marks=REAL) for step in ("park", "trash")),
    *(pytest.param("libvirt", True, step, "after", marks=REAL) for step in ("park", "migrate")),
]


@pytest.mark.parametrize(("pair", "live", "step", "when"), KILLS, indirect=["pair"])
def test_killed_at_any_step_it_ends_whole_on_the_target_with_the_next_run(pair, live, step, when):
    spec, machine = pair.make()
    struck = pair.two if step in TARGET else pair.one
    struck.fault({"step": f"move.{step}", "do": "kill", "when": when})

    assert pair.move_apart(spec, machine.mark, live=live) == -9
    at_most_one(pair, spec)
    pair.move(spec, pair_mark(pair, spec), live=live)

    one_on_the_target(pair, spec, machine)


FAILURES = [
    *(("fake", False, step) for step in ("arrive", "halt", "send", "copy", "verify", "park")),
    *(("fake", True, step) for step in ("arrive", "copy", "verify", "room", "park", "migrate")),
    pytest.param("libvirt", False, "verify", marks=REAL),
    pytest.param("libvirt", True, "migrate", marks=REAL),
]


@pytest.mark.parametrize(("pair", "live", "step"), FAILURES, indirect=["pair"])
def test_what_fails_before_the_disks_change_hands_is_undone(pair, live, step):
    spec, machine = pair.make()
    struck = pair.two if step in TARGET else pair.one
    struck.fault({"step": f"move.{step}", "do": "fail"})

    with pytest.raises(DriverError, match="a fault asked for"):
        pair.move(spec, machine.mark, live=live)

    back_on_the_source(pair, spec, machine)
    assert any("undone" in words for words in pair.said)
    pair.move(spec, pair_mark(pair, spec), live=live)
    one_on_the_target(pair, spec, machine)


@pytest.mark.parametrize(
    ("pair", "step"),
    [
        *(("fake", step) for step in ("note", "copy", "park", "arm", "clear")),
        pytest.param("libvirt", "arm", marks=REAL),
    ],
    indirect=["pair"],
)
def test_a_lost_answer_leaves_everything_to_the_next_run(pair, step):
    spec, machine = pair.make()
    (pair.two if step in TARGET else pair.one).fault({"step": f"move.{step}", "do": "lose-answer"})

    with pytest.raises(HostUnreachable):
        pair.move(spec, machine.mark)
    at_most_one(pair, spec)

    pair.move(spec, pair_mark(pair, spec))
    one_on_the_target(pair, spec, machine)


def test_a_move_that_is_not_wanted_any_more_is_undone_and_its_guest_runs_again(pair):
    spec, machine = pair.make()
    pair.two.fault({"step": "move.copy", "do": "kill", "when": "after"})
    assert pair.move_apart(spec, machine.mark) == -9
    assert pair.standings(spec)[0].power is Power.OFF

    pair.call_off(spec, pair_mark(pair, spec))

    back_on_the_source(pair, spec, machine)


def test_a_machine_that_has_left_can_not_be_called_back_by_an_edit(pair):
    spec, machine = pair.make()
    pair.one.fault({"step": "move.park", "do": "kill", "when": "after"})
    assert pair.move_apart(spec, machine.mark) == -9

    with pytest.raises(Refused, match="already"):
        pair.call_off(spec, pair_mark(pair, spec))
    pair.move(spec, pair_mark(pair, spec))

    one_on_the_target(pair, spec, machine)


def test_what_arrived_of_a_move_from_elsewhere_is_no_hindrance(tmp_path):
    """A machine whose first move was undone by hand: the copy has no disk, and makes room for the next."""
    pair = fake_pair(tmp_path)
    spec, machine = pair.make()
    pair.two.fault({"step": "move.copy", "do": "kill", "when": "after"})
    assert pair.move_apart(spec, machine.mark) == -9
    arrived = pair.two.world.get("domains", spec.uuid)
    pair.two.world.put("domains", spec.uuid, arrived | {"mark": arrived["mark"] | {"move": "from:elsewhere"}})

    pair.move(spec, pair_mark(pair, spec))

    one_on_the_target(pair, spec, machine)


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("step", ["note", "park", "migrate"])
def test_a_move_to_a_third_host_brings_nothing_back_before_the_first_is_ended(tmp_path, live, step):
    """The file was edited between two attempts: the guest may have gone over to the host that was meant first."""
    pair = fake_pair(tmp_path)
    (tmp_path / "three").mkdir()
    third = FakeHost(tmp_path / "three")
    third.ref = replace(third.ref, name="fake3")
    spec, machine = pair.make()
    pair.one.fault({"step": f"move.{step}", "do": "kill", "when": "after"})
    pair.two.fault({"step": "move.arm", "do": "kill", "when": "after"})  # The cold one has no `migrate`.
    assert pair.move_apart(spec, machine.mark, live=live) == -9
    for host in (pair.one, pair.two):
        host.fault()
    before = pair.standings(spec)
    elsewhere = Move(pair.one.driver().gate(), third.driver().gate(), spec, pair_mark(pair, spec), print)

    with pytest.raises(Refused, match="another move was begun and not finished: to fake2"):
        elsewhere.run(live=live)

    assert pair.standings(spec) == before
    at_most_one(pair, spec)
    pair.move(spec, pair_mark(pair, spec), live=live)
    one_on_the_target(pair, spec, machine)


def test_a_target_that_can_not_start_it_gives_it_back(pair):
    spec, machine = pair.make()
    pair.two.fault({"step": "move.start", "do": "fail"})

    with pytest.raises(DriverError, match="a fault asked for"):
        pair.move(spec, machine.mark)

    back_on_the_source(pair, spec, machine)
    assert any("could not start it, so it is back" in words for words in pair.said)


@pytest.mark.parametrize("step", ["stay", "forget"])
def test_taking_it_back_can_be_cut_as_well(tmp_path, step):
    """On fake hosts, where each cut is cheap: one machine in the end, on one host."""
    pair = fake_pair(tmp_path)
    for when in ("before", "after"):
        spec, machine = pair.make()
        start = {"step": "move.start", "do": "fail"}
        cut = {"step": f"move.{step}", "do": "kill", "when": when}
        pair.one.fault(cut)
        pair.two.fault(start, cut)
        assert pair.move_apart(spec, machine.mark) == -9
        at_most_one(pair, spec)

        pair.move(spec, pair_mark(pair, spec))

        one_on_the_target(pair, spec, machine)
