"""The two kinds of host under the one contract suite, and what a test may do to them behind the driver's back."""

import hashlib
import json
import multiprocessing
import os
import secrets
import subprocess
from dataclasses import replace
from pathlib import Path

from components.domain.names import disk_volume, image_volume, mac_address, machine_uuid, seed_volume
from components.drivers.base import (
    DiskSpec,
    Driver,
    HostRef,
    ImageRef,
    ImageSpec,
    MachineSpec,
    Mark,
    NetworkSpec,
    NicSpec,
    Phase,
    PoolSpec,
)

POOL = PoolSpec(name="vps", path="/var/lib/aegir-vps/pool")
NETWORK = NetworkSpec(name="public1", mode="nat", bridge="vpsbr0", ipv4="192.0.2.1/24", ipv6="2001:db8:1::1/64")
SEED = b"a seed" * 700


class Host:
    """A furnished host: pool, network and one small image are there. Each test uses machines of its own."""

    ref: HostRef
    faults_file: Path
    enforces_nic_rates: bool

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.image_file = folder / "blank.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.image_file, "16M"], check=True)
        digest = hashlib.sha256(self.image_file.read_bytes()).hexdigest()
        self.image = ImageRef(name="blank", sha256=digest)
        self.image_spec = ImageSpec(name="blank", sha256=digest, pool="vps", source=str(self.image_file))
        self.seen: list[MachineSpec] = []

    def driver(self) -> Driver:
        raise NotImplementedError

    def furnish(self) -> None:
        driver = self.driver()
        driver.ensure_pool(POOL)
        driver.ensure_network(NETWORK)
        driver.ensure_image(self.image_spec)
        driver.close()

    def spec(self, **changes: object) -> MachineSpec:
        """A new machine, or `like` another one with `changes`."""
        vps = f"v-{secrets.token_hex(3)}"
        uuid = machine_uuid("test", "c-test", vps)
        made = MachineSpec(
            uuid=uuid,
            name=f"test-c-test-{vps}",
            title=f'O\'Neil & <Sons> "{vps}"',
            pool="vps",
            vcpus=1,
            cpu_cap_percent=50,
            memory_mib=64,
            disks={"root": DiskSpec(size_gib=1, iops=500, rate_mib_s=50, image=self.image, standalone=False)},
            nics={
                "n0": NicSpec(
                    attach="network:public1", mac=mac_address(uuid, "n0"), rate_mbit_s=100, addresses=("192.0.2.10/24",)
                )
            },
        )
        made = replace(made, **changes)
        self.seen.append(made)
        return made

    def mark(self, spec: MachineSpec, **changes: object) -> Mark:
        made = Mark(
            fleet="test",
            backend="b1",
            urn=f"urn:pulumi:client.test::aegir-vps::vps:index:Machine::{spec.name}",
            client="c-test",
            vps=spec.name.removeprefix("test-c-test-"),
            phase=Phase.CREATING,
            incarnation=secrets.token_hex(8),
        )
        return replace(made, **changes)

    def fault(self, *faults: dict[str, object]) -> None:
        self.faults_file.write_text(json.dumps(list(faults)))

    def in_other_process(self, spec: MachineSpec, mark: Mark) -> int:
        """Create in a process of its own, which a fault may kill; its exit status."""
        process = multiprocessing.get_context("spawn").Process(
            target=create_here, args=(type(self), self.ref, self.faults_file, spec, mark)
        )
        process.start()
        process.join(60)
        assert process.exitcode is not None
        return process.exitcode

    @staticmethod
    def connect(ref: HostRef, faults_file: Path) -> Driver:
        raise NotImplementedError

    def volume_names(self, spec: MachineSpec, reinstall: int = 0) -> set[str]:
        return {
            *(disk_volume(spec.name, spec.uuid, name, reinstall) for name in spec.disks),
            seed_volume(spec.name, spec.uuid, reinstall),
        }

    # What only a host of its kind can do.
    def names_like(self, spec: MachineSpec) -> list[str]:
        """UUIDs of every machine on the host that has the spec's name or UUID."""
        raise NotImplementedError

    def volumes(self, spec: MachineSpec) -> dict[str, str]:
        """The machine's volumes on the host: name → what changes when it is made anew."""
        raise NotImplementedError

    def stranger(self, spec: MachineSpec) -> None:
        """A machine without our mark, with the spec's UUID and name."""
        raise NotImplementedError

    def lose(self, spec: MachineSpec) -> None:
        """Take the machine away behind our back; its volumes stay."""
        raise NotImplementedError

    def lower_cpu_cap(self, spec: MachineSpec, percent: int) -> None:
        """Change what is in force behind our back."""
        raise NotImplementedError

    def start_by_hand(self, spec: MachineSpec) -> None:
        """Start the machine behind our back."""
        raise NotImplementedError

    def stop_by_hand(self, spec: MachineSpec) -> None:
        raise NotImplementedError

    def lift_limits(self, spec: MachineSpec) -> None:
        """Take the CPU cap away from what runs, the disk's throttle and the NIC's rate from the configuration too."""
        raise NotImplementedError

    def lose_disk(self, spec: MachineSpec) -> None:
        """Take the volume of disk `root` away behind our back."""
        raise NotImplementedError

    def age_trash_record(self, spec: MachineSpec) -> None:
        """Make the record of an ended machine one that the first release wrote."""
        raise NotImplementedError

    def unmount(self) -> None:
        """Nothing lies at the pool's path any more; `mount` brings it back."""
        raise NotImplementedError

    def mount(self) -> None:
        raise NotImplementedError

    def add_volume(self, name: str, pool: str = "vps") -> None:
        raise NotImplementedError

    def drop_volume(self, name: str, pool: str) -> None:
        raise NotImplementedError

    def clean(self) -> None:
        """Take away what the test made."""
        self.faults_file.unlink(missing_ok=True)


def create_here(kind: type[Host], ref: HostRef, faults_file: Path, spec: MachineSpec, mark: Mark) -> None:
    kind.connect(ref, faults_file).create(spec, SEED, mark)
    os._exit(0)


class FakeHost(Host):
    enforces_nic_rates = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ref = HostRef(name="fake1", driver="fake", uri=f"fake://{folder}/world")
        self.faults_file = folder / "world/faults.json"
        self.furnish()

    @staticmethod
    def connect(ref: HostRef, faults_file: Path) -> Driver:
        from components.drivers.fake.driver import FakeDriver

        return FakeDriver(ref)

    def driver(self) -> Driver:
        return self.connect(self.ref, self.faults_file)

    @property
    def world(self):
        from components.drivers.fake.world import World

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
        from components.drivers.fake.machine import define

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


class LibvirtHost(Host):
    enforces_nic_rates = False

    def __init__(self, folder: Path, lab) -> None:
        super().__init__(folder)
        self.lab = lab
        self.enforces_nic_rates = lab.status().rates_enforced
        self.ref = HostRef(name="lab", driver="libvirt", uri=lab.uri, probe=lab.probe)
        self.faults_file = folder / "faults.json"
        self.pool_folder = lab.places.data / "aegir-vps/pool"
        self.furnish()

    @staticmethod
    def connect(ref: HostRef, faults_file: Path) -> Driver:
        from components.drivers.libvirt.driver import FAULTS, LibvirtDriver

        os.environ[FAULTS] = str(faults_file)
        try:
            return LibvirtDriver(ref, stop_seconds=0.3)
        finally:
            del os.environ[FAULTS]

    def driver(self) -> Driver:
        return self.connect(self.ref, self.faults_file)

    def virsh(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["virsh", "-q", "-c", self.lab.uri, *words], capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def names_like(self, spec):
        lines = [line.split() for line in self.virsh("list", "--all", "--uuid", "--name").splitlines() if line.strip()]
        return [uuid for uuid, name in lines if name == spec.name or uuid == spec.uuid]

    def volumes(self, spec):
        found = {}
        for path in self.pool_folder.glob(f"{spec.name}*"):
            stat = subprocess.run(["stat", "-c", "%i %w", path], capture_output=True, text=True, check=True)
            found[path.name] = stat.stdout.strip()
        return found

    def stranger(self, spec):
        path = self.folder / "stranger.xml"
        path.write_text(
            f"<domain type='qemu'><name>{spec.name}</name><uuid>{spec.uuid}</uuid><memory unit='MiB'>64</memory>"
            "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
        )
        self.virsh("define", str(path))

    def lose(self, spec):
        self.virsh("destroy", spec.uuid, check=False)
        self.virsh("undefine", spec.uuid)

    def lower_cpu_cap(self, spec, percent):
        self.virsh("schedinfo", spec.uuid, "--live", "--set", f"global_quota={percent * 1000}")

    def start_by_hand(self, spec):
        self.virsh("start", spec.uuid)

    def stop_by_hand(self, spec):
        self.virsh("destroy", spec.uuid)

    def lift_limits(self, spec):
        self.virsh("schedinfo", spec.uuid, "--live", "--set", "global_quota=-1")
        limits = ("--total-iops-sec", "0", "--total-bytes-sec", "0")
        self.virsh("blkdeviotune", spec.uuid, "vda", *limits, "--live", "--config")
        if self.enforces_nic_rates:
            rates = ("--inbound", "0", "--outbound", "0")
            self.virsh("domiftune", spec.uuid, spec.nics["n0"].mac, *rates, "--live", "--config")

    def lose_disk(self, spec):
        (self.pool_folder / disk_volume(spec.name, spec.uuid, "root")).unlink()

    def age_trash_record(self, spec):
        path = self.pool_folder / f"trash-{spec.uuid}.json"
        values = json.loads(path.read_text())
        keys = ("schema", "uuid", "name", "ended", "mark", "volumes", "xml")
        path.write_text(json.dumps({key: values[key] for key in keys}, indent=1))

    def unmount(self):
        away = self.pool_folder.with_name("away")
        away.mkdir()
        for path in self.pool_folder.iterdir():
            path.rename(away / path.name)

    def mount(self):
        away = self.pool_folder.with_name("away")
        for path in away.iterdir():
            path.replace(self.pool_folder / path.name)
        away.rmdir()
        self.virsh("pool-refresh", "vps")

    def drop_volume(self, name, pool):
        self.virsh("vol-delete", name, pool)

    def add_volume(self, name, pool="vps"):
        self.virsh("vol-create-as", pool, name, "1M")

    def clean(self):
        super().clean()
        for spec in self.seen:
            self.virsh("destroy", spec.uuid, check=False)
            self.virsh("undefine", spec.uuid, check=False)
            for path in (*self.pool_folder.glob(f"{spec.name}*"), *self.pool_folder.glob(f"trash-{spec.uuid}*")):
                path.unlink()
        for path in self.pool_folder.glob("lease-*"):
            path.unlink()
        self.seen.clear()
        self.virsh("pool-refresh", "vps")


__all__ = ["NETWORK", "POOL", "SEED", "FakeHost", "Host", "LibvirtHost", "image_volume"]
