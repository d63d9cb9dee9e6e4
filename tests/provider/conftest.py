"""A fake host with everything a machine stands on, and the inputs of one machine."""

import hashlib
from pathlib import Path

import pytest

from components.cloudinit import template_digest
from components.drivers.base import Driver, HostRef
from components.drivers.fake.driver import FakeDriver
from components.provider.machine import MachineResource
from components.provider.properties import Bag
from tests.provider.one_host import IMAGE, TODAY, furnish
from tests.provider.two_hosts import Fleet


@pytest.fixture
def host(tmp_path: Path) -> HostRef:
    return HostRef(name="lab1", driver="fake", uri=f"fake://{tmp_path / 'world'}")


@pytest.fixture
def driver(host: HostRef, tmp_path: Path) -> Driver:
    """A host that carries the pool, the network and the image."""
    driver = FakeDriver(host)
    furnish(driver, tmp_path)
    return driver


@pytest.fixture
def news(host: HostRef) -> Bag:
    """Inputs of one machine, as the program sends them."""
    uuid, mac = "0f6b2a52-7c1d-5e0a-9a44-3b1f2c4d5e6f", "52:54:00:00:00:01"
    nic = {"mac": mac, "addresses": ["192.0.2.10/24"], "gateway4": "192.0.2.1", "gateway6": ""}
    return {
        "schema": 1,
        "fleet": "demo",
        "backend": "b1",
        "client": "c-q7m2",
        "clientName": "Example Cooperative",
        "vps": "v-h3k9",
        "label": "web1",
        "title": "example-coop/web1",
        "uuid": uuid,
        "name": "demo-c-q7m2-v-h3k9",
        "host": {"name": host.name, "driver": "fake", "uri": host.uri, "probe": ""},
        "pool": "vps",
        "package": "small@2026-01",
        "vcpus": 2,
        "cpuCapPercent": 150,
        "memoryMib": 2048,
        "disks": {
            "root": {
                "sizeGib": 10,
                "iops": 1000,
                "rateMibS": 100,
                "image": {"name": "tiny", "sha256": hashlib.sha256(IMAGE).hexdigest()},
                "standalone": False,
            }
        },
        "nics": {
            "n0": {
                "network": "public1",
                "attach": "network:public1",
                "mac": mac,
                "rateMbitS": 100,
                "addresses": ["192.0.2.10/24"],
            }
        },
        "power": "managed",
        "ends": "",
        "reinstall": 0,
        "seed": {
            "template": "base",
            "templateDigest": template_digest("base"),
            "values": {
                "uuid": uuid,
                "reinstall": 0,
                "hostname": "web1",
                "fqdn": "web1.coop.example",
                "client": "c-q7m2",
                "client_name": "Example Cooperative",
                "vps": "v-h3k9",
                "label": "web1",
                "timezone": "UTC",
                "users": [],
                "nics": {"n0": nic},
                "dns": [],
                "settings": {
                    "email": "ada@coop.example",
                    "flavour": "base",
                    "admin": {"name": "Ada Ruiz", "email": "ada@coop.example"},
                    "panel": {"ssl_sites": []},
                    "maintenance": {"day": "sunday", "from": "03:00", "hours": 2},
                    "smarthost": "",
                    "options": {},
                },
            },
        },
    }


@pytest.fixture
def resource(driver: Driver) -> MachineResource:
    return MachineResource(lambda _: driver, lambda: TODAY)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


@pytest.fixture
def home(fleet: Fleet, news: Bag) -> Bag:
    """The inputs of a machine whose host is lab1, of two."""
    return fleet.placed(news, "lab1")
