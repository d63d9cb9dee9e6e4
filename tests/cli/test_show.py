"""`vps show` reads the host, not state."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.drivers.base import ImageSpec, Mark, NetworkSpec, Phase, PoolSpec
from components.lab.example import make_fake_project


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


def test_missing_machine_is_exit_1(fleet: Path) -> None:
    """Nothing is made up from state."""
    done = CliRunner().invoke(app, ["show", "example-coop/web1", "--fleet", str(fleet)])
    assert done.exit_code == 1
    assert "missing" in done.output


@pytest.mark.parametrize("name", ["nobody/web1", "example-coop/web9", "example-coop"])
def test_unknown_names_say_what_is_known(fleet: Path, name: str) -> None:
    """A typo is mended at once."""
    done = CliRunner().invoke(app, ["show", name, "--fleet", str(fleet)])
    assert done.exit_code == 1
    assert "example-coop" in str(done.exception)
