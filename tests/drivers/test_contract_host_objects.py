"""What every driver promises of images, pools and networks."""

import hashlib
from dataclasses import replace

import pytest

from components.domain.names import image_volume
from components.drivers.base import ImageSpec, PoolSpec
from components.drivers.errors import DriverError, Missing, Refused
from tests.drivers.hosts import NETWORK, POOL, SEED
from tests.drivers.machines import make, with_nic


def own_image(host, content):
    path = host.folder / f"own-{len(content)}"
    path.write_bytes(content)
    return ImageSpec(name="own", sha256=hashlib.sha256(content).hexdigest(), pool="vps", source=str(path))


@pytest.mark.parametrize("step", ["image.upload", "image.verify", "image.publish"])
def test_an_interrupted_upload_is_no_image_until_it_is_done_again(host, driver, step):
    spec = own_image(host, b"image" * 1000)
    host.fault({"step": step, "do": "fail"})
    with pytest.raises(DriverError):
        driver.ensure_image(spec)
    assert driver.read_image(spec) is None

    made = driver.ensure_image(spec)

    assert made.values["sha256"] == spec.sha256
    assert made.values["volume"] == image_volume("own", spec.sha256)
    assert driver.read_image(spec) == made
    driver.delete_image(spec)
    driver.delete_image(spec)
    assert driver.read_image(spec) is None


def test_an_image_that_is_there_needs_no_source(host, driver):
    assert driver.ensure_image(replace(host.image_spec, source="")).name == "blank"


def test_an_image_without_source_or_with_other_bytes_is_said(host, driver):
    spec = own_image(host, b"right")
    with pytest.raises(Missing, match="vps image build own"):
        driver.ensure_image(replace(spec, source=""))
    wrong = own_image(host, b"wrong bytes")
    with pytest.raises(DriverError, match="digest"):
        driver.ensure_image(replace(spec, source=wrong.source))

    assert driver.read_image(spec) is None
    assert driver.ensure_image(spec).values["bytes"] == 5
    driver.delete_image(spec)


def test_an_image_under_a_machine_or_its_trash_is_not_removed(host, driver):
    spec, machine = make(host, driver)
    with pytest.raises(Refused, match="stand"):
        driver.delete_image(host.image_spec)
    driver.delete(spec.uuid, machine.mark.incarnation)
    with pytest.raises(Refused, match="stand"):
        driver.delete_image(host.image_spec)

    assert driver.read_image(host.image_spec) is not None


def test_a_pool_is_used_as_it_is_or_refused(host, driver):
    assert driver.ensure_pool(POOL) == driver.read_pool(POOL)
    assert driver.read_pool(POOL).values["path"] == POOL.path
    with pytest.raises(Refused, match="has path"):
        driver.ensure_pool(replace(POOL, path="/elsewhere"))
    assert driver.read_pool(PoolSpec(name="none", path="/none")) is None


def test_a_pool_whose_disk_is_not_mounted_is_no_pool(host, driver):
    spec, machine = make(host, driver, start=False)
    made = driver.read_pool(POOL)
    host.unmount()
    try:
        assert driver.read_pool(POOL) is None
        assert driver.read_image(host.image_spec) is None
        assert driver.read(spec.uuid).lost_disks == ()
        other = host.spec()
        with pytest.raises(Missing, match="Mount its disk"):
            driver.create(other, SEED, host.mark(other))
        with pytest.raises(Refused, match="not mounted"):
            driver.ensure_pool(POOL)
        assert driver.read(other.uuid) is None
    finally:
        host.mount()

    assert driver.read_pool(POOL).made == made.made
    assert driver.read(spec.uuid) == machine
    assert driver.ensure_pool(POOL).name == "vps"


def test_a_pool_of_ours_comes_and_goes(host, driver):
    spec = PoolSpec(name="second", path="/var/lib/aegir-vps/second")

    made = driver.ensure_pool(spec)

    assert made.made
    assert driver.read_pool(spec) == made
    host.add_volume("left", "second")
    with pytest.raises(Refused, match="it holds 1 volumes, the first is left"):
        driver.delete_pool(spec)
    assert driver.ensure_pool(spec).made
    host.drop_volume("left", "second")
    driver.delete_pool(spec)
    driver.delete_pool(spec)
    assert driver.read_pool(spec) is None


def test_a_network_is_used_as_it_is_or_refused(host, driver):
    assert driver.ensure_network(NETWORK) == driver.read_network(NETWORK)
    with pytest.raises(Refused, match="differs"):
        driver.ensure_network(replace(NETWORK, ipv4="198.51.100.1/24"))


def test_a_network_of_ours_comes_and_goes_but_not_under_a_machine(host, driver):
    network = replace(NETWORK, name="second", bridge="vpsbr7", ipv4="198.51.100.1/24", ipv6="")
    made = driver.ensure_network(network)
    assert made.made
    assert driver.read_network(network) == made
    spec = with_nic(host.spec(start=False), attach="network:second")
    machine = driver.create(spec, SEED, host.mark(spec))
    with pytest.raises(Refused, match="attached"):
        driver.delete_network(network)

    driver.delete(spec.uuid, machine.mark.incarnation)
    driver.delete_network(network)
    driver.delete_network(network)

    assert driver.read_network(network) is None


def test_a_bridge_that_the_host_lacks_is_said(host, driver):
    bridge = replace(NETWORK, name="wire", mode="bridge", bridge="nobr0", ipv4="", ipv6="")

    with pytest.raises(Missing, match="nobr0"):
        driver.ensure_network(bridge)
    assert driver.read_network(bridge) is None
