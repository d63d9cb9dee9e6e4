"""Two contestants on one lab host: the same machines declared for us and for Terraform, and how long each takes."""

import datetime as dt
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from components.cloudinit import render
from components.config.loader import load
from components.declaration import machine_inputs
from components.domain.images import Image
from components.domain.names import image_volume, mac_address, machine_uuid
from components.engine import state
from components.images import lock
from components.lab.example import CLIENT, make_project, use_host
from components.lab.host import Lab
from tests.bench import engine, fleets
from tests.bench.command import VPS
from tests.bench.downtime import Absence, Watch, first_answer
from tests.bench.figures import CannotMeasure, Sample, Times
from tests.bench.peers import terraform
from tests.bench.processes import Command

SMALL, LARGER_MEMORY, LARGER_DISK = "peer@2026-01", "peer-memory@2026-01", "peer-disk@2026-01"
LIMITS = {
    "vcpus": 1,
    "cpu_cap": "100 %",
    "memory": "128 MiB",
    "disk": "1 GiB",
    "disk_iops": 5000,
    "disk_rate": "500 MiB/s",
    "nic_rate": "1000 Mbit/s",
}
THEIRS = {"vcpus": 1, "memory_mib": 128, "disk_gib": 1}
FIRST_OF_THEIRS = 130
"""The last byte of their first guest's address."""
ATTEMPTS = 3


@dataclass(slots=True)
class Pair:
    """One kind of work: every run of ours and of theirs, and how long the guest was away."""

    what: str
    n: int
    ours: list[Sample] = field(default_factory=list)
    theirs: list[Sample] = field(default_factory=list)
    away: tuple[Absence | None, Absence | None] = (None, None)
    note: str = ""

    @property
    def ratio(self) -> float:
        return Times(tuple(self.ours)).ratio(Times(tuple(self.theirs)))

    @property
    def broken(self) -> list[str]:
        """What the promise says and this doesn't hold: not slower, and no second lost."""
        found = [f"{self.what}, {self.n}: ours took {self.ratio:.2f} x theirs"] if self.ratio > 1 else []
        away = self.away[0]
        if away is not None and (away.seconds or away.rebooted or away.disk_lost):
            found.append(f"{self.what}, {self.n}: our guest was away for {away}")
        return found

    def cells(self) -> tuple[str, ...]:
        ours, theirs = Times(tuple(self.ours)), Times(tuple(self.theirs))
        shown = ["" if one is None else str(one) for one in self.away]
        times = (f"{ours.median:.2f} s", f"{theirs.median:.2f} s", f"{self.ratio:.2f}")
        return (self.what, str(self.n), str(len(self.ours)), *times, *shown, self.note)


@dataclass(slots=True)
class Contest:
    """One lab with our project and theirs, the same machines declared in both."""

    lab: Lab
    count: int
    stacks: engine.Stacks
    terraform: terraform.Machines
    image: Image

    @classmethod
    def make(
        cls, folder: Path, lab: Lab, programs: Path, count: int, image: Image, environment: dict[str, str]
    ) -> "Contest":
        """Both declared, our host applied (which uploads the base image that theirs use as well)."""
        project = make_project(folder)
        use_host(project, driver="libvirt", uri=lab.uri, probe=lab.probe)
        _packages(project.fleet, image.name)
        lock.record(project.fleet, image)
        fleets.one_client(project.fleet, count, package=SMALL, image=image.name)
        found = load(project.fleet)
        if found.problems:
            raise CannotMeasure(f"the generated fleet is not clean: {found.problems[0]}")
        accelerated = lab.status().acceleration == "kvm"
        theirs = terraform.Machines(folder / "terraform", programs, lab.uri, accelerated)
        made = cls(
            lab=lab,
            count=count,
            stacks=engine.Stacks(project, environment),
            terraform=theirs,
            image=image,
        )
        made.declare(SMALL, {})
        return made

    def declare(self, package: str, limits: dict[str, int], **changes: Any) -> None:
        """Let both declare these sizes; `changes` are made to our VPSs."""
        fleets.one_client(self.stacks.project.fleet, self.count, package=package, image=self.image.name, **changes)
        fleet = load(self.stacks.project.fleet).fleet
        client = fleet.clients[CLIENT]
        machines = []
        for number, vps in enumerate(client.vps.values()):
            seed = machine_inputs(fleet, client, vps, backend="bench")["seed"]
            values = _theirs(seed["values"], number)
            mac = values["nics"]["n0"]["mac"]
            rendered = render(seed["template"], values)
            machines.append(terraform.machine(f"web{number}", mac, {**THEIRS, **limits}, rendered))
        self.terraform.declare(machines, image_volume(self.image.name, self.image.sha256))

    def up(self) -> Command:
        """`vps up` of the client."""
        return self._vps("up", engine.STACK, "--yes")

    def plan(self, what: str, runs: int) -> Pair:
        """Both look for changes and find none."""
        pair = Pair(what, self.count)
        for _ in range(runs):
            pair.ours.append(self._vps("preview", engine.STACK).sample())
            pair.theirs.append(_noted(pair, self.terraform.plan))
        return pair

    def audit(self, what: str, runs: int) -> Pair:
        """Both ask the host whether everything is as recorded; no declared file changed."""
        pair = Pair(what, self.count)
        for _ in range(runs):
            pair.ours.append(self._vps("drift").sample())
            pair.theirs.append(_noted(pair, self.terraform.refresh))
        return pair

    def change(self, what: str, package: str, limits: dict[str, int]) -> Pair:
        """Both change the only guest, watched from before until it answers again."""
        self.declare(package, limits)
        ours, away = self._watched(0, self.up)
        theirs, absent = self._watched(FIRST_OF_THEIRS - 10, self.terraform.apply)
        waits = self._waiting()
        note = f"ours: {', '.join(waits)} waits for the next boot" if waits else "ours: in force at once"
        if absent.rebooted:
            note += "; theirs: machine replaced"
        if absent.disk_lost:
            note += "; theirs: disk made anew, data gone"
        return Pair(what, self.count, [ours], [theirs], (away, absent), note)

    def end(self) -> Pair:
        """Everything goes. Ours in its two runs: the end recorded, then carried out, guests shut down gracefully."""
        today = dt.datetime.now(dt.UTC).date().isoformat()
        term = {"months": 3, "start": "2026-01-01", "renew": True}
        package = LARGER_DISK if self.count == 1 else SMALL
        self.declare(package, {}, ends=today, term=term)
        first, second = self.up().sample(), self.up().sample()
        both = Sample(first.wall + second.wall, first.cpu + second.cpu)
        hung, theirs = _until_it_ends(self.terraform.destroy)
        note = f"ours: recorded {first.wall:.1f} s + ended {second.wall:.1f} s, disks kept; theirs: disks destroyed"
        note += "; ours shut down, theirs lost power" if self.count == 1 else "; guests were off"
        note += hung
        if left := self._domains(""):
            raise CannotMeasure(f"{', '.join(left)} should be gone")
        return Pair("end | destroy", self.count, [both], [theirs], note=note)

    def cut(self) -> None:
        """Cut every guest's power: a halted one hears no button, and ours would wait a minute for it in vain."""
        import libvirt

        handle = libvirt.open(self.lab.uri)
        for domain in handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
            domain.destroy()
        handle.close()

    def settle(self) -> None:
        """Wait until every guest answers: its boot is over."""
        for number in range(self.count):
            first_answer(_address(number), self.lab)
            first_answer(_address(number + FIRST_OF_THEIRS - 10), self.lab)

    def clear(self) -> None:
        """Nothing of both is left but image, pool and network."""
        self.stacks.rewind()
        self.terraform.forget()
        self._clear("")

    def _clear(self, prefix: str) -> None:
        """No machine, disk or seed of that name is left."""
        import libvirt

        handle = libvirt.open(self.lab.uri)
        for domain in handle.listAllDomains(0):
            if not domain.name().startswith(prefix):
                continue
            if domain.isActive():
                domain.destroy()
            domain.undefine()
        pool = handle.storagePoolLookupByName("vps")
        pool.refresh(0)
        for volume in pool.listAllVolumes(0):
            name = volume.name()
            if name.startswith(prefix) and not name.startswith(("image-", "aegir-vps-pool")):
                volume.delete(0)
        handle.close()

    def _watched(self, number: int, command: Callable[[], Command]) -> tuple[Sample, Absence]:
        files = "demo-*-root.qcow2" if number == 0 else f"{terraform.PREFIX}*.qcow2"
        with Watch(self.lab, _address(number)) as watch:
            watch.answered()
            since, disks = time.monotonic(), self._inodes(files)
            sample = command().sample()
            absence = watch.absence(since)
            # A guest goes on for a while on a file that was deleted and made anew under it.
            return sample, replace(absence, disk_lost=absence.disk_lost or disks != self._inodes(files))

    def _inodes(self, pattern: str) -> dict[str, int]:
        pool = self.lab.places.data / "aegir-vps" / "pool"
        return {path.name: path.stat().st_ino for path in pool.glob(pattern)}

    def _waiting(self) -> list[str]:
        """Limits that our machines have configured and not yet in force, as state says that the host answered."""
        found = state.machines(self.stacks.environment, engine.STACK) or []
        return [key for machine in found for key in machine.get("rebootRequired", [])]

    def apply(self, pair: Pair) -> Sample:
        """`terraform apply` of everything from nothing; begun anew when it hangs, which the pair then says."""
        said, sample = _until_it_ends(self.terraform.apply, self._clear_theirs)
        pair.note += said
        return sample

    def _clear_theirs(self) -> None:
        self.terraform.forget()
        self._clear(terraform.PREFIX)

    def _domains(self, prefix: str) -> list[str]:
        import libvirt

        handle = libvirt.open(self.lab.uri)
        names = [name for domain in handle.listAllDomains(0) if (name := domain.name()).startswith(prefix)]
        handle.close()
        return names

    def _vps(self, *arguments: str | Path) -> Command:
        fleet = self.stacks.project.fleet
        return Command([VPS, *arguments, "--fleet", fleet], cwd=fleet.parent, env=self.stacks.environment)


def _until_it_ends(make: Callable[[], Command], again: Callable[[], None] = lambda: None) -> tuple[str, Sample]:
    """A command of theirs, run once more when it hangs (killed then) or fails: words for it, and the run that ended."""
    failed: list[str] = []
    for _ in range(ATTEMPTS):
        try:
            sample = make().sample()
        except subprocess.TimeoutExpired:
            failed.append(f"hung, killed after {terraform.HANGS_S} s")
            again()
        except CannotMeasure as problem:
            lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
            failed.append(next((line for line in lines if line.startswith("Error")), lines[-1])[:100])
            again()
        else:
            return "".join(f"; theirs {why}, and was run again" for why in failed), sample
    raise CannotMeasure(f"Terraform did not do it, {ATTEMPTS} times in turn: {'; '.join(failed)}")


def _noted(pair: Pair, make: Callable[[], Command]) -> Sample:
    said, sample = _until_it_ends(make)
    pair.note += said
    return sample


def _packages(fleet: Path, image: str) -> None:
    """Three packages that differ in one limit each, and the image on offer."""
    catalogue = fleets.read(fleet / "catalogue.yaml")
    shape = catalogue["packages"]["small@2026-01"]
    grows = {"vcpus": 2, "memory": "1 GiB", "disk": "4 GiB"}
    memory = LIMITS | {"memory": "256 MiB"}
    limits = {SMALL: LIMITS, LARGER_MEMORY: memory, LARGER_DISK: memory | {"disk": "2 GiB"}}
    catalogue["packages"] = {name: shape | {"limits": has, "grows_to": grows} for name, has in limits.items()}
    catalogue["images"] = {image: {"title": "A guest to measure with"}}
    fleets.write(fleet / "catalogue.yaml", catalogue)
    fleets.write(fleet / "images.lock.yaml", {"images": {}})


def _theirs(values: dict[str, Any], number: int) -> dict[str, Any]:
    """The same seed for a guest of theirs: another UUID, MAC and address."""
    uuid = machine_uuid("peer", "c-peer", f"v-{number:06d}")
    nic = values["nics"]["n0"]
    addresses = [f"{_address(number + FIRST_OF_THEIRS - 10)}/24", f"2001:db8:1::{number + 0x1000:x}/64"]
    return values | {"uuid": uuid, "nics": {"n0": nic | {"mac": mac_address(uuid, "n0"), "addresses": addresses}}}


def _address(number: int) -> str:
    return f"192.0.2.{10 + number}"
