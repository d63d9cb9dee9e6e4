"""The fake host under the contract suite."""

from pathlib import Path

from components.domain.names import disk_volume
from components.drivers.base import Driver, HostRef
from components.drivers.fake.driver import FakeDriver
from components.drivers.fake.machine import define
from components.drivers.fake.world import World
from tests.drivers.hosts import Host


class FakeHost(Host):
    enforces_nic_rates = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ref = HostRef(name="fake1", driver="fake", uri=f"fake://{folder}/world")
        self.faults_file = folder / "world/faults.json"
        self.furnish()

    @staticmethod
    def connect(ref: HostRef, faults_file: Path) -> Driver:
        return FakeDriver(ref)

    def driver(self) -> Driver:
        return self.connect(self.ref, self.faults_file)

    @property
    def world(self):
        return World(self.folder / "world")

    def names_like(self, spec):
        return [
            uuid
            for uuid, domain in self.world.all("domains").items()
            if domain["name"] == spec.name or uuid == spec.uuid
        ]

    def volumes(self, spec):
        return {
            name: str(values["generation"])
            for name, values in self.world.all("volumes/vps").items()
            if name.startswith(spec.name)
        }

    def stranger(self, spec):
        self.world.put("domains", spec.uuid, define(spec, self.mark(spec), {}, "") | {"mark": None})

    def lose(self, spec):
        self.world.remove("domains", spec.uuid)

    def lower_cpu_cap(self, spec, percent):
        live = (self.world.get("domains", spec.uuid) or {})["live"]
        self.world.change("domains", spec.uuid, live={**live, "cpuCapPercent": percent})

    def start_by_hand(self, spec):
        self.world.change("domains", spec.uuid, power="running", boots=1)

    def stop_by_hand(self, spec):
        self.world.change("domains", spec.uuid, power="off")

    def lift_limits(self, spec):
        domain = self.world.get("domains", spec.uuid) or {}
        gone = {"disks.root.iops", "disks.root.rateMibS", "nics.n0.rateMbitS"}
        config = {key: value for key, value in domain["config"].items() if key not in gone}
        live = {key: value for key, value in domain["live"].items() if key not in gone | {"cpuCapPercent"}}
        self.world.change("domains", spec.uuid, config=config, live=live)

    def lose_disk(self, spec):
        self.world.remove("volumes/vps", disk_volume(spec.name, spec.uuid, "root"))

    def age_trash_record(self, spec):
        values = self.world.get("trash", spec.uuid) or {}
        old = {key: value for key, value in values.items() if key not in ("why", "ended", "due")}
        self.world.put("trash", spec.uuid, old)

    def unmount(self):
        for kind in ("volumes", "images"):
            folder = self.folder / f"world/{kind}/vps"
            if folder.exists():
                folder.rename(folder.with_name("away"))
        self.world.change("pools", "vps", marked=False)

    def mount(self):
        for kind in ("volumes", "images"):
            folder = self.folder / f"world/{kind}/away"
            if folder.exists():
                folder.rename(folder.with_name("vps"))
        self.world.change("pools", "vps", marked=True)

    def drop_volume(self, name, pool):
        self.world.remove(f"volumes/{pool}", name)

    def add_volume(self, name, pool="vps"):
        self.world.put(f"volumes/{pool}", name, {"kind": "disk", "sizeGib": 1, "backing": "", "generation": 0})
