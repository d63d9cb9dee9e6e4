"""`vps image` builds what is missing and tells what is where."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from components.bundles import cache as bundles
from components.bundles.manifest import load
from components.cli.image import app
from components.images import lock, recipe
from components.images.errors import ImageError
from tests.images.conftest import own_cache  # noqa: F401 - a fixture
from tests.images.test_cache import put


@pytest.fixture
def fleet(tmp_path):
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "fleet.yaml").write_text("id: demo\n")
    return tmp_path / "fleet"


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def rows(fleet):
    listed = json.loads(run("list", "--json", "--fleet", str(fleet)).stdout)
    return {row["name"]: row for row in listed}


def test_an_image_that_was_never_built_is_listed_with_its_command(fleet, own_cache):
    assert rows(fleet)["tiny"] == {
        "name": "tiny",
        "sha256": None,
        "bytes": None,
        "virtual_gib": None,
        "built": None,
        "expires": None,
        "flavour": None,
        "bundle": None,
        "cached": False,
        "current": False,
        "notes": "not locked: vps image build tiny",
    }


def test_building_records_what_the_cache_has(fleet, own_cache):
    entry = put(own_cache, name="tiny", inputs=recipe.load("tiny").inputs())
    done = run("build", "tiny", "--fleet", str(fleet))
    assert done.exit_code == 0
    assert done.stdout == f"tiny {entry.sha256} 0 MiB, expires 2027-11-22\n"
    assert "tiny: recorded in" in done.stderr
    row = rows(fleet)["tiny"]
    assert (row["sha256"], row["cached"], row["current"]) == (entry.sha256, True, True)
    assert "on this machine" in run("list", "--fleet", str(fleet)).stdout


def test_a_changed_recipe_and_a_missing_file_are_told(fleet, own_cache):
    entry = put(own_cache, name="tiny", inputs=recipe.load("tiny").inputs())
    run("build", "tiny", "--fleet", str(fleet))
    (own_cache / f"{entry.sha256}.qcow2").unlink()
    file = fleet / "images.lock.yaml"
    file.write_text(file.read_text().replace(entry.inputs, "00" * 32).replace("2027-11-22", "2020-01-01"))
    notes = rows(fleet)["tiny"]["notes"]
    assert notes == "not on this machine: vps image build tiny, the recipe has changed since, expired 2020-01-01"


@pytest.mark.parametrize("pins", ["", "00", "same"])
def test_an_image_whose_sources_are_pinned_anew_is_not_current(fleet, own_cache, tmp_path, pins):
    """By what was written down when its bundle was packed; of one that was packed elsewhere nothing is said."""
    sha256 = "ab" * 32
    wanted = recipe.load("aegir-debian-12", fleet)
    entry = put(own_cache, name=wanted.name, inputs=replace(wanted, baked=sha256).inputs())
    lock.record(fleet, replace(entry.image(), flavour="backdrop", bundle=sha256))
    if pins:
        inputs = load(wanted.flavour.folder / wanted.bundle).inputs() if pins == "same" else pins
        bundles.folder().mkdir(parents=True)
        (tmp_path / "draft").write_bytes(b"bundle")
        bundles.store(tmp_path / "draft", "backdrop-debian-12", sha256, {"inputs": inputs})
    row = rows(fleet)[wanted.name]
    assert row["current"] is (pins != "00")
    assert ("other sources are pinned since: vps image bundle aegir-debian-12" in row["notes"]) is (pins == "00")


def test_a_wrong_name_builds_none_of_the_others(fleet, own_cache):
    put(own_cache, name="tiny", inputs=recipe.load("tiny").inputs())
    done = run("build", "tiny", "tyni", "--fleet", str(fleet))
    assert isinstance(done.exception, ImageError)
    assert "base-debian-13, tiny" in str(done.exception)
    assert not (fleet / "images.lock.yaml").exists()
