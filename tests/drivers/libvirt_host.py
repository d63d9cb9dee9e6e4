"""A lab's libvirtd under the contract suite."""

import json
import os
import subprocess
from pathlib import Path

from components.domain.names import disk_volume
from components.drivers.base import Driver, HostRef
from tests.drivers.hosts import Host


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
    def connect(ref: HostRef, faults_file: Path, ask_seconds: float = 60) -> Driver:
        from components.drivers.libvirt.driver import FAULTS, LibvirtDriver

        os.environ[FAULTS] = str(faults_file)
        try:
            # What a killed process held is outlasted sooner; a QEMU that emulates beside others may answer late.
            return LibvirtDriver(ref, stop_seconds=0.3, lease_seconds=4, ask_seconds=ask_seconds)
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
