"""Row `lab`: create and start N tiny machines on a real libvirtd, beside a raw libvirt loop that does the same.

The raw loop is what a script would do: make the overlay, upload the seed, define, start, one machine after another,
with the XML that our driver renders. The guests' disk holds a boot sector that halts, so that machines which run
already leave the processor to those that are being made; what a guest's own boot costs is nobody's overhead.
"""

import hashlib
import io
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.cloudinit import render, seed_iso
from components.config.loader import load
from components.declaration import machine_inputs
from components.domain.names import image_volume
from components.drivers.base import MachineSpec, Mark, Phase
from components.engine.project import Project
from components.images import cache, lock
from components.lab.command import LabError
from components.lab.example import CLIENT, HOST, make_project
from components.lab.host import Lab
from components.provider.inputs import MachineInputs
from tests.bench import engine, fleets
from tests.bench.figures import Budget, CannotMeasure, Line, Sample, Times, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import children_cpu

COUNTS, QUICK = (20, 40), (5,)
OVERHEAD = 1.3
"""Times the raw loop, beside the engine's own start."""
IMAGE = PACKAGE = "bench"
LIMITS = {
    "vcpus": 1,
    "cpu_cap": "100 %",
    "memory": "64 MiB",
    "disk": "1 GiB",
    "disk_iops": 1000,
    "disk_rate": "100 MiB/s",
    "nic_rate": "100 Mbit/s",
}
_HALT = bytes.fromhex("faf4ebfd").ljust(510, b"\0") + b"\x55\xaa"


def lines(options: Options) -> Iterator[Line]:
    """Raw loop, our `up` and the engine's start in turn, at each size."""
    try:
        import libvirt  # noqa: F401
    except ImportError as error:
        raise CannotMeasure("libvirt's Python binding is not installed. Run ./run setup without --fake.") from error
    options.say("lab: bringing a lab up")
    with lab_of_its_own() as lab, image_that_halts(options.scratch) as environment:
        start = engine.fake(options.scratch / "engine-start", 1)
        counts = QUICK if options.quick else COUNTS
        worlds = [World.make(options.scratch / f"lab-{count}", lab, count, environment) for count in counts]
        options.say(f"lab: {' and '.join(map(str, counts))} machines")
        actions = [start.up, *(action for world in worlds for action in (world.raw, world.ours))]
        begin, *measured = in_turn(actions, options.few(3), warm_up=False)
        worlds[0].empty()
    yield Line(row="lab", what="engine's start: up of 1 fake machine", n=1, times=begin)
    before: tuple[Times, Times] | None = None
    for count, raw, ours in zip(counts, measured[::2], measured[1::2], strict=True):
        grown = raw.ratio(before[0]) if before else None
        yield Line(row="lab", what="raw libvirt loop", n=count, times=raw, ratio=f"{grown:.2f} x t(N)" if grown else "")
        yield _ours(count, raw, ours, begin, before[1] if before else None)
        before = (raw, ours)


def _ours(count: int, raw: Times, ours: Times, begin: Times, half: Times | None) -> Line:
    rounds = zip(ours.runs, begin.runs, strict=True)
    made = Times(tuple(Sample(max(0.0, run.wall - start.wall), run.cpu) for run, start in rounds))
    budgets = [Budget(made.ratio(raw), OVERHEAD, "x", "raw + start")]
    if half is not None:
        budgets.append(growth(ours, half))
    return Line(
        row="lab",
        what="pulumi up, libvirt driver",
        n=count,
        times=ours,
        ratio=", ".join(f"{budget.value:.2f} x {budget.of}" for budget in budgets),
        budgets=tuple(budgets),
    )


@dataclass(slots=True)
class World:
    """One lab and the project of one size; every run begins with the lab empty."""

    lab: Lab
    stacks: engine.Stacks
    machines: list[tuple[MachineSpec, bytes]]
    rates: bool

    @classmethod
    def make(cls, folder: Path, lab: Lab, count: int, environment: dict[str, str]) -> "World":
        """A project of `count` machines on the lab, its host applied."""
        project = make_project(folder)
        _declare(project, lab, count)
        fleet = load(project.fleet)
        if fleet.problems:
            raise CannotMeasure(f"the generated fleet is not clean: {fleet.problems[0]}")
        client = fleet.fleet.clients[CLIENT]
        machines = []
        for vps in client.vps.values():
            inputs = machine_inputs(fleet.fleet, client, vps, backend="bench")
            seed = seed_iso(render(inputs["seed"]["template"], inputs["seed"]["values"]))
            machines.append((MachineInputs.model_validate(inputs).spec(), seed))
        stacks = engine.Stacks(project, environment)
        return cls(lab=lab, stacks=stacks, machines=machines, rates=lab.status().rates_enforced)

    def ours(self) -> Sample:
        """`pulumi up` of all of them."""
        self.empty()
        sample = self.stacks.up()
        self._all_run()
        return sample

    def raw(self) -> Sample:
        """The loop without us."""
        import libvirt

        from components.drivers.libvirt import tree
        from components.drivers.libvirt.domain_xml import add_drives, notes_for, render
        from components.drivers.libvirt.volumes import make_disk, make_raw, upload

        self.empty()
        mark = Mark(fleet="demo", backend="bench", urn="bench", client="c", vps="v", phase=Phase.READY, incarnation="b")
        begun, spent = time.perf_counter(), time.process_time() + children_cpu()
        handle = libvirt.open(self.lab.uri)
        for spec, seed in self.machines:
            pool = handle.storagePoolLookupByName(spec.pool)
            notes = notes_for(spec, mark).without_rates("" if self.rates else "not enforced here")
            for name, disk in spec.disks.items():
                image = pool.storageVolLookupByName(image_volume(disk.image.name, disk.image.sha256))
                make_disk(pool, notes.disks[name].volume, disk, image)
            upload(handle, make_raw(pool, notes.seed, len(seed)), io.BytesIO(seed), len(seed))
            described = tree.parse(render(spec, notes, accelerated=self._accelerated))
            add_drives(described, spec, notes, pool_path="/var/lib/aegir-vps/pool")
            handle.defineXML(tree.text(described)).create()
        handle.close()
        sample = Sample(time.perf_counter() - begun, time.process_time() + children_cpu() - spent)
        self._all_run()
        return sample

    def empty(self) -> None:
        """Remove every machine and its volumes from the lab, which is ours alone; images stay."""
        import libvirt

        handle = libvirt.open(self.lab.uri)
        for domain in handle.listAllDomains(0):
            if domain.isActive():
                domain.destroy()
            domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
        pool = handle.storagePoolLookupByName("vps")
        pool.refresh(0)
        for volume in pool.listAllVolumes(0):
            if not volume.name().startswith(("image-", "aegir-vps-pool")):
                volume.delete(0)
        handle.close()

    @property
    def _accelerated(self) -> bool:
        return self.lab.status().acceleration == "kvm"

    def _all_run(self) -> None:
        """A run that made less than it should is no measurement."""
        import libvirt

        handle = libvirt.open(self.lab.uri)
        running = len(handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING))
        handle.close()
        if running != len(self.machines):
            raise CannotMeasure(f"{running} of {len(self.machines)} machines run")


def _declare(project: Project, lab: Lab, count: int) -> None:
    """Point the copied example at the lab, with a package and an image of its own."""
    catalogue = fleets.read(project.fleet / "catalogue.yaml")
    package = catalogue["packages"]["small@2026-01"] | {"limits": LIMITS}
    package["grows_to"] = {key: LIMITS[key] for key in ("vcpus", "memory", "disk")}
    catalogue["packages"] = {f"{PACKAGE}@2026-01": package}
    catalogue["images"] = {IMAGE: {"title": "A disk that halts at once"}}
    fleets.write(project.fleet / "catalogue.yaml", catalogue)
    fleets.write(project.fleet / "images.lock.yaml", {"images": {}})
    lock.record(project.fleet, next(entry for entry in cache.entries() if entry.name == IMAGE).image())
    host = fleets.read(project.fleet / "hosts" / f"{HOST}.yaml")
    fleets.write(project.fleet / "hosts" / f"{HOST}.yaml", host | {"uri": lab.uri, "probe": lab.probe})
    fleets.one_client(project.fleet, count, package=f"{PACKAGE}@2026-01", image=IMAGE)


@contextmanager
def lab_of_its_own() -> Iterator[Lab]:
    """A lab of its own, gone afterwards whatever happens."""
    try:
        lab = Lab(f"b{secrets.token_hex(3)}")
        try:
            lab.up()
            yield lab
        finally:
            if os.geteuid() == 0:
                lab.down(data=True, grace_s=0)
    except LabError as error:
        raise CannotMeasure(str(error)) from error


@contextmanager
def image_that_halts(scratch: Path) -> Iterator[dict[str, str]]:
    """An image in a cache of its own; the environment in which that cache is used."""
    before = os.environ.get("XDG_CACHE_HOME")
    environment = {"XDG_CACHE_HOME": str(scratch / "cache")}
    os.environ.update(environment)
    try:
        draft = cache.folder() / "draft" / "image"
        draft.parent.mkdir(parents=True)
        sector = draft.with_name("sector")
        sector.write_bytes(_HALT.ljust(1024**2, b"\0"))
        subprocess.run(
            ["qemu-img", "convert", "-O", "qcow2", sector, draft], capture_output=True, timeout=60, check=True
        )
        content = draft.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        entry = cache.Entry(
            name=IMAGE,
            sha256=sha256,
            bytes=len(content),
            virtual_gib=1,
            inputs=sha256,
            built="2026-11-22",
            expires="2036-11-22",
            packages={},
        )
        cache.store(draft, entry, {})
        yield environment
    finally:
        if before is None:
            del os.environ["XDG_CACHE_HOME"]
        else:
            os.environ["XDG_CACHE_HOME"] = before
