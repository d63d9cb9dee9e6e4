"""Row `peers`: the same work by us and by Terraform with its libvirt provider, in turn, on one lab host.

Each command is a whole process as a user types it: `vps up --yes` with checks and policy pack beside
`terraform apply -parallelism=1`. Both make their guests from one base image. Where there is one guest it is the tiny
one: its page tells whether it was away, and whether the same disk came back. Where there are many their disk holds a
boot sector that halts: forty emulated guests that boot would be all that is measured.
"""

import datetime as dt
import itertools
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from components.cloudinit import render
from components.config.loader import load
from components.declaration import machine_inputs
from components.domain.images import Image
from components.domain.names import image_volume, mac_address, machine_uuid
from components.engine import state
from components.images import cache, lock
from components.images.build import build as build_image
from components.lab.example import CLIENT, make_project, use_host
from components.lab.host import Lab
from tests.bench import engine, fleets
from tests.bench.command import VPS
from tests.bench.downtime import Absence, Watch, first_answer
from tests.bench.figures import CannotMeasure, Sample, Sheet, Times
from tests.bench.lab import IMAGE as HALTS
from tests.bench.lab import image_that_halts, lab_of_its_own
from tests.bench.options import Options
from tests.bench.peers import terraform
from tests.bench.peers.build import build as build_peers
from tests.bench.peers.build import versions
from tests.bench.processes import Command

MANY, QUICK = 20, 3
TINY = "tiny"
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
LOSS_S = 0.0
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
        if away is not None and (away.seconds > LOSS_S or away.rebooted or away.disk_lost):
            found.append(f"{self.what}, {self.n}: our guest was away for {away}")
        return found

    def cells(self) -> tuple[str, ...]:
        ours, theirs = Times(tuple(self.ours)), Times(tuple(self.theirs))
        shown = ["" if one is None else str(one) for one in self.away]
        times = (f"{ours.median:.2f} s", f"{theirs.median:.2f} s", f"{self.ratio:.2f}")
        return (self.what, str(self.n), str(len(self.ours)), *times, *shown, self.note)


HEAD = ("work", "N", "runs", "ours", "terraform", "ratio", "guest away, ours", "guest away, terraform", "remarks")


def sheets(options: Options) -> Iterator[Sheet]:
    """The whole comparison."""
    programs = build_peers(options.say)
    with lab_of_its_own() as lab:
        tiny = build_image(TINY, _fresh(options.scratch / "tiny"), lambda _: None)
        one = Contest.make(options.scratch / "peers-1", lab, programs, 1, tiny, {})
        pairs = [*_one(one, options)]
        one.clear()
        count = QUICK if options.quick else MANY
        with image_that_halts(options.scratch) as environment:
            image = next(entry for entry in cache.entries() if entry.name == HALTS).image()
            folder = options.scratch / f"peers-{count}"
            pairs += _many(Contest.make(folder, lab, programs, count, image, environment), options)
    told = ", ".join(f"{name} {version}" for name, version in versions().items())
    yield Sheet(
        row="peers",
        title=f"Beside {told}, on one lab host; ratio is ours by theirs, pairs in turn",
        head=HEAD,
        rows=tuple(pair.cells() for pair in pairs),
        broken=tuple(itertools.chain.from_iterable(pair.broken for pair in pairs)),
        values={"pairs": [_values(pair) for pair in pairs]},
    )


def _one(contest: "Contest", options: Options) -> Iterator[Pair]:
    """One guest each: made, changed twice, ended."""
    options.say("peers: one machine, made and started")
    created = Pair("create + start", 1)
    for _ in range(options.few(3)):
        contest.clear()
        created.ours.append(contest.up().sample())
        created.theirs.append(contest.apply(created))
    yield created
    yield contest.plan("nothing changed: preview | plan", options.few(3))
    contest.settle()
    options.say("peers: more memory")
    yield contest.change("memory 128 -> 256 MiB", LARGER_MEMORY, {"memory_mib": 256})
    options.say("peers: a larger disk")
    yield contest.change("disk 1 -> 2 GiB", LARGER_DISK, {"memory_mib": 256, "disk_gib": 2})
    options.say("peers: the end of one machine")
    yield contest.end()


def _many(contest: "Contest", options: Options) -> Iterator[Pair]:
    options.say(f"peers: {contest.count} machines, made and started")
    contest.clear()
    created = Pair("create + start", contest.count, [contest.up().sample()])
    created.theirs.append(contest.apply(created))
    yield created
    yield contest.plan("nothing changed: preview | plan", options.few(3))
    yield contest.audit("nothing differs: drift | plan -refresh-only", options.few(3))
    options.say(f"peers: the end of {contest.count} machines")
    contest.cut()
    yield contest.end()


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
            pair.theirs.append(self.terraform.plan().sample())
        return pair

    def audit(self, what: str, runs: int) -> Pair:
        """Both ask the host whether everything is as recorded; no declared file changed."""
        pair = Pair(what, self.count)
        for _ in range(runs):
            pair.ours.append(self._vps("drift").sample())
            pair.theirs.append(self.terraform.refresh().sample())
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
    """A command of theirs, killed and run once more while it hangs: words for it, and the run that ended."""
    for hung in range(ATTEMPTS):
        try:
            sample = make().sample()
        except subprocess.TimeoutExpired:
            again()
            continue
        said = f"; theirs hung {hung} x, killed after {terraform.HANGS_S} s; this is the run after, with the rest to do"
        return (said if hung else ""), sample
    raise CannotMeasure(f"Terraform did not end within {terraform.HANGS_S} s, {ATTEMPTS} times in turn")


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


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


def _values(pair: Pair) -> dict[str, Any]:
    return {
        "what": pair.what,
        "n": pair.n,
        "ours_s": [sample.wall for sample in pair.ours],
        "theirs_s": [sample.wall for sample in pair.theirs],
        "ours_cpu_s": [sample.cpu for sample in pair.ours],
        "theirs_cpu_s": [sample.cpu for sample in pair.theirs],
        "ratio": pair.ratio,
        "away_s": [None if away is None else away.seconds for away in pair.away],
        "note": pair.note,
    }
