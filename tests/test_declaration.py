"""From the example fleet to resource inputs: the plugin accepts them, and their shape is frozen."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from components import declaration
from components.config.loader import load
from components.domain.fleet import Fleet
from components.lab.example import CLIENT, EXAMPLE, HOST, VPS, make_fake_project
from components.provider.inputs import ImageInputs, MachineInputs, NetworkInputs, PoolInputs, failures


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load(EXAMPLE).fleet


def test_machine_of_the_example(fleet: Fleet) -> None:
    """What was sold is what is asked for, under an identity that can't move."""
    client = fleet.clients[CLIENT]
    inputs = declaration.machine_inputs(fleet, client, client.vps[VPS], backend="b1")
    assert list(failures(MachineInputs, inputs)) == []
    assert inputs["uuid"] == "bf8a2b08-122e-558d-8f45-0a3421e4282d"
    assert inputs["nics"]["n0"]["mac"] == "12:23:c3:57:41:c5"
    assert inputs["name"] == "demo-c-q7m2-v-h3k9"
    assert inputs["memoryMib"] == 2048
    assert inputs["cpuCapPercent"] == 150
    assert inputs["grows"] == {"vcpus": 4, "memoryMib": 4096}
    assert inputs["nics"]["n0"]["addresses"] == ["192.0.2.10/24", "2001:db8:1::10/64"]
    assert inputs["disks"]["root"]["standalone"] is False
    assert inputs["ends"] == ""


def test_a_production_hosts_disks_are_whole_copies(tmp_path: Path) -> None:
    """An overlay would hang every client of the host on one file."""
    folder = make_fake_project(tmp_path).fleet
    path = folder / "hosts" / f"{HOST}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count("disks: overlay") == 1
    path.write_text(text.replace("disks: overlay", "disks: standalone"), encoding="utf-8")
    fleet = load(folder).fleet
    client = fleet.clients[CLIENT]
    inputs = declaration.machine_inputs(fleet, client, client.vps[VPS], backend="b1")
    assert inputs["disks"]["root"]["standalone"] is True


@pytest.mark.parametrize("on", [True, False])
def test_anti_spoofing_is_declared_per_vps(fleet: Fleet, on: bool) -> None:
    """On in the example, and it reaches the driver."""
    client = fleet.clients[CLIENT]
    assert client.vps[VPS].antispoof is True
    vps = dataclasses.replace(client.vps[VPS], antispoof=on)
    inputs = declaration.machine_inputs(fleet, client, vps, backend="b1")
    assert MachineInputs.model_validate(inputs).spec().nics["n0"].antispoof is on


def test_ends_stands_in_the_inputs(fleet: Fleet) -> None:
    """Protection hangs on it."""
    client = fleet.clients[CLIENT]
    ended = dataclasses.replace(client.vps[VPS], ends=dt.date(2027, 3, 1))
    assert declaration.machine_inputs(fleet, client, ended, backend="b1")["ends"] == "2027-03-01"


def test_renaming_client_and_vps_moves_no_identity(fleet: Fleet) -> None:
    """Names are for people."""
    client = fleet.clients[CLIENT]
    renamed = dataclasses.replace(client, key="coop", name="Other")
    moved = dataclasses.replace(client.vps[VPS], key="www")
    before = declaration.machine_inputs(fleet, client, client.vps[VPS], backend="b1")
    after = declaration.machine_inputs(fleet, renamed, moved, backend="b1")
    same = ("uuid", "name", "client", "vps", "fleet", "nics", "disks", "pool")
    assert {key: before[key] for key in same} == {key: after[key] for key in same}


def test_host_objects_of_the_example(fleet: Fleet) -> None:
    """Pool, network with the gateways as the host's own addresses, and every offered image."""
    host = fleet.hosts[HOST]
    assert list(failures(PoolInputs, declaration.pool_inputs(host))) == []
    networks = declaration.network_inputs(fleet, host)
    assert list(failures(NetworkInputs, networks["public1"])) == []
    assert networks["public1"]["ipv4"] == "192.0.2.1/24"
    assert networks["public1"]["ipv6"] == "2001:db8:1::1/64"
    images = declaration.image_inputs(fleet, host)
    assert set(images) == {"aegir-debian-12", "base-debian-13"}
    assert [problem for image in images.values() for problem in failures(ImageInputs, image)] == []


def test_an_adopted_machine_is_declared_as_it_is(fleet: Fleet) -> None:
    """Its own MAC and pool, its disk whole whatever the host's are, and no seed: nothing of ours was ever laid in."""
    client = fleet.clients[CLIENT]
    pinned = {"uuid": "5d1f6c1e-8f0b-4f39-9d0a-7b1c2d3e4f50", "mac": "52:54:00:aa:bb:cc", "pool": "default"}
    vps = dataclasses.replace(client.vps[VPS], **pinned)  # type: ignore[arg-type]
    inputs = declaration.machine_inputs(fleet, client, vps, backend="b1")
    assert list(failures(MachineInputs, inputs)) == []
    assert (inputs["uuid"], inputs["pool"], inputs["nics"]["n0"]["mac"]) == tuple(
        pinned[key] for key in ("uuid", "pool", "mac")
    )
    assert inputs["disks"]["root"]["standalone"]
    assert inputs["adopted"]
    assert "seed" not in inputs


def test_the_urn_is_the_engines(fleet: Fleet) -> None:
    """Golden, as `tests/engine/test_up.py` reads it from the engine's own state."""
    client = fleet.clients[CLIENT]
    urn = "urn:pulumi:client.example-coop::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"
    assert declaration.machine_urn(client, client.vps[VPS]) == urn


def test_a_pool_says_for_whom_it_is_asked(fleet: Fleet) -> None:
    """So that a second backend is told before anything stands on the host."""
    host = fleet.hosts[HOST]
    inputs = declaration.pool_inputs(host, "demo", "b1")
    assert (inputs["fleet"], inputs["backend"]) == ("demo", "b1")
    assert list(failures(PoolInputs, inputs)) == []
    assert "fleet" not in declaration.pool_inputs(host)
