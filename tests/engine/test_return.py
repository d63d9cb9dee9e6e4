"""The end of a VPS and its way back, with the real engine: nothing is lost, nothing is made twice."""

import copy
import datetime as dt
import json

import pytest
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Text

from tests.engine.conftest import STACK, Bench

pytestmark = pytest.mark.engine

VPS = "example-coop/web1"


def _started_long_ago(bench: Bench) -> None:
    bench.edit(lambda client: client["vps"]["web1"]["term"].update(start=Text("2026-01-01")))


def _end(bench: Bench) -> None:
    """By the commands that an operator has: today is the first day without it."""
    _started_long_ago(bench)
    bench.vps("end", VPS, "--on", dt.datetime.now(dt.UTC).date().isoformat(), "--yes")
    bench.vps("up", STACK, "--yes")
    bench.vps("up", STACK, "--yes")


def test_ended_by_declaration_and_back_with_everything(bench: Bench) -> None:
    bench.vps("up", STACK, "--yes")
    ((uuid, before),) = bench.domains().items()
    disks = bench.volumes()
    _end(bench)
    assert bench.domains() == {}
    listed = json.loads(bench.vps("trash", "list", "--json"))
    assert [(one["client"], one["vps"], one["uuid"]) for one in listed] == [("example-coop", "web1", uuid)]
    assert dt.date.fromisoformat(listed[0]["due"]) - dt.date.fromisoformat(listed[0]["ended"][:10]) == dt.timedelta(30)
    assert "its file still says that it ends on" in bench.vps("trash", "restore", VPS, "--yes", code=1)

    bench.vps("end", VPS, "--never", "--yes")
    said = " ".join(bench.vps("up", STACK, "--yes", code=1).split())
    assert "vps trash restore" in said
    assert bench.domains() == {}

    bench.vps("trash", "restore", VPS, "--yes")
    assert "is taken up with the disk that it has" in bench.vps("preview", STACK)
    bench.vps("up", STACK, "--yes")

    ((again, after),) = bench.domains().items()
    assert again == uuid
    for key in ("name", "nics", "disks", "seed", "config"):
        assert after[key] == before[key]
    assert (after["power"], after["mark"]["phase"]) == ("running", "ready")
    assert bench.volumes() == disks
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")
    machine = next(found for found in bench.state() if found["type"] == "vps:index:Machine")
    assert machine["protect"]
    assert json.loads(bench.vps("trash", "list", "--json")) == []


def test_lines_may_go_once_it_has_ended_and_the_address_waits(bench: Bench) -> None:
    bench.edit(lambda client: client["vps"].update(web2={**copy.deepcopy(client["vps"]["web1"]), **_OTHER}))
    bench.vps("up", STACK, "--yes")
    _end(bench)
    assert len(bench.domains()) == 1

    bench.edit(lambda client: client["vps"].pop("web1"))
    assert "nothing wrong was found" in bench.vps("check")
    bench.vps("up", STACK, "--yes")
    third = {**_OTHER, "id": "v-c9y3", "ipv4": ["192.0.2.10"], "ipv6": ["2001:db8:1::12"], "fqdn": "web3.coop.example"}
    bench.edit(lambda client: client["vps"].update(web3={**copy.deepcopy(client["vps"]["web2"]), **third}))

    said = " ".join(bench.vps("up", STACK, "--yes", code=1).split())
    assert f"192.0.2.10 is in quarantine: it belonged to {VPS}" in said
    assert len(bench.domains()) == 1


def test_a_reinstallation_is_said_then_done_then_nothing_is_left_to_do(bench: Bench) -> None:
    bench.vps("up", STACK, "--yes")
    before = bench.volumes()
    bench.edit(lambda client: client["vps"]["web1"].update(reinstall=1))
    said = " ".join(bench.vps("preview", STACK).split())
    assert "DOWNTIME AND A NEW, EMPTY DISK" in said
    assert bench.volumes() == before

    bench.vps("up", STACK, "--yes")

    (domain,) = bench.domains().values()
    assert domain["disks"]["root"].endswith("-r1.qcow2")
    assert domain["power"] == "running"
    assert {name: bench.volumes()[name]["generation"] for name in before} == {
        name: volume["generation"] for name, volume in before.items()
    }
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")
    (old,) = json.loads(bench.vps("trash", "list", "--json"))
    assert (old["why"], old["reinstall"], old["inUse"]) == ("reinstalled", 0, False)

    bench.edit(lambda client: client["vps"]["web1"].update(reinstall=3))
    assert "by exactly one" in " ".join(bench.vps("preview", STACK, code=1).split())
    assert len(bench.volumes()) == 4


def test_a_reinstallation_that_was_killed_is_finished_by_the_next_up(bench: Bench) -> None:
    """The plugin dies right after the old disk was taken off: state knows nothing of it yet."""
    bench.vps("up", STACK, "--yes")
    before = bench.volumes()
    bench.edit(lambda client: client["vps"]["web1"].update(reinstall=1))
    bench.faults({"step": "reinstall.detach", "do": "kill", "when": "after"})
    done = bench.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, code=1)
    assert done
    (domain,) = bench.domains().values()
    assert domain["mark"]["phase"] == "creating"

    bench.vps("up", STACK, "--yes")

    (domain,) = bench.domains().values()
    assert (domain["mark"]["phase"], domain["mark"]["reinstall"], domain["power"]) == ("ready", "1", "running")
    assert before.keys() < bench.volumes().keys()
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")


_OTHER = {"id": "v-b8x2", "ipv4": ["192.0.2.11"], "ipv6": ["2001:db8:1::11"], "fqdn": "web2.coop.example"}
