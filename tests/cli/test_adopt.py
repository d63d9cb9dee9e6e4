"""`vps adopt`: looks at a host, proposes and writes files, and adopts what was declared, on a fake host."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli.main import app
from components.config.loader import load
from components.drivers.fake.world import World
from components.lab.example import make_fake_project

UUID = "5d1f6c1e-8f0b-4f39-9d0a-7b1c2d3e4f50"
CONFIG = {"vcpus": 2, "memoryMib": 1024, "disks.root.sizeGib": 12}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path).fleet


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host with one machine that somebody made by hand."""
    found = World(tmp_path / ".vps" / "world")
    found.put("pools", "vps", {"path": "/var/lib/aegir-vps/pool", "made": False})
    found.put("volumes/vps", "old.qcow2", {"kind": "disk", "sizeGib": 12, "backing": "", "generation": 3})
    nic = {"mac": "52:54:00:aa:bb:cc", "attach": "network:public1", "addresses": ["192.0.2.55/24"]}
    domain = {"uuid": UUID, "name": "Old Web", "title": "", "mark": None, "power": "running", "pool": "vps"}
    domain |= {"config": CONFIG, "live": CONFIG, "nics": {"n0": nic}, "disks": {"root": "old.qcow2"}, "seed": ""}
    found.put("domains", UUID, domain | {"boots": 1})
    return found


def vps(fleet: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--fleet", str(fleet)])


def fill_in(fleet: Path) -> None:
    path = fleet / "clients/oldcoop.yaml"
    text = path.read_text()
    for key in ("name:", "contacts:", "  ada:", "contract:", "term:", "fqdn:"):
        text = text.replace(f"# {key}", key, 1)
    path.write_text(text)


def test_a_look_proposes_and_changes_nothing(fleet: Path, world: World) -> None:
    before = world.get("domains", UUID)
    done = vps(fleet, "adopt", "lab1")
    assert done.exit_code == 0, done.output
    for word in ("Old Web", UUID, "can be adopted", "cpu_cap: unlimited", "ipv4: [192.0.2.55]", "nothing was written"):
        assert word in done.output
    assert world.get("domains", UUID) == before
    assert sorted(path.name for path in (fleet / "clients").iterdir()) == ["example-coop.yaml"]


def test_for_machines_it_is_json(fleet: Path, world: World) -> None:
    del world
    found = json.loads(vps(fleet, "adopt", "lab1", "--json").output)
    assert found["machines"][0]["uuid"] == UUID
    assert UUID in found["proposal"]["client"]


def test_what_is_in_the_way_is_told(fleet: Path, world: World) -> None:
    """Such a machine stands in no proposal, and a file is not written for it."""
    world.change("domains", UUID, disks={"root": "old.qcow2", "data": "more.qcow2"})
    done = vps(fleet, "adopt", "lab1", "--write", "oldcoop")
    assert done.exit_code == 1
    assert "in the way: it has 2 disks" in done.output
    assert not (fleet / "clients/oldcoop.yaml").exists()


def test_written_files_name_their_gaps_and_leave_the_rest_alone(fleet: Path, world: World) -> None:
    del world
    before = (fleet / "catalogue.yaml").read_text().splitlines()
    done = vps(fleet, "adopt", "lab1", "--write", "oldcoop")
    assert done.exit_code == 0, done.output
    assert "`fqdn` is missing" in done.output
    after = (fleet / "catalogue.yaml").read_text().splitlines()
    assert [line for line in before if line not in after] == []
    fill_in(fleet)
    loaded = load(fleet)
    assert loaded.problems == ()
    assert loaded.fleet.clients["oldcoop"].vps["old-web"].uuid == UUID
    again = vps(fleet, "adopt", "lab1", "--write", "oldcoop")
    assert (again.exit_code, str(again.exception)) == (
        1,
        "clients/oldcoop.yaml is there already. Give another name, or copy lines from the printed proposal.",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lab9"], 'no host "lab9"'),
        (["lab1", "--machine", "nobody"], "no machine without an owner called nobody"),
        (["nobody/web1"], "No client file clients/nobody.yaml"),
        (["example-coop/web9"], "has no VPS 'web9'"),
        (["example-coop/web1"], "pins no `uuid`"),
    ],
)
def test_what_is_unknown_is_told(fleet: Path, world: World, words: list[str], said: str) -> None:
    del world
    done = vps(fleet, "adopt", *words)
    assert done.exit_code == 1
    assert said in str(done.exception)


def test_adopting_writes_the_mark_and_again_is_done(fleet: Path, world: World) -> None:
    vps(fleet, "adopt", "lab1", "--write", "oldcoop", "--machine", "Old Web")
    fill_in(fleet)
    before = world.get("domains", UUID)
    assert before is not None
    refused = vps(fleet, "adopt", "oldcoop/old-web")
    assert "Nobody can answer" in str(refused.exception)
    assert world.get("domains", UUID) == before

    done = vps(fleet, "adopt", "oldcoop/old-web", "--yes")
    assert done.exit_code == 0, done.output
    after = world.get("domains", UUID)
    assert after is not None
    assert {**after, "mark": None} == before
    vps_id = load(fleet).fleet.clients["oldcoop"].vps["old-web"].id
    urn = f"urn:pulumi:client.oldcoop::aegir-vps::vps:component:Vps$vps:index:Machine::{vps_id}-machine"
    assert (after["mark"]["urn"], after["mark"]["phase"], after["mark"]["wish"]) == (urn, "ready", "running")
    assert "adopted already" in vps(fleet, "adopt", "oldcoop/old-web", "--yes").output
    assert world.get("domains", UUID) == after


def test_a_difference_stops_it(fleet: Path, world: World) -> None:
    vps(fleet, "adopt", "lab1", "--write", "oldcoop")
    fill_in(fleet)
    world.change("domains", UUID, config={**CONFIG, "vcpus": 3})
    done = vps(fleet, "adopt", "oldcoop/old-web", "--yes")
    assert done.exit_code == 1
    assert "vcpus: declared 2, the machine has 3" in str(done.exception)
    found = world.get("domains", UUID)
    assert found is not None
    assert found["mark"] is None
