"""A lease is held by one, waits, and outlasts a holder that died."""

import threading
import time

import libvirt
import pytest

from components.drivers.errors import DriverError
from components.drivers.libvirt import lease, volumes
from components.drivers.libvirt.lease import Leases

pytestmark = pytest.mark.lab


@pytest.fixture
def pool(lab_host):
    handle = libvirt.open(lab_host.ref.uri)
    yield handle.storagePoolLookupByName("vps")
    handle.close()
    lab_host.clean()


def test_two_holders_take_turns(pool):
    inside, most = [], []

    def work():
        with Leases().hold("Unable", pool, "turns", wait=20):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1, 1, 1, 1]
    assert volumes.find(pool, "lease-turns") is None


def test_who_waits_too_long_is_told(pool):
    with (
        Leases().hold("Unable", pool, "busy", wait=1),
        pytest.raises(DriverError, match="somebody else holds lease-busy"),
        Leases().hold("Unable", pool, "busy", wait=0.2),
    ):
        pass


def test_a_lease_of_a_dead_holder_expires(pool):
    volumes.make_raw(pool, f"{lease.PREFIX}dead", (int(time.time()) - 1) << 6)

    with Leases().hold("Unable", pool, "dead", wait=5):
        assert volumes.find(pool, "lease-dead").info()[1] >> 6 > time.time()


def test_a_lease_whose_file_somebody_took_away_holds_up_nobody(pool, lab_host):
    volumes.make_raw(pool, "lease-gone", (int(time.time()) + 3600) << 6)
    (lab_host.pool_folder / "lease-gone").unlink()

    with Leases().hold("Unable", pool, "gone", wait=2) as held:
        held.need()


def test_a_lease_that_another_took_meanwhile_is_left_alone(pool):
    with Leases().hold("Unable", pool, "slow", wait=5):
        volumes.remove(pool, "lease-slow")
        volumes.make_raw(pool, "lease-slow", 1 << 40)

    assert volumes.find(pool, "lease-slow").info()[1] == 1 << 40


def test_a_lease_that_was_lost_is_told_before_the_write(pool):
    with Leases().hold("Unable", pool, "lost", wait=5) as held:
        assert held.still_ours()
        held.need()
        volumes.remove(pool, "lease-lost")
        assert not held.still_ours()
        with pytest.raises(DriverError, match="lease-lost was lost"):
            held.need()


def test_a_long_lease_is_renewed_and_still_given_back(pool):
    with Leases(seconds=2).hold("Unable", pool, "long", wait=5):
        first = volumes.find(pool, "lease-long").info()[1] >> 6
        time.sleep(2.5)
        assert volumes.find(pool, "lease-long").info()[1] >> 6 > first
    assert volumes.find(pool, "lease-long") is None
