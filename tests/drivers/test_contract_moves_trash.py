"""What a move leaves behind: former disks, which are neither lost nor a second machine."""

import pytest

from components.drivers.base import Power
from components.drivers.errors import DriverError, Refused
from tests.drivers.hosts import SEED
from tests.drivers.pairs import one_on_the_target, pair_mark


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
