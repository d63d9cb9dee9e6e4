"""A host under the one contract suite, of whatever kind, and what a test may do to it behind the driver's back."""

import hashlib
import json
import multiprocessing
import os
import secrets
import subprocess
from dataclasses import replace
from pathlib import Path

from components.domain.names import disk_volume, mac_address, machine_uuid, seed_volume
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

    def apart(self, call: str, *arguments: object) -> int:
        """One call of a driver in a process of its own, which a fault may kill; its exit status."""
        process = multiprocessing.get_context("spawn").Process(
            target=call_here, args=(type(self), self.ref, self.faults_file, call, arguments)
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


def call_here(kind: type[Host], ref: HostRef, faults_file: Path, call: str, arguments: tuple[object, ...]) -> None:
    getattr(kind.connect(ref, faults_file), call)(*arguments)
    os._exit(0)
