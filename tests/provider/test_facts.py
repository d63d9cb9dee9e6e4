"""What state remembers: three values per limit, and drift only where there is some."""

import copy
import dataclasses

import pytest

from components.domain.growth import Guest
from components.domain.limits import Reading
from components.domain.limits import declared as declared_limits
from components.drivers.base import Machine, Mark, Phase, Power
from components.provider.facts import guest, limit_table, observed_inputs, outputs
from components.provider.properties import Bag


def _machine(readings: dict[str, Reading], waiting: tuple[str, ...] = ()) -> Machine:
    return Machine(
        uuid="u",
        name="n",
        mark=None,
        power=Power.RUNNING,
        readings=readings,
        macs={},
        attach={},
        addresses={},
        volumes={},
        reboot_required=waiting,
    )


def test_declared_limits_have_the_keys_of_the_domain(news: Bag) -> None:
    """Every limit of the package, none besides."""
    assert set(declared_limits(news)) == {
        "vcpus",
        "cpuCapPercent",
        "memoryMib",
        "disks.root.sizeGib",
        "disks.root.iops",
        "disks.root.rateMibS",
        "nics.n0.rateMbitS",
    }


def test_unknown_effective_value_is_no_number(news: Bag) -> None:
    """`unknown` is not zero and not the declared value."""
    reading = Reading(configured=100, effective=None, source="not enforced by this host")
    row = limit_table(declared_limits(news), _machine({"nics.n0.rateMbitS": reading}))["nics.n0.rateMbitS"]
    assert row == {"declared": 100, "configured": 100, "source": "not enforced by this host"}


def test_what_the_host_cannot_tell_is_no_drift(news: Bag) -> None:
    """Noise would hide the real thing."""
    reading = Reading(configured=None, effective=None, source="unknown")
    assert observed_inputs(news, _machine({"vcpus": reading})) == news


def test_less_in_force_than_configured_is_drift(news: Bag) -> None:
    """Configuration as declared, but the kernel gives less: the client gets less than was sold."""
    reading = Reading(configured=150, effective=50, source="cgroup")
    assert observed_inputs(news, _machine({"cpuCapPercent": reading}))["cpuCapPercent"] == 50


def test_waiting_for_a_reboot_is_no_drift(news: Bag) -> None:
    """It was declared and configured; the guest gets it with its next boot."""
    reading = Reading(configured=2048, effective=1024, source="balloon")
    assert observed_inputs(news, _machine({"memoryMib": reading}, ("memoryMib",))) == news


def test_addresses_noted_otherwise_are_drift(news: Bag) -> None:
    """Somebody edited the host's note behind the file."""
    machine = dataclasses.replace(_machine({}), addresses={"n0": ("192.0.2.99/24",)})
    assert observed_inputs(news, machine)["nics"]["n0"]["addresses"] == ["192.0.2.99/24"]


def test_another_mac_and_another_network_are_drift(news: Bag) -> None:
    """Somebody rewired the machine behind the file; the declaration itself is not changed by looking."""
    declared = copy.deepcopy(news)
    machine = dataclasses.replace(_machine({}), macs={"n0": "52:54:00:00:00:99"}, attach={"n0": "bridge:br9"})
    seen = observed_inputs(news, machine)
    assert seen["nics"]["n0"] == {**news["nics"]["n0"], "mac": "52:54:00:00:00:99", "attach": "bridge:br9"}
    assert {**seen, "nics": {}} == {**news, "nics": {}}
    assert news == declared


_OURS = Mark(
    fleet="demo", backend="b1", urn="urn", client="c", vps="v", phase=Phase.READY, incarnation="ours", revision=3
)


def test_facts_of_ours_are_told_with_the_mark(news: Bag) -> None:
    """Present, with phase and revision as the host has them."""
    told = outputs(news, dataclasses.replace(_machine({}), mark=_OURS), seed_digest="d", incarnation="ours")
    assert (told["status"], told["phase"], told["revision"]) == ("present", "ready", 3)


@pytest.mark.parametrize("mark", [None, dataclasses.replace(_OURS, incarnation="theirs")], ids=["no mark", "another"])
def test_another_incarnation_is_not_ours_any_more(news: Bag, mark: Mark | None) -> None:
    """Neither its phase nor its revision is ours to use; what we knew it by stays."""
    told = outputs(news, dataclasses.replace(_machine({}), mark=mark), seed_digest="d", incarnation="ours")
    assert (told["status"], told["phase"], told["revision"]) == ("not ours any more", "", 0)
    assert told["incarnation"] == "ours"


def test_power_that_the_host_does_not_go_by_is_drift(news: Bag) -> None:
    """A mark of an older release says nothing of it: a machine that was declared down then is down, and no drift."""
    declared = {**news, "power": "stopped"}
    seen = {
        noted: observed_inputs(
            declared, dataclasses.replace(_machine({}), mark=dataclasses.replace(_OURS, power=noted))
        )["power"]
        for noted in ("stopped", "managed", "")
    }
    assert seen == {"stopped": "stopped", "managed": "managed", "": "stopped"}


@pytest.mark.parametrize(
    ("declared", "guarded", "seen"),
    [
        ({}, True, {}),
        ({}, False, {}),
        ({"antispoof": True}, False, {"antispoof": False}),
        ({"antispoof": True}, None, {"antispoof": True}),
        ({"antispoof": False}, True, {"antispoof": True}),
        ({"antispoof": False}, False, {"antispoof": False}),
    ],
)
def test_a_missing_filter_is_drift_and_an_unknown_one_is_not(
    news: Bag, declared: Bag, guarded: bool | None, seen: Bag
) -> None:
    """Inputs of an older release name nothing, and nothing was there."""
    news["nics"]["n0"].pop("antispoof", None)
    news["nics"]["n0"].update(declared)
    machine = dataclasses.replace(_machine({}), guarded={"n0": guarded})
    observed = observed_inputs(news, machine)["nics"]["n0"]
    assert {key: value for key, value in observed.items() if key == "antispoof"} == seen


def test_outputs_say_which_nics_are_guarded(news: Bag) -> None:
    """What nobody can tell is left out."""
    machine = dataclasses.replace(_machine({}), guarded={"n0": True, "n1": False, "n2": None})
    assert outputs(news, machine, seed_digest="", incarnation="i")["guarded"] == {"n0": True, "n1": False}


def test_what_state_knows_of_the_guest() -> None:
    """Its size and room while it runs, nothing while it is off, and None where an older release or a hand wrote it."""
    row = {"declared": 2, "configured": 2, "effective": 2, "source": "the running domain"}
    state = {"room": {"vcpus": 4}, "limits": {"vcpus": row}, "observedPower": "running"}
    assert guest(state) == Guest(has={"vcpus": 2}, room={"vcpus": 4})
    assert guest({**state, "observedPower": "off", "room": {}}) == Guest()
    assert guest({**state, "limits": {}}) is None
    assert guest({"limits": {"vcpus": row}, "observedPower": "running"}) is None
    assert guest({**state, "room": "broken", "limits": [1]}) is None
