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
