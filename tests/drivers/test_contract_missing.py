"""What every driver says when a host lacks something, or is silent: no machine, nothing half-made."""

import time

import pytest

from components.drivers.base import HostRef, ImageRef
from components.drivers.errors import HostFull, HostUnreachable, Missing
from components.drivers.registry import connect
from tests.drivers.hosts import SEED
from tests.drivers.machines import with_disk, with_nic


def test_an_unknown_image_is_said_and_leaves_nothing(host, driver):
    spec = with_disk(host.spec(), image=ImageRef(name="blank", sha256="0" * 64))

    with pytest.raises(Missing, match="image blank"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None
    assert host.volumes(spec) == {}


def test_a_missing_pool_or_network_is_said_and_leaves_nothing(host, driver):
    spec = host.spec(pool="none")
    with pytest.raises(Missing, match="pool none"):
        driver.create(spec, SEED, host.mark(spec))
    spec = with_nic(host.spec(), attach="network:none")
    with pytest.raises(Missing, match="network none"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None


def test_a_machine_larger_than_the_host_is_not_admitted(host, driver):
    spec = host.spec(memory_mib=1024 * 1024 * 64)
    with pytest.raises(HostFull, match="memory"):
        driver.create(spec, SEED, host.mark(spec))
    spec = with_disk(host.spec(), size_gib=1024 * 1024 * 64, standalone=True)
    with pytest.raises(HostFull, match="pool vps"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None


def test_an_unreachable_host_is_said_quickly(host, tmp_path):
    uris = {"fake": f"fake://{tmp_path}/none/world", "libvirt": f"qemu+unix:///system?socket={tmp_path}/none"}
    driver = connect(HostRef(name="gone", driver=host.ref.driver, uri=uris[host.ref.driver]))
    spec = host.spec()
    began = time.monotonic()

    for call in (
        lambda: driver.read(spec.uuid),
        driver.read_all,
        lambda: driver.create(spec, SEED, host.mark(spec)),
        lambda: driver.delete(spec.uuid, "any"),
    ):
        with pytest.raises(HostUnreachable, match="gone"):
            call()

    assert time.monotonic() - began < 5
