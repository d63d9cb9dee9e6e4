"""Check refuses bad inputs, all at once, in words."""

import copy

import pytest

from components.provider.inputs import ImageInputs, MachineInputs, NetworkInputs, PoolInputs, failures, parse
from components.provider.properties import Bag


def test_good_inputs_have_no_failures(news: Bag) -> None:
    """And become the spec that drivers take."""
    assert list(failures(MachineInputs, news)) == []
    spec = parse(MachineInputs, news).spec()
    assert spec.limits()["disks.root.iops"] == 1000
    assert spec.nics["n0"].addresses == ("192.0.2.10/24",)


def test_every_problem_at_once(news: Bag) -> None:
    """Three mistakes, three failures."""
    bad = copy.deepcopy(news)
    bad["memoryMb"] = bad.pop("memoryMib")
    bad["disks"]["root"]["sizeGib"] = 0
    found = dict(failures(MachineInputs, bad))
    assert set(found) == {"memoryMb", "memoryMib", "disks.root.sizeGib"}
    assert "Did you mean 'memoryMib'?" in found["memoryMb"]


def test_newer_schema_is_refused_by_name(news: Bag) -> None:
    """State of a newer release is not guessed at."""
    found = dict(failures(MachineInputs, {**news, "schema": 2}))
    assert "newer release" in found["schema"]


def test_outputs_in_state_are_no_problem(news: Bag) -> None:
    """State holds inputs and outputs together; reading it back takes what is ours."""
    state = {**news, "status": "present", "limits": {}}
    assert parse(MachineInputs, state).uuid == news["uuid"]


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (ImageInputs, {"name": "tiny", "sha256": "x", "pool": "vps"}),
        (NetworkInputs, {"name": "public1", "mode": "routed", "bridge": "br0"}),
        (PoolInputs, {"name": "vps", "path": "relative"}),
    ],
)
def test_host_objects_are_checked_too(model: type, values: Bag, news: Bag) -> None:
    """One bad value, one failure."""
    found = list(failures(model, {"schema": 1, "host": news["host"], **values}))
    assert len(found) == 1


def _bare(news: Bag) -> Bag:
    """As an adopted machine is declared: without a seed, without caps."""
    bare = {key: value for key, value in copy.deepcopy(news).items() if key != "seed"}
    bare |= {"adopted": True, "cpuCapPercent": 0}
    bare["disks"]["root"] |= {"iops": 0, "rateMibS": 0}
    bare["nics"]["n0"]["rateMbitS"] = 0
    return bare


def test_an_adopted_machine_may_lack_caps_and_seed(news: Bag) -> None:
    assert list(failures(MachineInputs, _bare(news))) == []


def test_no_other_machine_may(news: Bag) -> None:
    """A machine without a cap could take the whole host."""
    found = dict(failures(MachineInputs, _bare(news) | {"adopted": False}))
    assert set(found) == {"seed", "cpuCapPercent", "disks.root.iops", "disks.root.rateMibS", "nics.n0.rateMbitS"}


@pytest.mark.parametrize("change", [{"reinstall": 1}, {"memoryMib": 0}, {"vcpus": 0}])
def test_what_not_even_an_adopted_one_may(news: Bag, change: Bag) -> None:
    assert [path for path, _ in failures(MachineInputs, _bare(news) | change)] == list(change)
