"""Hosts for the contract suite: the fake one everywhere, the real one in the lab."""

import pytest

from tests.drivers.fake_host import FakeHost
from tests.drivers.libvirt_host import LibvirtHost
from tests.drivers.pairs import fake_pair, libvirt_pair


@pytest.fixture(scope="session")
def lab_host(request, tmp_path_factory):
    return LibvirtHost(tmp_path_factory.mktemp("libvirt"), request.getfixturevalue("lab"))


@pytest.fixture(params=["fake", pytest.param("libvirt", marks=pytest.mark.lab)])
def host(request, tmp_path):
    made = FakeHost(tmp_path) if request.param == "fake" else request.getfixturevalue("lab_host")
    yield made
    made.clean()


@pytest.fixture
def driver(host):
    made = host.driver()
    yield made
    made.close()


@pytest.fixture(scope="session")
def labs(tmp_path_factory):
    with libvirt_pair(tmp_path_factory.mktemp("pair")) as made:
        yield made


@pytest.fixture(params=["fake", pytest.param("libvirt", marks=pytest.mark.lab)])
def pair(request, tmp_path):
    made = fake_pair(tmp_path) if request.param == "fake" else request.getfixturevalue("labs")
    made.said.clear()
    yield made
    made.clean()
