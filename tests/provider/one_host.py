"""One machine on one fake host: what is there of it, and what a test does to it behind the file."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from components.drivers.base import Driver, HostRef, ImageSpec, Machine, NetworkSpec, PoolSpec
from components.provider.machine import MachineResource, PartlyCreated
from components.provider.properties import Bag

URN = "urn:pulumi:client.example-coop::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"
TODAY = dt.date(2026, 12, 1)
IMAGE = b"not a disk, but its bytes have a digest"


def furnish(driver: Driver, folder: Path) -> None:
    """Give a host the pool, the network and the image; `folder` is for the image's file."""
    source = folder / "image.qcow2"
    source.write_bytes(IMAGE)
    driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0", ipv4="192.0.2.1/24"))
    sha256 = hashlib.sha256(IMAGE).hexdigest()
    driver.ensure_image(ImageSpec(name="tiny", sha256=sha256, pool="vps", source=str(source)))


def world_of(host: HostRef) -> Path:
    return Path(host.uri.removeprefix("fake://"))


def disks_of(host: HostRef) -> dict[str, dict[str, object]]:
    folder = world_of(host) / "volumes" / "vps"
    found = {path.name: json.loads(path.read_text()) for path in folder.glob("*root*")}
    assert found, f"no disk in {folder}"
    return found


def volumes_of(host: HostRef) -> dict[str, str]:
    found = {path.name: path.read_text() for path in (world_of(host) / "volumes" / "vps").iterdir()}
    assert len(found) == 2, f"a disk and a seed were to be found, not {sorted(found)}"
    return found


def standing(driver: Driver, news: Bag) -> Machine:
    found = driver.read(news["uuid"])
    assert found is not None
    return found


def record_of(host: HostRef, news: Bag) -> Path:
    """What the fake host keeps of the machine."""
    return world_of(host) / "domains" / f"{news['uuid']}.json"


def domain_of(host: HostRef, news: Bag) -> Bag:
    found: Bag = json.loads(record_of(host, news).read_text())
    return found


def behind_the_file(host: HostRef, news: Bag, change: Callable[[Bag], object]) -> None:
    """Change the machine on its host, as somebody there could."""
    domain = domain_of(host, news)
    change(domain)
    record_of(host, news).write_text(json.dumps(domain))


def fail(host: HostRef, step: str, do: str = "fail") -> None:
    """The next time that `step` is reached, `do` happens instead."""
    (world_of(host) / "faults.json").write_text(json.dumps([{"step": step, "do": do, "times": 1}]))


def interrupted(resource: MachineResource, host: HostRef, news: Bag, step: str) -> Bag:
    """The state of a creation that stopped before `step`."""
    fail(host, step)
    with pytest.raises(PartlyCreated) as caught:
        resource.create(URN, news)
    return caught.value.state


def up(resource: MachineResource, state: Bag, old: Bag, news: Bag) -> Bag:
    changes = resource.changes(old, state, news)
    return resource.update(state["uuid"], URN, state, news, changes)
