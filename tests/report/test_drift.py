"""Each difference between state and hosts is named by what it means, and silence is never "no drift"."""

from dataclasses import replace

import pytest

from components.domain.limits import Reading
from components.drivers.base import Machine, Mark, Phase, Power
from components.report.drift import audit
from components.report.evidence import Answer, Recorded

UUID = "8f0c9a3e-0000-5000-8000-000000000001"
OTHER = "8f0c9a3e-0000-5000-8000-000000000002"
BAG = {
    "uuid": UUID,
    "title": "coop/web1",
    "host": {"name": "kvm1"},
    "incarnation": "i1",
    "phase": "ready",
    "vcpus": 2,
    "cpuCapPercent": 150,
    "memoryMib": 2048,
    "disks": {"root": {"sizeGib": 10, "iops": 1000, "rateMibS": 100}},
    "nics": {"n0": {"mac": "m", "attach": "bridge:br0", "addresses": ["192.0.2.10/24"], "antispoof": True}},
}
WANTED = {
    "vcpus": 2,
    "cpuCapPercent": 150,
    "memoryMib": 2048,
    "disks.root.sizeGib": 10,
    "disks.root.iops": 1000,
    "disks.root.rateMibS": 100,
}
STATE = Recorded("client.coop", BAG)


def mark(**changes):
    made = Mark(fleet="demo", backend="b", urn="u", client="c", vps="v", phase=Phase.READY, incarnation="i1")
    return replace(made, **changes)


def reading(configured, effective, source="read", **more):
    return Reading(configured=configured, effective=effective, source=source, **more)


def machine(readings=None, **changes):
    made = Machine(
        uuid=UUID,
        name="demo-c-v",
        mark=mark(),
        power=Power.RUNNING,
        readings={**{key: reading(value, value) for key, value in WANTED.items()}, **(readings or {})},
        macs={"n0": "m"},
        attach={"n0": "bridge:br0"},
        addresses={"n0": ("192.0.2.10/24",)},
        volumes={},
        guarded={"n0": True},
    )
    return replace(made, **changes)


def seen(*machines, recorded=(STATE,), declared=(UUID,), more=None, **answer):
    hosts = {"kvm1": Answer(machines=machines, **answer), **(more or {})}
    return audit("demo", recorded, hosts, frozenset(declared))


def kinds(found):
    return [(finding.kind, finding.key) for finding in found.findings]


def test_a_machine_as_recorded_is_no_finding():
    found = seen(machine())

    assert (found.findings, found.notes, found.machines) == ((), (), 1)
    assert not found.has_drift
    assert not found.is_unsure


@pytest.mark.parametrize(
    ("key", "told", "kind"),
    [
        ("memoryMib", reading(1024, 1024), "breach"),
        ("cpuCapPercent", reading(150, 20), "breach"),
        ("cpuCapPercent", reading(150, None, "no limit in force", absent=True), "giveaway"),
        ("disks.root.iops", reading(None, None, absent=True), "giveaway"),
        ("disks.root.iops", reading(5000, 1000), "giveaway"),
        ("disks.root.sizeGib", reading(8, None, "not asked in a list"), "breach"),
    ],
)
def test_less_than_sold_is_a_breach_and_more_a_giveaway(key, told, kind):
    found = seen(machine({key: told}))

    assert kinds(found) == [(kind, key)]
    assert found.findings[0].machine == "coop/web1"


def test_what_waits_for_a_reboot_is_a_note():
    found = seen(machine({"memoryMib": reading(2048, 1024)}, reboot_required=("memoryMib",)))

    assert found.findings == ()
    assert "waiting for the next reboot" in found.notes[0]


def test_a_cap_that_an_adopted_machine_never_had_is_no_finding():
    bag = {**BAG, "cpuCapPercent": 0}

    assert (
        seen(machine({"cpuCapPercent": reading(None, None, absent=True)}), recorded=[Recorded("s", bag)]).findings == ()
    )


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"lost_disks": ("root",)}, "disks.root"),
        ({"macs": {"n0": "other"}}, "nics.n0.mac"),
        ({"attach": {"n0": "bridge:br9"}}, "nics.n0.attach"),
        ({"addresses": {"n0": ("192.0.2.99/24",)}}, "nics.n0.addresses"),
        ({"guarded": {"n0": False}}, "nics.n0.antispoof"),
        ({"mark": mark(phase=Phase.ENDING)}, "phase"),
    ],
)
def test_what_endangers_a_machine_is_danger(changes, key):
    assert kinds(seen(machine(**changes))) == [("danger", key)]


def test_an_anti_spoofing_that_nobody_can_tell_is_no_danger():
    assert seen(machine(guarded={"n0": None})).findings == ()


def test_a_machine_that_its_host_does_not_hold_is_missing():
    assert kinds(seen()) == [("missing", "machine")]


def test_one_that_was_never_finished_is_not_missing():
    assert seen(recorded=[Recorded("s", {**BAG, "phase": "creating"})]).findings == ()


@pytest.mark.parametrize(
    ("phase", "words"),
    [(Phase.STARTING, "made or restored"), (Phase.CREATING, "its creation was interrupted")],
)
def test_what_up_goes_on_with_is_said_as_far_as_it_is(phase, words):
    (finding,) = seen(machine(mark=mark(phase=phase))).findings

    assert (finding.kind, finding.key) == ("benign", "phase")
    assert words in finding.words


def test_where_only_files_speak_nobody_can_tell_whether_it_was_made():
    found = seen(recorded=[Recorded("s", BAG, delivered=None)])

    assert kinds(found) == [("unknown", "machine")]
    assert found.is_unsure
    assert not found.has_drift


def test_a_silent_host_is_unknown_and_its_machines_are_not_missing():
    found = seen(silent="no route")

    assert kinds(found) == [("unknown", "host")]
    assert "1 machines" in found.findings[0].words
    assert not found.has_drift


def test_a_host_that_is_declared_lost_is_danger_when_it_answers_and_nothing_unknown_while_it_is_silent():
    found = seen(machine(), lost="2026-11-22 10:00 UTC")
    assert kinds(found) == [("danger", "lost")]
    assert "declared lost since 2026-11-22 10:00 UTC, yet it answers: vps host return kvm1" in found.findings[0].words

    found = seen(silent="no route", lost="2026-11-22 10:00 UTC")
    assert found.findings == ()
    assert "1 machines wait" in found.notes[0]
    lost = {"kvm2": Answer(silent="no route", lost="2026-11-22 10:00 UTC")}
    assert kinds(seen(more=lost)) == [("missing", "machine")]


def test_a_missing_machine_says_who_was_silent():
    found = seen(more={"kvm2": Answer(silent="no route")})

    assert [finding.kind for finding in found.findings] == ["missing", "unknown"]
    assert "kvm2" in found.findings[0].words


def test_a_host_that_no_file_declares_is_unknown():
    found = audit("demo", [STATE], {}, frozenset())

    assert kinds(found) == [("unknown", "host")]


def test_a_machine_that_moved_is_benign_and_its_limits_are_still_judged():
    moved = machine({"vcpus": reading(1, 1)})
    found = seen(more={"kvm2": Answer(machines=[moved])})

    assert [(finding.kind, finding.host) for finding in found.findings] == [("breach", "kvm2"), ("benign", "kvm2")]


def test_two_copies_are_danger_and_what_a_move_left_is_not():
    assert kinds(seen(machine(), more={"kvm2": Answer(machines=[machine()])})) == [("danger", "copies")]
    left = machine(mark=mark(phase=Phase.LEFT))
    assert kinds(seen(machine(), more={"kvm2": Answer(machines=[left])})) == [("benign", "move")]
    arriving = machine(mark=mark(phase=Phase.ARRIVING))
    assert kinds(seen(machine(), more={"kvm2": Answer(machines=[arriving])})) == [("benign", "move")]


def test_another_incarnation_is_foreign_and_nothing_else_of_it_is_told():
    assert kinds(seen(machine(mark=mark(incarnation="i2"), lost_disks=("root",)))) == [("foreign", "mark")]
    taken = machine(mark=mark(incarnation="i2", previous="i1"))
    assert kinds(seen(taken)) == [("benign", "mark")]


def test_machines_of_our_fleet_that_nobody_knows_are_foreign_and_other_fleets_are_not_ours():
    stray = machine(uuid=OTHER, addresses={})
    assert kinds(seen(machine(), stray)) == [("foreign", "mark")]
    assert kinds(seen(machine(), stray, declared=(UUID, OTHER))) == [("benign", "state")]
    assert seen(machine(), replace(stray, mark=mark(fleet="their"))).findings == ()


def test_an_address_that_somebody_else_has_is_danger():
    stray = machine(uuid=OTHER, mark=mark(fleet="their"))

    found = seen(machine(), stray)

    assert kinds(found) == [("danger", "nics.n0.addresses")]
    assert OTHER in found.findings[0].words


def test_what_is_in_force_is_unknown_where_a_probe_failed_and_a_note_where_none_is_declared():
    untold = machine({"cpuCapPercent": reading(150, None, "unknown: the probe of the host failed: denied")})
    assert kinds(seen(untold)) == [("unknown", "cpuCapPercent")]
    found = seen(untold, has_probe=False)
    assert found.findings == ()
    assert "kvm1: cpuCapPercent: 1 machines" in found.notes[0]


def test_a_stack_whose_state_is_broken_is_unknown():
    found = audit("demo", [], {}, frozenset(), {"client.coop": "broken"})

    assert [(finding.kind, finding.stack) for finding in found.findings] == [("unknown", "client.coop")]


def test_as_data():
    told = seen(machine({"vcpus": reading(1, 1)})).document()

    assert told["machines"] == 1
    assert told["findings"][0] == {
        "kind": "breach",
        "machine": "coop/web1",
        "host": "kvm1",
        "key": "vcpus",
        "words": "2 declared, 1 configured",
        "stack": "client.coop",
    }
