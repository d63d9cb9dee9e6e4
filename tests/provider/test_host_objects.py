"""Images, networks and pools: ensured, never replaced, kept when they were there before us."""

import hashlib
import shutil
from pathlib import Path

import pytest

from components.drivers.base import Driver, HostRef, ImageSpec
from components.drivers.errors import Missing, Refused
from components.drivers.fake.driver import FakeDriver
from components.images.errors import ImageMissing
from components.provider import host_objects
from components.provider.properties import Bag


@pytest.fixture
def pool(host: HostRef) -> Bag:
    where = {"name": host.name, "driver": "fake", "uri": host.uri, "probe": ""}
    return {"schema": 1, "host": where, "name": "vps", "path": "/var/lib/aegir-vps/pool"}


def test_vanished_pool_is_never_made_again_by_itself(driver: Driver, host: HostRef, pool: Bag) -> None:
    """Its disk may only be unmounted, with clients' data on it."""
    pools = host_objects.pools(lambda _: driver)
    identity, state = pools.create("urn", pool)
    shutil.rmtree(Path(host.uri.removeprefix("fake://")) / "pools")
    _, seen, inputs = pools.read(identity, "urn", state, pool)
    assert seen["status"] == "missing"
    changes = pools.changes(inputs, seen, pool)
    with pytest.raises(Refused, match="mount and start it by hand"):
        pools.preview_update(seen, pool, changes)
    with pytest.raises(Refused, match="mount and start it by hand"):
        pools.update(identity, "urn", seen, pool, changes)


def test_vanished_network_is_made_again(driver: Driver, host: HostRef, pool: Bag) -> None:
    """It holds no data of a client."""
    networks = host_objects.networks(lambda _: driver)
    network = {"schema": 1, "host": pool["host"], "name": "public1", "mode": "nat", "bridge": "vpsbr0"}
    network |= {"ipv4": "192.0.2.1/24", "ipv6": ""}
    identity, state = networks.create("urn", network)
    shutil.rmtree(Path(host.uri.removeprefix("fake://")) / "networks")
    _, seen, inputs = networks.read(identity, "urn", state, network)
    changes = networks.changes(inputs, seen, network)
    assert [change.key for change in changes] == ["status"]
    assert networks.update(identity, "urn", seen, network, changes)["status"] == "present"


def test_a_moved_pool_is_refused_in_the_preview_already(driver: Driver, pool: Bag) -> None:
    """Machines stand on it."""
    pools = host_objects.pools(lambda _: driver)
    _, state = pools.create("urn", pool)
    elsewhere = {**pool, "path": "/elsewhere"}
    with pytest.raises(Refused, match="machines stand on it"):
        pools.preview_update(state, elsewhere, pools.changes(pool, state, elsewhere))


def test_a_new_digest_goes_beside_the_old_one(driver: Driver, pool: Bag) -> None:
    """And the preview says so."""
    image = {"schema": 1, "host": pool["host"], "name": "tiny", "sha256": _only_image(driver), "pool": "vps"}
    images = host_objects.images(lambda _: driver, _not_here)
    _, state = images.create("urn", image)
    (change,) = images.changes(image, state, {**image, "sha256": "0" * 64})
    assert "beside the old one" in change.consequence.words


def test_pool_of_another_path_is_refused(driver: Driver, pool: Bag) -> None:
    """Never pull the floor from under machines."""
    pools = host_objects.pools(lambda _: driver)
    with pytest.raises(Refused):
        pools.create("urn", {**pool, "path": "/elsewhere"})


def test_what_was_there_before_us_stays(driver: Driver, pool: Bag) -> None:
    """Only what we made may go."""
    pools = host_objects.pools(lambda _: driver)
    assert "stays" in pools.delete("lab1/vps", {**pool, "made": False})
    assert pools.read("lab1/vps", "urn", pool, pool)[1]["status"] == "present"


def test_image_is_looked_for_locally_only_when_the_host_lacks_it(driver: Driver, pool: Bag) -> None:
    """A colleague without the file can still run up."""
    image = {"schema": 1, "host": pool["host"], "name": "tiny", "sha256": _only_image(driver), "pool": "vps"}
    images = host_objects.images(lambda _: driver, _not_here)
    assert images.create("urn", image)[1]["status"] == "present"
    with pytest.raises(ImageMissing):
        images.create("urn", {**image, "sha256": "0" * 64})


def test_a_silent_host_is_told_in_a_preview(pool: Bag) -> None:
    """A laptop without a way to the hosts can preview all the same, and is told that nobody looked."""
    host = HostRef(name="lab1", driver="fake", uri="fake:///no/such/folder/world")
    said = host_objects.pools(lambda _: FakeDriver(host)).announce("urn", {**pool, "fleet": "demo", "backend": "b"})
    assert said.startswith("could not look, so this is only what the files say. ")


def _not_here(sha256: str, name: str) -> Path:
    raise ImageMissing(f"no file of {sha256} for {name}", "Run `vps image build`.")


def _only_image(driver: Driver) -> str:
    from tests.provider.conftest import IMAGE

    sha256 = hashlib.sha256(IMAGE).hexdigest()
    if driver.read_image(ImageSpec(name="tiny", sha256=sha256, pool="vps")) is None:
        raise Missing("Unable to test", "the fixture's image is not there")
    return sha256
