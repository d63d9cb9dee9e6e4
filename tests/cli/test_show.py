"""`vps show` reads the host, not state."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.drivers.base import ImageSpec, Mark, NetworkSpec, Phase, PoolSpec
from components.lab.example import make_fake_project
from tests.cli.world import TITLE, MadeWorld


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path).fleet


def _create(fleet: Path) -> None:
    from components.config.loader import load
    from components.declaration import host_ref, machine_inputs
    from components.drivers.fake.driver import FakeDriver
    from components.images.cache import path
    from components.provider.inputs import MachineInputs, parse

    loaded = load(fleet).fleet
    driver = FakeDriver(host_ref(loaded.hosts["lab1"]))
    driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0"))
    sha256 = loaded.images["base-debian-13"].sha256
    driver.ensure_image(ImageSpec(name="base-debian-13", sha256=sha256, pool="vps", source=str(path(sha256))))
    client = loaded.clients["example-coop"]
    spec = parse(MachineInputs, machine_inputs(loaded, client, client.vps["web1"], "b")).spec()
    mark = Mark(
        fleet="demo", backend="b", urn="u", client=client.id, vps="v-h3k9", phase=Phase.CREATING, incarnation="i"
    )
    driver.create(spec, b"seed", mark)


def test_limits_declared_configured_and_effective(fleet: Path) -> None:
    """For machines, as JSON."""
    _create(fleet)
    done = CliRunner().invoke(app, ["show", "example-coop/web1", "--fleet", str(fleet), "--json"])
    assert done.exit_code == 0, done.output
    row = json.loads(done.output)["limits"]["memoryMib"]
    assert (row["declared"], row["configured"], row["effective"]) == (2048, 2048, 2048)


def test_missing_machine_is_exit_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made up from state, which only tells what was lost from what was never made."""
    made = MadeWorld(tmp_path / "project")
    monkeypatch.setenv("PULUMI_BACKEND_URL", made.environment["PULUMI_BACKEND_URL"])
    made.world.remove("domains", made.spec.uuid)
    for power, note in (("not made", "nor does state: vps up client.example-coop"), ("missing", "the host answered")):
        done = CliRunner().invoke(app, ["show", TITLE, "--fleet", str(made.project.fleet)])
        assert done.exit_code == 1
        assert f"power      {power}\n" in done.output
        assert note in done.output
        if power == "not made":
            made.record()


def test_what_is_declared_is_shown_though_the_host_is_silent(fleet: Path) -> None:
    """Whoever answers a client at night needs term, package and access just then."""
    host = fleet / "hosts/lab1.yaml"
    host.write_text(host.read_text().replace("/world", "/no/such/world"))
    done = CliRunner().invoke(app, ["show", "example-coop/web1", "--fleet", str(fleet)])
    assert done.exit_code == 1
    for words in (
        "term       3 months since 2026-12-01",
        "a month    ",
        "host       lab1, datacentre ",
        "access     ada (Ada Ruiz): root by sudo",
        "request T-1041",
        "2048 MiB",
        "power      unknown",
        "note: could not tell: lab1: ",
    ):
        assert words in done.output
    told = json.loads(CliRunner().invoke(app, ["show", "example-coop/web1", "--fleet", str(fleet), "--json"]).output)
    assert (told["power"], told["limits"]["memoryMib"]["declared"]) == ("unknown", 2048)
    assert told["term"]["months"] == 3


def test_another_client_s_broken_file_hides_nothing(fleet: Path) -> None:
    _create(fleet)
    (fleet / "clients" / "broken.yaml").write_text("{")
    assert CliRunner().invoke(app, ["show", "example-coop/web1", "--fleet", str(fleet)]).exit_code == 0


@pytest.mark.parametrize("name", ["nobody/web1", "example-coop/web9", "example-coop"])
def test_unknown_names_say_what_is_known(fleet: Path, name: str) -> None:
    """A typo is mended at once."""
    done = CliRunner().invoke(app, ["show", name, "--fleet", str(fleet)])
    assert done.exit_code == 1
    assert "example-coop" in str(done.exception)


def test_a_failed_first_boot_is_shown_with_its_reason_and_log(tmp_path: Path) -> None:
    """Once by the guest's word, and by its console when it says nothing: the host's facts stand there either way."""
    made = MadeWorld(tmp_path / "project")
    failed = {"state": "failed", "step": "50-site", "what": "create the site", "reason": "no room", "log": ["full"]}
    made.says(report={"delivery": failed})
    arguments = ["show", TITLE, "--fleet", str(made.project.fleet)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "delivery   failed at 50-site (create the site): no room\n  | full\n" in done.output
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert told["guest"]["delivery"]["reason"] == "no room"
    made.says(silent="its guest hangs", console="VPS NOT READY v-h3k9: 50-site: no room")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "guest      says nothing: its guest hangs" in done.output
    assert "  | VPS NOT READY v-h3k9: 50-site: no room" in done.output
    assert "2048 MiB" in done.output


def test_who_is_off_is_not_asked(tmp_path: Path) -> None:
    made = MadeWorld(tmp_path / "project")
    made.guest_shuts_down()
    done = CliRunner().invoke(app, ["show", TITLE, "--fleet", str(made.project.fleet), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["guest"]["silent"] == "it is off"


def test_a_client_alone_is_no_vps(fleet: Path) -> None:
    done = CliRunner().invoke(app, ["show", "example-coop", "--fleet", str(fleet)])
    assert "example-coop is a client, and this is about one VPS. Write CLIENT/VPS: example-coop/web1." in str(
        done.exception
    )
