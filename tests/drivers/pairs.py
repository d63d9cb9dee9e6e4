"""Two hosts that a machine can move between, and a move in a process of its own, which a fault may kill."""

import multiprocessing
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from components.drivers.base import Driver, HostRef, Machine, MachineSpec, Mark, Phase, Power
from components.drivers.gate import Standing
from components.drivers.moving import Move
from components.lab.host import Lab
from components.lab.link import join
from tests.drivers.fake_host import FakeHost
from tests.drivers.hosts import POOL, SEED, Host
from tests.drivers.libvirt_host import LibvirtHost


@dataclass
class Pair:
    """`one` is where machines are made, `two` where they go."""

    one: Host
    two: Host
    said: list[str] = field(default_factory=list)

    def make(self, **changes: object) -> tuple[MachineSpec, Machine]:
        driver = self.one.driver()
        spec = self.one.spec(**changes)
        self.two.seen.append(spec)
        try:
            return spec, driver.create(spec, SEED, self.one.mark(spec))
        finally:
            driver.close()

    def move(self, spec: MachineSpec, mark: Mark, *, live: bool = False, back: bool = False) -> None:
        """In this process."""
        with self.drivers() as (one, two):
            source, target = (two, one) if back else (one, two)
            Move(source.gate(), target.gate(), spec, mark, self.said.append, "2030-01-01").run(live=live)

    def move_apart(self, spec: MachineSpec, mark: Mark, *, live: bool = False) -> int:
        """In a process of its own; its exit status."""
        ends = [(type(host), host.ref, host.faults_file) for host in (self.one, self.two)]
        process = multiprocessing.get_context("spawn").Process(target=_move_here, args=(ends, spec, mark, live))
        process.start()
        process.join(120)
        assert process.exitcode is not None
        return process.exitcode

    def call_off(self, spec: MachineSpec, mark: Mark) -> None:
        with self.drivers() as (one, two):
            Move(one.gate(), two.gate(), spec, mark, self.said.append).call_off()

    @contextmanager
    def drivers(self) -> Iterator[tuple[Driver, Driver]]:
        made = self.one.driver(), self.two.driver()
        try:
            yield made
        finally:
            for driver in made:
                driver.close()

    def standings(self, spec: MachineSpec) -> list[Standing | None]:
        with self.drivers() as found:
            return [driver.gate().look(spec.uuid) for driver in found]

    def read(self, spec: MachineSpec) -> list[Machine | None]:
        with self.drivers() as found:
            return [driver.read(spec.uuid) for driver in found]

    def clean(self) -> None:
        self.one.clean()
        self.two.clean()


def _move_here(ends: list[tuple[type[Host], HostRef, Path]], spec: MachineSpec, mark: Mark, live: bool) -> None:
    one, two = (kind.connect(ref, faults) for kind, ref, faults in ends)
    Move(one.gate(), two.gate(), spec, mark, print, "2030-01-01").run(live=live)
    os._exit(0)


def fake_pair(folder: Path) -> Pair:
    for name in ("one", "two"):
        (folder / name).mkdir()
    one, two = FakeHost(folder / "one"), FakeHost(folder / "two")
    one.ref, two.ref = replace(one.ref, name="fake1"), replace(two.ref, name="fake2")
    return Pair(one, two)


@contextmanager
def libvirt_pair(folder: Path) -> Iterator[Pair]:
    """Two labs of their own, joined by a cable."""
    labs = [Lab(f"t{secrets.token_hex(3)}") for _ in range(2)]
    try:
        for lab in labs:
            lab.up()
        join(*labs)
        hosts = []
        for name, lab in zip(("lab-one", "lab-two"), labs, strict=True):
            (folder / name).mkdir()
            host = LibvirtHost(folder / name, lab)
            host.ref = replace(host.ref, name=name)
            hosts.append(host)
        yield Pair(*hosts)
    finally:
        for lab in labs:
            lab.down(data=True, grace_s=0)


def content(host: Host, spec: MachineSpec, volume: str) -> str:
    """What tells whether two disks hold the same bytes for a guest."""
    if isinstance(host, FakeHost):
        values = host.world.get("volumes/vps", volume) or {}
        return str({key: values.get(key) for key in ("uuid", "image", "sizeGib", "kind")})
    assert isinstance(host, LibvirtHost)
    script = 'qemu-img convert -U -O raw "$1" "$1.raw" && sha256sum <"$1.raw" && rm "$1.raw"'
    # Where the lab stands: an overlay names its image by the path that its host sees.
    command = [*host.lab.places.enter, "sh", "-c", script, "sh", f"{POOL.path}/{volume}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def at_most_one(pair: Pair, spec) -> None:
    """At this instant no two hosts could run it, and no two do."""
    found = [standing for standing in pair.standings(spec) if standing is not None]
    assert sum(standing.armed for standing in found) <= 1
    assert sum(standing.power is Power.RUNNING for standing in found) <= 1


def one_on_the_target(pair: Pair, spec, machine, *, power: Power = Power.RUNNING) -> None:
    """The machine is on the target alone, with everything that makes it this machine."""
    here, there = pair.read(spec)
    assert here is None
    assert there is not None
    assert there.mark is not None
    assert (there.power, there.mark.phase, there.mark.move) == (power, Phase.READY, "")
    assert there.mark.incarnation == machine.mark.incarnation
    assert (there.uuid, there.name, there.macs, there.addresses) == (
        machine.uuid,
        machine.name,
        machine.macs,
        machine.addresses,
    )
    assert {key: reading.configured for key, reading in there.readings.items()} == {
        key: reading.configured for key, reading in machine.readings.items()
    }
    assert there.lost_disks == ()
    former = content(pair.one, spec, machine.volumes["root"])
    if power is Power.OFF:
        assert content(pair.two, spec, there.volumes["root"]) == former
    with pair.drivers() as (one, _):
        (record,) = [found for found in one.read_trash() if found.uuid == spec.uuid]
    assert record.why == f"moved to {pair.two.ref.name}"
    assert record.due == "2030-01-01"
    assert record.addresses == ()
    assert record.volumes == machine.volumes


def back_on_the_source(pair: Pair, spec, machine, *, power: Power = Power.RUNNING) -> None:
    here, there = pair.read(spec)
    assert there is None
    assert (here.power, here.mark.phase, here.mark.move) == (power, Phase.READY, "")
    assert here.volumes == machine.volumes
    assert here.lost_disks == ()
    two = pair.two.volumes(spec)
    assert two == {}


def pair_mark(pair: Pair, spec: MachineSpec) -> Mark:
    """The mark as a refresh reads it before the next run."""
    here, there = pair.standings(spec)
    return (here or there).mark
