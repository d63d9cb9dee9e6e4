"""One guest at a time on a lab: from `vps up` until it says that it is delivered, and what it then holds."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.config.loader import load
from components.domain.images import Image
from components.domain.names import client_stack
from components.drivers.base import HostRef, Machine
from components.drivers.errors import DriverError
from components.drivers.guest import Guest
from components.drivers.libvirt.driver import LibvirtDriver
from components.images import lock
from components.lab.example import CLIENT, HOST, make_project, use_host
from components.lab.host import Lab
from tests.bench import engine, fleets
from tests.bench.command import VPS
from tests.bench.figures import CannotMeasure, Sample
from tests.bench.processes import Command

POLL_S = 1.0
SAY_S = 60
_DELIVERED = b"VPS READY "


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How long it took; or, when it is not done, how long it was waited for. `last` is what the console said last."""

    sample: Sample
    is_done: bool
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What a guest without visitors holds. Memory in MiB, disk in GiB; the host's figures are its own, not the guest's.

    `image_gib` is the base image's file, which all guests that were made from it share.
    """

    memory_seen: float
    memory_used: float
    memory_host: float
    disk_seen: float
    disk_used: float
    disk_host: float
    image_gib: float


@dataclass(slots=True)
class Place:
    """The example's project on a lab: its client has one VPS, made of the image that a run asks for."""

    lab: Lab
    stacks: engine.Stacks

    @classmethod
    def make(cls, folder: Path, lab: Lab, images: list[Image]) -> "Place":
        """The host applied, which holds all of `images`: an upload is no part of a delivery."""
        project = make_project(folder)
        use_host(project, driver="libvirt", uri=lab.uri, probe=lab.probe)
        catalogue = fleets.read(project.fleet / "catalogue.yaml")
        catalogue["images"] = {image.name: {"title": "A guest to measure"} for image in images}
        fleets.write(project.fleet / "catalogue.yaml", catalogue)
        fleets.write(project.fleet / "images.lock.yaml", {"images": {}})
        for image in images:
            lock.record(project.fleet, image)
        fleets.one_client(project.fleet, 1, image=images[0].name)
        found = load(project.fleet)
        if found.problems:
            raise CannotMeasure(f"the project is not clean: {found.problems[0]}")
        return cls(lab=lab, stacks=engine.Stacks(project))

    def deliver(self, number: int, image: Image, deadline_s: float, say: Callable[[str], None]) -> Delivery:
        """`vps up` of a machine with this number, then wait until its guest is delivered, at most so long in all.

        Every number is another machine: what an earlier one said on its console is not read as this one's word.
        """
        self.clear()
        fleet = self.stacks.project.fleet
        changes = {"image": image.name, "id": f"v-{number:06d}", "ipv4": [f"192.0.2.{10 + number}"]}
        fleets.one_client(fleet, 1, **changes)
        began, told = time.monotonic(), 0.0
        up = Command(
            [VPS, "up", client_stack(CLIENT), "--yes", "--fleet", fleet],
            cwd=fleet.parent,
            env=self.stacks.environment,
        ).sample()
        with self._guest() as (guest, machine):
            while True:
                console = _console(guest, machine)
                passed = time.monotonic() - began
                is_done = _DELIVERED in console
                if is_done or passed >= deadline_s:
                    break
                if passed - told > SAY_S:
                    told = passed
                    say(f"{image.name}, {passed:.0f} s: {_last(console)}")
                time.sleep(POLL_S)
        return Delivery(sample=Sample(passed, up.cpu + self._processor()), is_done=is_done, last=_last(console))

    def idle(self) -> Idle:
        """What the running guest holds now. Raises CannotMeasure when it doesn't say."""
        with self._guest() as (guest, machine):
            memory, disk = (
                _asked(guest, machine, command) for command in (["cat", "/proc/meminfo"], ["df", "-B1", "/"])
            )
            kib = {key: int(value) for key, value in re.findall(r"^(\w+): +(\d+) kB$", memory, re.MULTILINE)}
            total, used = (int(word) for word in disk.splitlines()[-1].split()[1:3])
            pool = self.lab.places.data / "aegir-vps" / "pool"
            (root,) = pool.glob("*-root.qcow2")
            return Idle(
                memory_seen=kib["MemTotal"] / 1024,
                memory_used=(kib["MemTotal"] - kib["MemAvailable"]) / 1024,
                memory_host=_resident_mib(machine.uuid),
                disk_seen=total / 1024**3,
                disk_used=used / 1024**3,
                disk_host=_allocated_gib(root),
                image_gib=max((_allocated_gib(file) for file in pool.glob("image-*")), default=0.0),
            )

    def clear(self) -> None:
        """Remove the machine, its volumes and the engine's memory of it; images stay."""
        import libvirt

        handle = libvirt.open(self.lab.uri)
        for domain in handle.listAllDomains(0):
            if domain.isActive():
                domain.destroy()
            domain.undefine()
        pool = handle.storagePoolLookupByName("vps")
        pool.refresh(0)
        for volume in pool.listAllVolumes(0):
            if not volume.name().startswith(("image-", "aegir-vps-pool")):
                volume.delete(0)
        handle.close()
        self.stacks.rewind()

    def _processor(self) -> float:
        """Processor seconds of the only machine since it was started."""
        import libvirt

        handle = libvirt.open(self.lab.uri)
        (domain,) = handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING)
        seconds: float = domain.info()[4] / 1e9
        handle.close()
        return seconds

    @contextmanager
    def _guest(self) -> Iterator[tuple[Guest, Machine]]:
        driver = LibvirtDriver(HostRef(name=HOST, driver="libvirt", uri=self.lab.uri, probe=self.lab.probe))
        try:
            (machine,) = driver.read_all()
            yield driver.guest(), machine
        finally:
            driver.close()


def _console(guest: Guest, machine: Machine) -> bytes:
    assert machine.mark is not None
    try:
        return guest.console(machine.uuid, machine.mark)
    except DriverError:
        return b""  # asked again in a second, until the deadline


def _last(console: bytes) -> str:
    lines = [
        line for raw in console.decode("utf-8", "replace").splitlines() if (line := re.sub(r"[^ -~]", "", raw).strip())
    ]
    return lines[-1][-160:] if lines else "nothing on its console yet"


def _asked(guest: Guest, machine: Machine, command: list[str]) -> str:
    assert machine.mark is not None
    try:
        said = guest.run(machine.uuid, machine.mark, command, deadline_s=60)
    except DriverError as problem:
        raise CannotMeasure(f"the guest does not say what it holds: {problem}") from problem
    return said.out.decode("utf-8", "replace")


def _resident_mib(uuid: str) -> float:
    """Of the emulator whose command line names the machine."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if uuid.encode() in words and b"qemu" in words[0]:
                found = re.search(r"^VmRSS:\s+(\d+) kB", (process / "status").read_text(), re.MULTILINE)
                return int(found[1]) / 1024 if found else 0.0
        except OSError:
            continue  # it ended meanwhile
    raise CannotMeasure(f"no emulator of machine {uuid} is to be seen")


def _allocated_gib(file: Path) -> float:
    return file.stat().st_blocks * 512 / 1024**3
