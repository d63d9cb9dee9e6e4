"""Images, networks and pools: ensured, never replaced, kept when they were there before us."""

import hashlib
from pathlib import Path

import pytest

from components.drivers.base import Driver, HostRef, ImageSpec
from components.drivers.errors import Missing, Refused
from components.images.errors import ImageMissing
from components.provider import host_objects
from components.provider.properties import Bag


@pytest.fixture
def pool(host: HostRef) -> Bag:
    where = {"name": host.name, "driver": "fake", "uri": host.uri, "probe": ""}
    return {"schema": 1, "host": where, "name": "vps", "path": "/var/lib/aegir-vps/pool"}


def test_vanished_pool_is_missing_and_made_again(driver: Driver, pool: Bag) -> None:
    """It holds its place in state; the next update ensures it."""
    pools = host_objects.pools(lambda _: driver)
    identity, state = pools.create("urn", pool)
    driver.delete_image(ImageSpec(name="tiny", sha256=_only_image(driver), pool="vps"))
    pools.delete(identity, {**state, "made": True})
    _, seen, inputs = pools.read(identity, state, pool)
    assert seen["status"] == "missing"
    changes = pools.changes(inputs, seen, pool)
    assert [change.key for change in changes] == ["status"]
    assert pools.update(identity, "urn", seen, pool, changes)["status"] == "present"


def test_pool_of_another_path_is_refused(driver: Driver, pool: Bag) -> None:
    """Never pull the floor from under machines."""
    pools = host_objects.pools(lambda _: driver)
    with pytest.raises(Refused):
        pools.create("urn", {**pool, "path": "/elsewhere"})


def test_what_was_there_before_us_stays(driver: Driver, pool: Bag) -> None:
    """Only what we made may go."""
    pools = host_objects.pools(lambda _: driver)
    assert "stays" in pools.delete("lab1/vps", {**pool, "made": False})
    assert pools.read("lab1/vps", pool, pool)[1]["status"] == "present"


def test_image_is_looked_for_locally_only_when_the_host_lacks_it(driver: Driver, pool: Bag) -> None:
    """A colleague without the file can still run up."""
    image = {"schema": 1, "host": pool["host"], "name": "tiny", "sha256": _only_image(driver), "pool": "vps"}
    images = host_objects.images(lambda _: driver, _not_here)
    assert images.create("urn", image)[1]["status"] == "present"
    with pytest.raises(ImageMissing):
        images.create("urn", {**image, "sha256": "0" * 64})


def _not_here(sha256: str) -> Path:
    raise ImageMissing(f"no file of {sha256}", "Run `vps image build`.")


def _only_image(driver: Driver) -> str:
    from tests.provider.conftest import IMAGE

    sha256 = hashlib.sha256(IMAGE).hexdigest()
    if driver.read_image(ImageSpec(name="tiny", sha256=sha256, pool="vps")) is None:
        raise Missing("Unable to test", "the fixture's image is not there")
    return sha256
