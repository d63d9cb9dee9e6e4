"""Row `scan`: every machine of one large host read in one pass, and the audit of a fleet that stands on such a host.

The host is libvirt's test driver behind a real libvirtd: domains as our driver renders them, all of them running, with
our mark in their metadata and their volumes in a pool, and no guest. Whole processes, from their start to their end:
`read_all`, beside a loop that only fetches one description of each, and `vps drift` as an operator types it, against
state as the engine writes it. The host's probe is a file with what the real one would print there: there are no taps.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.drivers.base import HostRef
from components.drivers.registry import survey
from components.engine.project import Project
from components.lab.command import LabError
from components.lab.host import Lab
from tests.bench import recorded
from tests.bench.command import VPS
from tests.bench.figures import Budget, CannotMeasure, Line, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command

if TYPE_CHECKING:
    import libvirt

ROW = "scan"
MACHINES = 1000
SECONDS = 0.5
MANY = 10_000
MANY_SECONDS, MANY_MIB = 5.0, 300.0

OURS = """
import sys
from components.drivers.base import HostRef
from components.drivers.libvirt.driver import LibvirtDriver
uri, probe, count = sys.argv[1:]
machines = LibvirtDriver(HostRef(name="bench", driver="libvirt", uri=uri, probe=probe)).read_all()
assert len(machines) == int(count), f"{len(machines)} machines were read"
assert all(machine.readings["memoryMib"].effective == 2048 for machine in machines)
"""
RAW = """
import sys
import libvirt
handle = libvirt.open(sys.argv[1])
described = [domain.XMLDesc(0) for domain in handle.listAllDomains(0)]
assert len(described) > int(sys.argv[3])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What is measured of one host. `drift` fails when it finds any difference."""

    read_all: Command
    raw: Command
    drift: Command


def lines(options: Options) -> Iterator[Line]:
    """N and 2N machines in turn, each with its raw loop; then many. Raises CannotMeasure without root or a lab."""
    sizes = (MACHINES, 2 * MACHINES)
    with ExitStack() as stack:
        hosts = [stack.enter_context(_host(options, count)) for count in sizes]
        actions = [each.sample for host in hosts for each in (host.read_all, host.raw, host.drift)]
        measured = in_turn(actions, options.runs, warm_up=options.warm_up)
        raw, raw_twice = measured[1], measured[4]
        loop = f"raw loop (listAllDomains, XMLDesc of each): {raw.median:.3f} s, and {raw_twice.median:.3f} s"
        for place, what in ((0, "read_all of running machines"), (2, "vps drift, nothing differs")):
            once, twice = measured[place], measured[place + 3]
            peaks = [(host.drift if place else host.read_all).peak_mib() for host in hosts]
            yield Line(
                row=ROW,
                what=what,
                n=sizes[0],
                times=once,
                peak_mib=peaks[0],
                ratio=f"{once.ratio(raw):.2f} x raw loop",
                budgets=(Budget(once.median, SECONDS, "s"),),
                note="" if place else loop,
            )
            grown = growth(twice, once)
            yield Line(
                row=ROW,
                what=what,
                n=sizes[1],
                times=twice,
                peak_mib=peaks[1],
                ratio=f"{twice.ratio(raw_twice):.2f} x raw loop, {grown.value:.2f} x t(N)",
                budgets=(grown,),
            )
    if not options.quick:
        yield _many(options)


def _many(options: Options) -> Line:
    with _host(options, MANY) as host:
        (times,) = in_turn([host.drift.sample], options.few(3), warm_up=options.warm_up)
        peak = host.drift.peak_mib()
    budgets = (Budget(times.median, MANY_SECONDS, "s"), Budget(peak, MANY_MIB, "MiB"))
    return Line(row=ROW, what="vps drift, nothing differs", n=MANY, times=times, peak_mib=peak, budgets=budgets)


@contextmanager
def _host(options: Options, count: int) -> Iterator[Commands]:
    """A libvirtd whose test driver holds so many running machines. They live as long as we are connected."""
    import libvirt

    options.say(f"{count:,} running domains on libvirt's test driver, and their state")
    lab = Lab(f"s{secrets.token_hex(3)}")
    try:
        try:
            lab.up()
            uri = lab.uri.replace("qemu+unix:///system", "test+unix:///default")
            handle = libvirt.open(uri)
            folder = options.scratch / f"scan-{count}"
            project, probe = _fill(handle, folder, uri, count)
            drift = Command([VPS, "drift", "--fleet", project.fleet], cwd=folder, env=_environment())
            read_all, raw = (Command([sys.executable, "-c", code, uri, probe, str(count)]) for code in (OURS, RAW))
            yield Commands(read_all=read_all, raw=raw, drift=drift)
            handle.close()
        finally:
            if os.geteuid() == 0:
                lab.down(data=True, grace_s=0)
    except LabError as error:
        raise CannotMeasure(str(error)) from error


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "VPS_"))}


def _fill(handle: "libvirt.virConnect", folder: Path, uri: str, count: int) -> tuple[Project, str]:
    """Make the machines, and a project whose state remembers them as they were read; its host's probe as well."""
    told = folder / "probe.txt"
    probe = f"cat >/dev/null; cat {told}"
    project = recorded.project(folder, uri, probe)
    machines = list(recorded.declared(project, count))
    told.write_text(recorded.probed(machines), encoding="ascii")
    recorded.make(handle, machines)
    found = survey(HostRef(name="bench", driver="libvirt", uri=uri, probe=probe))
    recorded.remember(project, machines, {machine.uuid: machine for machine in found})
    return project, probe
