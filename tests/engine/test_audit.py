"""What the pack is handed over: what state recorded, and what operators said of hosts."""

import json
from pathlib import Path

import pytest

from components.config.loader import load
from components.engine import audit
from components.engine.returned import note
from components.lab.example import make_fake_project
from tests.engine.conftest import STACK, Bench

UUID = "6f7c0a52-0000-5000-8000-000000000001"
MACHINE = {
    "type": "vps:index:Machine",
    "inputs": {
        "uuid": UUID,
        "host": {"name": "kvm1", "driver": "fake"},
        "client": "c-q7m2",
        "vps": "v-h3k9",
        "order": 0,
        "vcpus": 2,
        "memoryMib": 2048,
        "nics": {"n0": {"addresses": ["192.0.2.10/24", "2001:db8::1/64"]}},
        "disks": {"root": {"sizeGib": 10, "image": {"name": "base", "sha256": "ab" * 32}}},
        "reinstall": 1,
    },
}
RECORDED = {
    "client": "c-q7m2",
    "vps": "v-h3k9",
    "host": "kvm1",
    "vcpus": 2,
    "memoryMib": 2048,
    "sizeGib": 10,
    "reinstall": 1,
    "addresses": ["192.0.2.10", "2001:db8::1"],
    "vip": True,
}


def test_machines_are_taken_and_nothing_else():
    others = [{"type": "pulumi:pulumi:Stack"}, {"type": "vps:index:Machine"}, {**MACHINE, "delete": True}]
    assert audit.recorded([*others, MACHINE]) == {UUID: RECORDED}


def test_a_machine_without_inputs_is_known_by_its_outputs():
    assert audit.recorded([{"type": "vps:index:Machine", "outputs": MACHINE["inputs"]}]) == {UUID: RECORDED}


def test_what_was_found_smaller_or_larger_than_declared_is_known_by_the_larger():
    outputs = {"vcpus": 1, "memoryMib": 4096, "disks": {"root": {"sizeGib": 8}}}
    found = audit.recorded([MACHINE | {"outputs": outputs}])[UUID]
    assert (found["vcpus"], found["memoryMib"], found["sizeGib"]) == (2, 4096, 10)


def test_what_came_back_from_the_trash_is_nothing_new(tmp_path):
    project = make_fake_project(tmp_path / "project")
    loaded = load(project.fleet)
    assert audit.returned(loaded, STACK) == audit.returned(loaded, "host.lab1") == {}
    client = loaded.fleet.clients["example-coop"]
    uuid = client.vps["web1"].machine_uuid(loaded.fleet.id, client.id)
    note(project.fleet, uuid)
    also = audit.returned(loaded, STACK)
    assert (also[uuid]["host"], also[uuid]["addresses"]) == ("lab1", [])
    environment = {}
    with audit.handed_over(environment, STACK, {}, [MACHINE], also):
        assert json.loads(Path(environment["VPS_KNOWN"]).read_text())["machines"] == {uuid: also[uuid], UUID: RECORDED}


def test_the_file_is_there_as_long_as_it_is_needed():
    environment = {}
    with audit.handed_over(environment, STACK, {"kvm1": "draining"}, [MACHINE]):
        path = Path(environment["VPS_KNOWN"])
        assert json.loads(path.read_text()) == {"machines": {UUID: RECORDED}, "hosts": {"kvm1": "draining"}}
    assert environment == {}
    assert not path.exists()


def test_what_was_named_before_is_named_again():
    environment = {"VPS_KNOWN": "/mine.json"}
    with audit.handed_over(environment, STACK, {}, []):
        assert environment["VPS_KNOWN"] != "/mine.json"
    assert environment == {"VPS_KNOWN": "/mine.json"}


@pytest.mark.engine
def test_state_is_read_here_and_by_the_engine_alike(bench: Bench):
    """Where the backend is no folder only the engine can tell; both say the same of the same machine."""
    bench.up()
    exported = audit.export(bench.environment, STACK)
    environment = dict(bench.environment)
    with audit.handed_over(environment, STACK, {}, None):
        read = json.loads(Path(environment["VPS_KNOWN"]).read_text())["machines"]
    assert audit.recorded(exported["deployment"]["resources"]) == read
    (machine,) = read.values()
    assert machine["host"] == "lab1"
    assert machine["memoryMib"] == 2048


@pytest.mark.engine
def test_a_stack_that_nobody_can_read_is_unknown(bench: Bench):
    assert audit.export(bench.environment, "client.nobody") is None
