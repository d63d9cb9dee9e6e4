"""Row `scan`: every machine of one large host read in one pass, beside a loop that only fetches their descriptions.

The host is libvirt's test driver behind a real libvirtd: domains as our driver renders them, all of them running, with
our mark in their metadata, and no guest. Whole processes, from their start to their end.
"""

import os
import secrets
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from components.drivers.base import DiskSpec, ImageRef, MachineSpec, Mark, NicSpec, Phase
from components.lab.command import LabError
from components.lab.host import Lab
from tests.bench.figures import Budget, CannotMeasure, Line, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command

ROW = "scan"
MACHINES = 1000
SECONDS = 0.5

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

_SPEC = MachineSpec(
    uuid="",
    name="",
    title="a title",
    pool="vps",
    vcpus=2,
    cpu_cap_percent=150,
    memory_mib=2048,
    disks={"root": DiskSpec(size_gib=10, iops=1000, rate_mib_s=100, image=ImageRef(name="i", sha256="0" * 64))},
    nics={"n0": NicSpec(attach="network:default", mac="", rate_mbit_s=100, addresses=("192.0.2.10/24",))},
)


def lines(options: Options) -> Iterator[Line]:
    """N and 2N machines in turn, each with its raw loop. Raises CannotMeasure without root or a lab."""
    sizes = (MACHINES, 2 * MACHINES)
    with ExitStack() as stack:
        commands: list[tuple[Command, Command]] = []
        for count in sizes:
            options.say(f"{count} running domains on libvirt's test driver")
            arguments = [stack.enter_context(_host(count)), "", str(count)]
            ours, raw = (Command([sys.executable, "-c", code, *arguments]) for code in (OURS, RAW))
            commands.append((ours, raw))
        actions = [command.sample for pair in commands for command in pair]
        once, raw_once, twice, raw_twice = in_turn(actions, options.runs, warm_up=options.warm_up)
        peaks = [ours.peak_mib() for ours, _ in commands]
        what = "read_all of running machines"
        yield Line(
            row=ROW,
            what=what,
            n=sizes[0],
            times=once,
            peak_mib=peaks[0],
            ratio=f"{once.ratio(raw_once):.2f} x raw loop",
            budgets=(Budget(once.median, SECONDS, "s"),),
            note=f"raw loop (listAllDomains, XMLDesc of each): {raw_once.median:.3f} s, and {raw_twice.median:.3f} s",
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


@contextmanager
def _host(count: int) -> Iterator[str]:
    """A libvirtd whose test driver holds so many running machines; the URI. They live as long as we are connected."""
    import libvirt

    lab = Lab(f"s{secrets.token_hex(3)}")
    try:
        try:
            lab.up()
            uri = lab.uri.replace("qemu+unix:///system", "test+unix:///default")
            handle = libvirt.open(uri)
            for number in range(count):
                handle.defineXML(_described(number)).create()
            yield uri
            handle.close()
        finally:
            if os.geteuid() == 0:
                lab.down(data=True, grace_s=0)
    except LabError as error:
        raise CannotMeasure(str(error)) from error


def _described(number: int) -> str:
    from components.domain.names import mac_address
    from components.drivers.libvirt import tree
    from components.drivers.libvirt.domain_xml import add_drives, notes_for, render

    name = f"bench-c-bench-v-{number:04}"
    made = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
    nics = {"n0": replace(_SPEC.nics["n0"], mac=mac_address(made, "n0"))}
    spec = replace(_SPEC, uuid=made, name=name, nics=nics)
    mark = Mark(
        fleet="bench",
        backend="b",
        urn=f"urn:pulumi:client.bench::aegir-vps::vps:index:Machine::{name}",
        client="c-bench",
        vps=f"v-{number:04}",
        phase=Phase.READY,
        incarnation=f"{number:016x}",
    )
    notes = notes_for(spec, mark)
    domain = tree.parse(render(spec, notes, accelerated=False))
    domain.set("type", "test")
    add_drives(domain, spec, notes, pool_path="/var/lib/aegir-vps/pool")
    return tree.text(domain)
