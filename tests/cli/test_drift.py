"""`vps drift` without a stack: every machine, straight from the hosts, against recorded state."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.config.loader import load
from components.declaration import host_ref, machine_inputs
from components.drivers import registry
from components.drivers.base import ImageSpec, Mark, NetworkSpec, Phase, PoolSpec
from components.drivers.fake.driver import FakeDriver
from components.engine.backend import ID_FILE
from components.images.cache import path
from components.lab.example import make_fake_project
from components.provider.facts import outputs
from components.provider.inputs import MachineInputs, parse

STACK = "client.example-coop"


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example on the fake driver: its machine made, and recorded as the engine records it."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    folder = make_fake_project(tmp_path).fleet
    loaded = load(folder).fleet
    driver = FakeDriver(host_ref(loaded.hosts["lab1"]))
    driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0"))
    sha256 = loaded.images["base-debian-13"].sha256
    driver.ensure_image(ImageSpec(name="base-debian-13", sha256=sha256, pool="vps", source=str(path(sha256))))
    client = loaded.clients["example-coop"]
    inputs = machine_inputs(loaded, client, client.vps["web1"], "b")
    mark = Mark(
        fleet="demo", backend="b", urn="u", client=client.id, vps="v-h3k9", phase=Phase.CREATING, incarnation="i"
    )
    machine = driver.create(parse(MachineInputs, inputs).spec(), b"seed", mark)
    state = outputs(inputs, machine, seed_digest="", incarnation="i")
    resources = [{"type": "vps:index:Machine", "outputs": state}]
    checkpoint = tmp_path / ".vps/state/.pulumi/stacks/aegir-vps" / f"{STACK}.json"
    checkpoint.parent.mkdir(parents=True)
    (tmp_path / ".vps/state" / ID_FILE).write_text("b")
    checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": resources}}}))
    return folder


def world(fleet: Path) -> Path:
    (found,) = (fleet.parent / ".vps/world/domains").glob("*.json")
    return found


def drift(fleet: Path, code: int, *more: str) -> str:
    done = CliRunner().invoke(app, ["drift", "--fleet", str(fleet), *more])
    assert done.exit_code == code, done.output
    return done.output


def test_nothing_differs(fleet: Path) -> None:
    assert "1 machines recorded, 1 hosts asked: no drift" in drift(fleet, 0)
    assert "no drift" in drift(fleet, 0, "--all")


def test_what_differs_is_named_and_is_exit_2(fleet: Path) -> None:
    domain = json.loads(world(fleet).read_text())
    domain["live"]["cpuCapPercent"] = 20
    world(fleet).write_text(json.dumps(domain))

    said = drift(fleet, 2)
    assert "breach" in said
    assert "example-coop/web1" in said
    assert "150 % declared, 20 % in force" in said
    (finding,) = json.loads(drift(fleet, 2, "--json"))["findings"]
    assert (finding["kind"], finding["key"], finding["stack"]) == ("breach", "cpuCapPercent", STACK)


def test_a_machine_that_is_gone_is_missing(fleet: Path) -> None:
    world(fleet).unlink()

    assert "missing" in drift(fleet, 2)


def test_a_machine_that_was_being_made_is_not_called_missing(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts are asked while state is read: a run may end between the two."""
    answers = iter([()])
    survey = registry.survey
    monkeypatch.setattr(registry, "survey", lambda host: next(answers, None) or survey(host))

    assert "no drift" in drift(fleet, 0)


def test_what_a_host_says_does_not_steer_the_terminal(fleet: Path) -> None:
    domain = json.loads(world(fleet).read_text())
    domain["mark"]["vps"] = "v\x1b[31m\x07"
    world(fleet).write_text(json.dumps(domain))
    checkpoint = fleet.parent / ".vps/state/.pulumi/stacks/aegir-vps" / f"{STACK}.json"
    checkpoint.unlink()

    said = drift(fleet, 2)

    assert "v?[31m?" in said
    assert "\x1b" not in said


def test_a_machine_of_ours_that_only_the_files_know_is_taken_over_by_the_next_up(fleet: Path) -> None:
    checkpoint = fleet.parent / ".vps/state/.pulumi/stacks/aegir-vps" / f"{STACK}.json"
    checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": []}}}))

    assert "up takes it over" in drift(fleet, 2)
    (fleet / "clients/example-coop.yaml").unlink()
    assert "neither files nor state know it" in drift(fleet, 2)


def test_lost_state_is_made_again_by_rebuild(fleet: Path) -> None:
    """Its id is gone with it: `vps up` would refuse a machine under another backend's mark."""
    shutil.rmtree(fleet.parent / ".vps/state")

    said = drift(fleet, 2)

    assert "danger" in said
    assert "if that state is lost for good: vps rebuild" in said
    assert not (fleet.parent / ".vps/state").exists()


def test_a_silent_host_is_never_no_drift(fleet: Path) -> None:
    (fleet.parent / ".vps/world/faults.json").write_text(json.dumps([{"step": "reach.read_all", "do": "unreachable"}]))

    said = drift(fleet, 1)
    assert "unknown" in said
    assert "no drift" not in said


def test_a_host_that_is_declared_lost_is_asked(fleet: Path) -> None:
    path = fleet / "hosts/lab1.yaml"
    path.write_text(path.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power pulled by Olena"}\n')
    assert "yet it answers: vps host return lab1" in drift(fleet, 2)
    (fleet.parent / ".vps/world/faults.json").write_text(json.dumps([{"step": "reach.read_all", "do": "unreachable"}]))

    assert "lab1: lost since 2026-11-22 10:00 UTC: 1 machines wait" in drift(fleet, 0)


def test_a_broken_state_is_said_and_is_exit_1(fleet: Path) -> None:
    world(fleet).unlink()
    (fleet.parent / ".vps/state/.pulumi/stacks/aegir-vps" / f"{STACK}.json").write_text("{")

    assert "is broken" in drift(fleet, 1)


def test_state_that_only_the_engine_reads_is_replaced_by_the_files(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")

    assert "note: compared with the files" in drift(fleet, 0)


def test_a_stack_goes_with_neither_option(fleet: Path) -> None:
    for option in ("--all", "--json"):
        done = CliRunner().invoke(app, ["drift", STACK, option, "--fleet", str(fleet)])
        assert done.exit_code == 1
        assert "Leave STACK out" in str(done.exception)
