"""A project folder made from the example: complete, its own, never overwritten."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from components.config.loader import load
from components.declaration import host_ref
from components.drivers.base import PoolSpec
from components.drivers.errors import HostUnreachable
from components.drivers.registry import connect
from components.lab.example import EXAMPLE, make_fake_project, make_project, use_image


def test_project_is_sound_and_the_plugin_is_found(tmp_path: Path) -> None:
    """What an operator's repository needs is there."""
    project = make_project(tmp_path)
    assert load(project.fleet).problems == ()
    settings = (tmp_path / "Pulumi.yaml").read_text()
    plugin = next(line.split("path:")[1].strip() for line in settings.splitlines() if "path:" in line)
    assert (Path(plugin) / "pulumi-resource-vps").is_file()


def test_a_host_for_trials_is_what_the_readme_says(tmp_path: Path) -> None:
    """Away as long as the folder above it is, else made by the first who needs something of it."""
    fleet, above = make_project(tmp_path).fleet, tmp_path / "trials"
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8").partition("## A host for trials")[2]
    lines = YAML().load(text.split("```yaml")[1].split("```")[0].replace("/srv/trials", str(above)))
    file = fleet / "hosts" / "lab1.yaml"
    document = YAML().load(file.read_text().replace("serial: ", "serial: 2-"))
    document.update(lines)
    del document["probe"]
    with (fleet / "hosts" / "trial2.yaml").open("w") as stream:
        YAML().dump(document, stream)
    loaded = load(fleet)
    assert loaded.problems == ()
    driver = connect(host_ref(loaded.fleet.hosts["trial2"]))
    pool = PoolSpec(name="vps", path="/var/lib/aegir-vps/pool")
    with pytest.raises(HostUnreachable, match="does not exist"):
        driver.ensure_pool(pool)
    above.mkdir()
    driver.ensure_pool(pool)
    assert driver.read_pool(pool) is not None


def test_edits_survive_a_second_run(tmp_path: Path) -> None:
    """The demo's experiments are edits."""
    client = make_fake_project(tmp_path).fleet / "clients" / "example-coop.yaml"
    client.write_text(client.read_text().replace("small@2026-01", "medium@2026-01"))
    edited = client.read_text()
    project = make_fake_project(tmp_path)
    assert client.read_text() == edited
    assert load(project.fleet).fleet.hosts["lab1"].driver == "fake"


def test_its_vps_is_made_from_the_image_that_was_asked_for_and_no_other_is_needed(tmp_path: Path) -> None:
    """A fleet that offers an image which can't be built here would stop the host's stack."""
    project = make_project(tmp_path)
    catalogue = project.fleet / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text() + "  other-image: {title: Another}\n")

    use_image(project, "base-debian-13")

    fleet = load(project.fleet).fleet
    assert (fleet.offers.keys(), fleet.images.keys()) == ({"base-debian-13"}, {"base-debian-13"})
    assert "# Images that VPSs may be made from" in catalogue.read_text()
    assert fleet.clients["example-coop"].vps["web1"].image == "base-debian-13"
