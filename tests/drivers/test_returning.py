"""A host that was lost is back, on fake hosts: what is stale goes, everything else is left alone and told."""

from dataclasses import replace

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import HostUnreachable
from components.drivers.marks import as_values
from components.drivers.returning import Fate, judge, put_away
from tests.drivers.hosts import SEED
from tests.drivers.pairs import fake_pair


@pytest.fixture
def pair(tmp_path):
    return fake_pair(tmp_path)


def restored(pair, **changes):
    """A machine of host one, made anew on host two under another incarnation; the first one's copy is off."""
    spec, machine = pair.make(**changes)
    with pair.drivers() as (one, two):
        two.create(spec, SEED, replace(pair.one.mark(spec), previous=machine.mark.incarnation))
        one.power(spec.uuid, "off", machine.mark)
    return spec


def verdicts(pair, declared, read=None):
    with pair.drivers() as (one, two):
        ask = read or (lambda host, uuid: {"fake2": two}[host].read(uuid))
        return list(judge("fake1", one.read_all(), declared, ask))


def test_a_stale_copy_goes_to_the_trash_and_never_comes_back_as_a_machine(pair):
    spec = restored(pair)
    (verdict,) = verdicts(pair, {spec.uuid: "fake2"})
    assert (verdict.fate, verdict.why, verdict.now) == (Fate.STALE, "it is running on fake2", "fake2")

    with pair.drivers() as (one, two):
        put_away(one, verdict, "2030-01-01")
        assert one.read(spec.uuid) is None
        assert two.read(spec.uuid).power is Power.RUNNING
        (record,) = one.read_trash()
    assert (record.why, record.due) == ("moved to fake2", "2030-01-01")
    assert pair.one.volumes(spec)  # Its disks are there still.


def test_one_that_was_cut_is_put_away_by_the_next_run(pair):
    spec = restored(pair)
    (verdict,) = verdicts(pair, {spec.uuid: "fake2"})
    pair.one.fault({"step": "move.trash", "do": "unreachable"})
    with pair.drivers() as (one, _):
        with pytest.raises(HostUnreachable):
            put_away(one, verdict, "")
        assert one.read(spec.uuid).mark.phase is Phase.LEFT

    (verdict,) = verdicts(pair, {spec.uuid: "fake2"})
    with pair.drivers() as (one, _):
        put_away(one, verdict, "")
        assert one.read(spec.uuid) is None


def test_what_belongs_there_stays(pair):
    spec, machine = pair.make()

    (verdict,) = verdicts(pair, {spec.uuid: "fake1"})

    assert verdict.fate is Fate.OWN
    with pair.drivers() as (one, _):
        assert one.read(spec.uuid) == machine


def test_a_file_that_was_put_back_starts_no_second_copy(pair):
    """Restored on fake2, then its lines were reverted: what runs there is the machine, and nobody brought it back."""
    spec = restored(pair)
    with pair.drivers() as (one, two):
        asked = {"fake2": two}

        def verdict(read=None):
            ask = read or (lambda host, uuid: asked[host].read(uuid))
            (found,) = judge("fake1", one.read_all(), {spec.uuid: "fake1"}, ask, ["fake2"])
            return found

        assert (verdict().fate, "fake2 has it as well, running" in verdict().why) == (Fate.UNKNOWN, True)
        pair.one.start_by_hand(spec)
        assert verdict().fate is Fate.TWIN

        def silent(host, uuid):
            raise HostUnreachable("Unable to read", f"{host} did not answer")

        assert (verdict(silent).fate, "could not tell" in verdict(silent).why) == (Fate.UNKNOWN, True)
        assert verdict(lambda _host, _uuid: None).fate is Fate.OWN


def test_a_machine_whose_guest_went_over_to_here_is_never_thrown_away_for_what_is_parked_there(pair):
    """A live move was cut after its switch, and the file was put back."""
    spec, machine = pair.make()
    pair.one.fault({"step": "move.migrate", "do": "kill", "when": "after"})
    assert pair.move_apart(spec, machine.mark, live=True) == -9
    pair.two.stop_by_hand(spec)

    with pair.drivers() as (one, two):
        (verdict,) = judge("fake2", two.read_all(), {spec.uuid: "fake1"}, lambda _host, uuid: one.read(uuid))
        (own,) = judge("fake2", two.read_all(), {spec.uuid: "fake2"}, lambda _host, uuid: one.read(uuid), ["fake1"])

    assert (verdict.fate, "whose move to fake2 is not finished" in verdict.why) == (Fate.UNKNOWN, True)
    assert own.fate is Fate.OWN


def test_a_copy_that_runs_while_the_machine_lives_elsewhere_is_a_twin(pair):
    spec = restored(pair)
    pair.one.start_by_hand(spec)

    (verdict,) = verdicts(pair, {spec.uuid: "fake2"})

    assert verdict.fate is Fate.TWIN
    assert "two copies of one machine" in verdict.why


def test_what_may_be_the_only_copy_is_unknown_and_left_alone(pair):
    spec, _ = pair.make()

    def silent(host, uuid):
        raise HostUnreachable("Unable to read", f"{host} did not answer")

    for read, said in (
        (lambda _host, _uuid: None, "which does not hold it: this may be the only copy"),
        (silent, "could not tell: fake2 did not answer"),
    ):
        (verdict,) = verdicts(pair, {spec.uuid: "fake2"}, read)
        assert (verdict.fate, said in verdict.why) == (Fate.UNKNOWN, True)
    (verdict,) = verdicts(pair, {})
    assert (verdict.fate, verdict.why) == (Fate.UNKNOWN, "no file declares it")


def test_one_that_is_not_finished_elsewhere_is_no_reason_to_throw_this_one_away(pair):
    spec = restored(pair)
    found = pair.two.world.get("domains", spec.uuid)
    with pair.drivers() as (_, two):
        mark = two.read(spec.uuid).mark
    pair.two.world.put("domains", spec.uuid, found | {"mark": as_values(replace(mark, phase=Phase.STARTING))})

    (verdict,) = verdicts(pair, {spec.uuid: "fake2"})

    assert verdict.fate is Fate.UNKNOWN
    assert "holds it starting" in verdict.why
