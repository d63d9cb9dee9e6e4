from dataclasses import replace

import pytest

from components.domain.clients import Move, Restore
from components.domain.hosts import Loss
from components.domain.rules.moves import problems
from components.domain.rules.references import NOTHING
from tests.domain.sample import HOST, client, fleet, vps

LOST = replace(HOST, lost=Loss(since="2026-11-22 10:00 UTC", fenced="power pulled by Olena"))


def found(machine, host=HOST):
    return list(problems(fleet(client("example-coop", machine), hosts={"kvm1": host}), NOTHING))


@pytest.mark.parametrize(
    "machine",
    [
        vps(),
        vps(move=Move(source="kvm2", live=True)),
        vps(restore=Restore(source="kvm2", empty=True)),
        vps(restore=Restore(source="kvm2", disk="/backup/web1.qcow2", sha256="ab" * 32)),
    ],
)
def test_whole_intents_are_no_problem(machine):
    assert found(machine) == []


@pytest.mark.parametrize(
    ("restore", "said"),
    [
        (Restore(source="kvm2"), "doesn't say where its disk comes from"),
        (Restore(source="kvm2", disk="/backup/web1.qcow2"), "doesn't say where its disk comes from"),
        (Restore(source="kvm2", disk="/b.qcow2", sha256="ab" * 32, empty=True), "and to be empty"),
        (Restore(source="kvm2", disk="b.qcow2", sha256="ab" * 32), "no absolute path"),
    ],
)
def test_a_restore_that_does_not_say_from_what_is_told(restore, said):
    (problem,) = found(vps(restore=restore))

    assert said in problem.message
    assert problem.blocks


def test_a_machine_on_a_lost_host_is_told_with_both_ways_out_and_stops_nothing():
    (problem,) = found(vps(), LOST)

    assert not problem.blocks
    assert "kvm1 is lost since 2026-11-22 10:00 UTC" in problem.message
    assert "vps restore example-coop/web1 --to HOST" in problem.remedy
    assert "vps host return kvm1" in problem.remedy
