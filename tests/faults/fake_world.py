"""Two fake hosts in one folder, a stranger's machine on each, and room for just what the scenarios need."""

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.config.loader import load
from components.declaration import machine_inputs
from components.drivers.base import HostRef, ImageSpec, NetworkSpec, PoolSpec
from components.drivers.fake.driver import FakeDriver
from components.drivers.fake.world import World
from components.images import cache
from components.lab.example import CLIENT, VPS, make_fake_project
from tests.faults.view import Guest, View, Volume

HOSTS = ("lab1", "lab2")
MEMORY_MIB, POOL_GIB = 6144, 60
STRANGER = "5bd1e995-0000-4000-8000-00000000000%d"


class FakeWorld:
    """A folder with `lab1/`, `lab2/` (the hosts) and the states of what stands on them."""

    urn = "urn:pulumi:client.example-coop::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def furnish(cls, folder: Path, project: Path) -> "FakeWorld":
        """New hosts with pool, network and the example's image; `project` is where the example is copied to."""
        made = cls(folder)
        inputs = example(project)
        image = inputs["disks"]["root"]["image"]
        for number, name in enumerate(HOSTS):
            driver = FakeDriver(made.host(name))
            world = made.world(name)
            world.folder.mkdir(parents=True)
            (world.folder / "host.json").write_text(json.dumps({"memoryMib": MEMORY_MIB, "poolGib": POOL_GIB}))
            driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
            driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0", ipv4="192.0.2.1/24"))
            source = str(cache.path(image["sha256"]))
            driver.ensure_image(ImageSpec(name=image["name"], sha256=image["sha256"], pool="vps", source=source))
            world.put("domains", STRANGER % number, _stranger(STRANGER % number))
            world.put("volumes/vps", "stranger.qcow2", {"kind": "disk", "sizeGib": 1, "backing": "", "generation": 0})
        (folder / "inputs.json").write_text(json.dumps(inputs))
        return made

    def copy(self, folder: Path) -> "FakeWorld":
        """The same world elsewhere."""
        shutil.copytree(self.folder, folder)
        copied = FakeWorld(folder)
        for state in folder.glob("*.state"):
            state.write_text(state.read_text().replace(str(self.folder), str(folder)))
        return copied

    def host(self, name: str = HOSTS[0]) -> HostRef:
        return HostRef(name=name, driver="fake", uri=f"fake://{self.folder / name}")

    def world(self, name: str = HOSTS[0]) -> World:
        return World(self.folder / name)

    def inputs(self, host: str = HOSTS[0], **changes: Any) -> dict[str, Any]:
        """What the program sends for the example's machine on that host."""
        inputs: dict[str, Any] = json.loads((self.folder / "inputs.json").read_text())
        return {**inputs, "host": asdict(self.host(host)), **changes}

    def stamp(self) -> None:
        """Let every disk hold something, so that it is known wherever it goes."""
        for name in HOSTS:
            world = self.world(name)
            for volume, values in world.all("volumes/vps").items():
                if not values.get("content"):
                    world.change("volumes/vps", volume, content=f"data of {volume} on {name}")

    def unmark(self, uuid: str) -> None:
        """Let the machine be somebody else's."""
        self.world().change("domains", uuid, mark=None)

    def other_image(self) -> dict[str, str]:
        """An image that no host has yet; its file lies here."""
        path = self.folder / "other.img"
        if not path.exists():
            path.write_bytes(b"another image")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return {"name": "other", "sha256": digest, "pool": "vps", "source": str(path)}

    def holds_image(self, spec: dict[str, str]) -> bool:
        return FakeDriver(self.host()).read_image(ImageSpec(**spec)) is not None

    def environ(self) -> dict[str, str]:
        """Where every host of the fleet is now."""
        hosts = {name: asdict(self.host(name)) for name in HOSTS}
        for name in HOSTS:
            if not self._there(name):
                hosts[name]["lost"] = "2026-11-22"
        return {"VPS_HOSTS": json.dumps(hosts)}

    def burn(self, name: str) -> None:
        """The host is gone for good, and its file says so."""
        shutil.rmtree(self.world(name).folder)

    def _there(self, name: str) -> bool:
        return self.world(name).folder.is_dir()

    def fault(self, *faults: dict[str, Any]) -> None:
        """Ask for faults on both hosts; each strikes once in all, wherever it is met first."""
        for name in filter(self._there, HOSTS):
            (self.world(name).folder / "faults.json").write_text(json.dumps(faults))

    def struck(self) -> int:
        """How many faults struck."""
        there = filter(self._there, HOSTS)
        found = [json.loads((self.world(name).folder / "faults.json").read_text()) for name in there]
        return sum(1 for faults in found for fault in faults if fault["times"] == 0)

    def heal(self) -> None:
        for name in HOSTS:
            (self.world(name).folder / "faults.json").unlink(missing_ok=True)

    def look(self) -> View:
        """What stands there now."""
        views = [look(self.world(name).folder, name) for name in HOSTS]
        return View(
            guests=tuple(guest for view in views for guest in view.guests),
            volumes=tuple(volume for view in views for volume in view.volumes),
            memory_mib=dict.fromkeys(HOSTS, MEMORY_MIB),
            pool_gib=dict.fromkeys(HOSTS, float(POOL_GIB)),
        )


def look(folder: Path, name: str = HOSTS[0]) -> View:
    """What stands on one fake host."""
    world = World(folder)
    trash = json.dumps(world.all("trash"))
    volumes = [
        Volume(
            host=name,
            name=volume,
            content=str(values.get("content") or f"{name}:{values['generation']}"),
            size_gib=values.get("sizeGib", 0),
            kept=bool(values.get("trash")) or volume in trash,
        )
        for volume, values in world.all("volumes/vps").items()
    ]
    guests = [_guest(name, uuid, domain) for uuid, domain in world.all("domains").items()]
    return View(guests=tuple(guests), volumes=tuple(volumes))


def example(project: Path) -> dict[str, Any]:
    """What the program sends for the example's machine, whole copies of the image instead of overlays."""
    fleet = load(make_fake_project(project).fleet).fleet
    client = fleet.clients[CLIENT]
    inputs = machine_inputs(fleet, client, client.vps[VPS], backend="b1")
    inputs["disks"]["root"]["standalone"] = True
    return inputs


def _stranger(uuid: str) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "name": "stranger",
        "title": "",
        "mark": None,
        "power": "running",
        "pool": "vps",
        "config": {"vcpus": 1, "memoryMib": 512, "cpuCapPercent": 100, "disks.root.sizeGib": 1},
        "live": {"vcpus": 1, "memoryMib": 512, "cpuCapPercent": 100, "disks.root.sizeGib": 1},
        "nics": {},
        "disks": {"root": "stranger.qcow2"},
        "seed": "stranger.qcow2",
        "boots": 1,
    }


def _guest(host: str, uuid: str, domain: dict[str, Any]) -> Guest:
    mark = domain["mark"] or {}
    return Guest(
        host=host,
        uuid=uuid,
        name=domain["name"],
        owner=f"{mark['client']}/{mark['vps']}" if mark else "",
        phase=mark.get("phase", ""),
        power=domain["power"],
        memory_mib=max(domain["config"]["memoryMib"], domain["live"].get("memoryMib", 0)),
        volumes=frozenset((*domain["disks"].values(), domain["seed"])),
        whole=json.dumps(domain, sort_keys=True),
    )
