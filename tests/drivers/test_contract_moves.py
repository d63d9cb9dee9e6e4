"""What a move promises, on two fake hosts and on two real ones: one machine, whole, whatever is cut at which step."""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from components.drivers.base import DiskFile, Phase, Power
from components.drivers.errors import (
    Changed,
    DriverError,
    HostFull,
    HostUnreachable,
    Interrupted,
    Missing,
    NotOurs,
    Refused,
)
from components.drivers.moving import Move
from tests.drivers.fake_host import FakeHost
from tests.drivers.hosts import SEED
from tests.drivers.libvirt_host import LibvirtHost
from tests.drivers.pairs import Pair, content, fake_pair, libvirt_pair

COLD = ("note", "arrive", "halt", "send", "copy", "verify", "park", "arm", "start", "trash", "clear")
LIVE = ("note", "arrive", "copy", "verify", "room", "park", "migrate", "trash", "clear")
TARGET = ("arrive", "copy", "verify", "arm", "start", "room")
"""Steps that happen on the host where the machine arrives."""


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with libvirt_pair(tmp_path_factory.mktemp("pair")) as made:
        yield made


@pytest.fixture(params=["fake", pytest.param("libvirt", marks=pytest.mark.lab)])
def pair(request, tmp_path) -> Iterator[Pair]:
    made = fake_pair(tmp_path) if request.param == "fake" else request.getfixturevalue("labs")
    made.said.clear()
    yield made
    made.clean()


def at_most_one(pair: Pair, spec) -> None:
    """At this instant no two hosts could run it, and no two do."""
    found = [standing for standing in pair.standings(spec) if standing is not None]
    assert sum(standing.armed for standing in found) <= 1
    assert sum(standing.power is Power.RUNNING for standing in found) <= 1


def one_on_the_target(pair: Pair, spec, machine, *, power: Power = Power.RUNNING) -> None:
    """The machine is on the target alone, with everything that makes it this machine."""
    here, there = pair.read(spec)
    assert here is None
    assert there is not None
    assert there.mark is not None
    assert (there.power, there.mark.phase, there.mark.move) == (power, Phase.READY, "")
    assert there.mark.incarnation == machine.mark.incarnation
    assert (there.uuid, there.name, there.macs, there.addresses) == (
        machine.uuid,
        machine.name,
        machine.macs,
        machine.addresses,
    )
    assert {key: reading.configured for key, reading in there.readings.items()} == {
        key: reading.configured for key, reading in machine.readings.items()
    }
    assert there.lost_disks == ()
    former = content(pair.one, spec, machine.volumes["root"])
    if power is Power.OFF:
        assert content(pair.two, spec, there.volumes["root"]) == former
    with pair.drivers() as (one, _):
        (record,) = [found for found in one.read_trash() if found.uuid == spec.uuid]
    assert record.why == f"moved to {pair.two.ref.name}"
    assert record.due == "2030-01-01"
    assert record.addresses == ()
    assert record.volumes == machine.volumes


def back_on_the_source(pair: Pair, spec, machine, *, power: Power = Power.RUNNING) -> None:
    here, there = pair.read(spec)
    assert there is None
    assert (here.power, here.mark.phase, here.mark.move) == (power, Phase.READY, "")
    assert here.volumes == machine.volumes
    assert here.lost_disks == ()
    two = pair.two.volumes(spec)
    assert two == {}


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


def pair_mark(pair: Pair, spec):
    """The mark as a refresh reads it before the next run."""
    here, there = pair.standings(spec)
    return (here or there).mark


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


def test_its_former_disks_never_become_a_second_machine(pair):
    spec, machine = pair.make(start=False)
    pair.move(spec, machine.mark)
    with pair.drivers() as (one, _):
        (record,) = [found for found in one.read_trash() if found.uuid == spec.uuid]
        with pytest.raises(Refused, match="where it lives on"):
            one.restore(record.key)

    one_on_the_target(pair, spec, machine, power=Power.OFF)


def test_a_moved_machine_that_ended_comes_back_with_its_disk_and_is_never_made_anew_beside_it(pair):
    """Its disk has another name since the move, so that name alone would not stand in the way."""
    spec, machine = pair.make(start=False)
    pair.move(spec, machine.mark)
    with pair.drivers() as (_, two):
        there = two.read(spec.uuid)
        two.delete(spec.uuid, there.mark.incarnation, "2030-01-01")
        with pytest.raises(Refused, match="vps trash restore"):
            two.create(spec, SEED, pair.two.mark(spec))

        assert two.restore(spec.uuid).volumes == there.volumes


def test_a_second_end_on_the_host_of_a_first_one_forgets_neither_disk(pair):
    spec, machine = pair.make(start=False)
    with pair.drivers() as (_, two):
        first = two.create(spec, SEED, pair.two.mark(spec))
        two.delete(spec.uuid, first.mark.incarnation, "2029-01-01")
    pair.move(spec, machine.mark)
    with pair.drivers() as (_, two):
        there = two.read(spec.uuid)
        two.delete(spec.uuid, there.mark.incarnation, "2030-01-01")

        found = [record for record in two.read_trash() if record.uuid == spec.uuid]
        assert [(record.why, record.due, record.volumes) for record in found] == [
            ("ended", "2029-01-01", first.volumes),
            ("ended", "2030-01-01", there.volumes),
        ]
        newest = two.restore(found[-1].key)
        assert newest.volumes == there.volumes


def test_a_reinstallation_that_was_withdrawn_before_a_move_leaves_one_record(pair):
    spec, machine = pair.make(start=False)
    pair.one.fault({"step": "reinstall.trash", "do": "fail", "when": "after"})
    with pair.drivers() as (one, _), pytest.raises(DriverError, match="a fault asked for"):
        one.reinstall(spec, SEED, machine.mark, "2029-01-01")
    pair.one.fault()

    pair.move(spec, machine.mark)

    one_on_the_target(pair, spec, machine, power=Power.OFF)
    with pair.drivers() as (one, _):
        (record,) = [found for found in one.read_trash() if found.uuid == spec.uuid]
        one.empty(record.key, "2030-01-01", "")
        assert pair.one.volumes(spec) == {}


def test_what_a_machine_on_the_move_has_parked_is_no_trash(pair):
    """A record of a reinstallation that did not come about names the disk that is on the way."""
    spec, machine = pair.make(start=False)
    pair.one.fault({"step": "reinstall.trash", "do": "fail", "when": "after"})
    with pair.drivers() as (one, _), pytest.raises(DriverError, match="a fault asked for"):
        one.reinstall(spec, SEED, machine.mark, "2029-01-01")
    pair.one.fault({"step": "move.park", "do": "kill", "when": "after"})
    assert pair.move_apart(spec, machine.mark) == -9
    pair.one.fault()

    with pair.drivers() as (one, _):
        (record,) = [found for found in one.read_trash() if found.uuid == spec.uuid]
        assert record.in_use
        with pytest.raises(Refused, match="is there again"):
            one.empty(record.key, "2030-01-01", "")

    pair.move(spec, pair_mark(pair, spec))
    one_on_the_target(pair, spec, machine, power=Power.OFF)


def test_a_lost_machine_is_made_again_from_a_file_of_its_disk(pair, tmp_path):
    raw, path = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    raw.write_bytes(b"what the client had" * 5000 + bytes(2**20))
    subprocess.run(["qemu-img", "convert", "-q", "-O", "qcow2", raw, path], check=True)
    disk = DiskFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    spec = pair.one.spec()
    spec = replace(spec, disks={"root": replace(spec.disks["root"], origin=disk)})
    pair.one.fault({"step": "create.disk", "do": "fail", "when": "after"})
    with pair.drivers() as (one, _):
        with pytest.raises(Interrupted):
            one.create(spec, SEED, pair.one.mark(spec))

        machine = one.create(spec, SEED, pair.one.mark(spec))

        assert (machine.power, machine.mark.phase, machine.lost_disks) == (Power.RUNNING, Phase.READY, ())
        assert machine.readings["disks.root.sizeGib"].configured == 1
    if isinstance(pair.one, LibvirtHost):
        volume = pair.one.pool_folder / machine.volumes["root"]
        subprocess.run(["qemu-img", "convert", "-U", "-q", "-O", "raw", volume, raw], check=True)
        assert raw.read_bytes()[: 19 * 5000] == b"what the client had" * 5000
    path.write_bytes(b"QFI\xfb other")
    other = pair.one.spec()
    other = replace(other, disks={"root": replace(other.disks["root"], origin=disk)})
    with pair.drivers() as (one, _), pytest.raises(DriverError, match="the client's file says"):
        one.create(other, SEED, pair.one.mark(other))
    assert pair.one.names_like(other) == []


def test_a_paused_guest_is_not_moved_because_its_memory_would_be_lost(pair):
    spec, machine = pair.make()
    with pair.drivers() as (one, _):
        machine = one.power(spec.uuid, "paused", machine.mark)

    for live in (False, True):
        with pytest.raises(Refused, match="is paused"):
            pair.move(spec, machine.mark, live=live)

    back_on_the_source(pair, spec, machine, power=Power.PAUSED)


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
