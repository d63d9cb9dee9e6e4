"""A project whose one host holds machines and whose state remembers them: what `vps drift` compares.

State is written here in the engine's own format, one stack for each machine; running the engine so often would take
longer than everything that is measured.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.config.loader import load
from components.declaration import Inputs, machine_inputs
from components.domain.names import client_stack, mac_address, machine_uuid
from components.drivers.base import Machine, MachineSpec, Mark, Phase
from components.drivers.libvirt import tree
from components.drivers.libvirt.domain_xml import add_drives, notes_for, render
from components.engine.backend import ID_FILE, PROJECT
from components.engine.project import Project
from components.lab.example import CLIENT, VPS, make_project, use_host
from components.provider.facts import outputs
from components.provider.inputs import MachineInputs, parse

if TYPE_CHECKING:
    import libvirt

BACKEND = "bench"
MACHINE = "vps:index:Machine"
IPV4, IPV6 = IPv4Address("198.18.0.16"), IPv6Address("2001:db8:1::10")
"""The first machine's addresses: of the range for benchmarks (RFC 2544), and of the example's own."""
TAP = "testnet0"
"""What libvirt's test driver calls the first NIC of every running domain."""


def project(folder: Path, uri: str, probe: str) -> Project:
    """The example in `folder`, its host at `uri`."""
    made = make_project(folder)
    use_host(made, driver="libvirt", uri=uri, probe=probe)
    return made


def declared(made: Project, count: int) -> Iterator[Inputs]:
    """What the engine would ask for: the example's VPS so many times, each of a client of its own."""
    fleet = load(made.fleet).fleet
    client = fleet.clients[CLIENT]
    shape = machine_inputs(fleet, client, client.vps[VPS], BACKEND)
    for number in range(count):
        owner, name = f"c-{number:05d}", f"client-{number:05d}"
        uuid = machine_uuid(fleet.id, owner, "v-000001")
        mac = mac_address(uuid, "n0")
        addresses = [f"{IPV4 + number}/15", f"{IPV6 + number}/64"]
        nic = shape["nics"]["n0"] | {"mac": mac, "addresses": addresses, "attach": "network:default"}
        yield shape | {
            "client": owner,
            "clientName": f"Client Number {number}",
            "vps": "v-000001",
            "title": f"{name}/web1",
            "uuid": uuid,
            "name": f"{fleet.id}-{owner}-v-000001",
            "nics": {"n0": nic},
        }


def specified(inputs: Inputs) -> tuple[MachineSpec, Mark]:
    """What a driver would be asked to make, and the mark of what it has made."""
    mark = Mark(
        fleet=inputs["fleet"],
        backend=BACKEND,
        urn=_urn(_stack(inputs), MACHINE, inputs["vps"]),
        client=inputs["client"],
        vps=inputs["vps"],
        phase=Phase.READY,
        incarnation=inputs["uuid"].replace("-", "")[:16],
    )
    return parse(MachineInputs, inputs).spec(), replace(mark, order=inputs["order"], power=inputs["power"])


def make(handle: "libvirt.virConnect", machines: list[Inputs]) -> None:
    """Define and start the machines on libvirt's test driver, each with a volume in the pool that declares it."""
    folder = "/var/lib/aegir-vps/pool"
    target = f"<target><path>{folder}</path></target>"
    pool = handle.storagePoolDefineXML(f"<pool type='dir'><name>{machines[0]['pool']}</name>{target}</pool>")
    pool.create()
    for inputs in machines:
        spec, mark = specified(inputs)
        notes = notes_for(spec, mark)
        for disk in notes.disks.values():
            pool.createXML(f"<volume><name>{disk.volume}</name><capacity>1048576</capacity></volume>")
        domain = tree.parse(render(spec, notes, accelerated=False))
        domain.set("type", "test")
        add_drives(domain, spec, notes, pool_path=folder)
        handle.defineXML(tree.text(domain)).create()


def probed(machines: list[Inputs]) -> str:
    """What the probe of a host with these machines would print: everything is in force as declared."""
    rate = machines[0]["nics"]["n0"]["rateMbitS"]
    taps = [TAP, *(f"vnet{number}" for number in range(1, len(machines)))]
    lines = [f"nic {tap} {rate}Mbit {rate}Mbit" for tap in taps]
    lines += [f"cpu {inputs['uuid']} {inputs['cpuCapPercent'] * 1000} 100000" for inputs in machines]
    lines += [f"filter {tap}" for tap in taps]
    return "\n".join([*lines, "end", ""])


def remember(made: Project, machines: list[Inputs], found: Mapping[str, Machine]) -> None:
    """Write the state that so many runs of the engine would have left, from what the host answered by UUID."""
    folder = made.work / "state"
    stacks = folder / ".pulumi" / "stacks" / PROJECT
    stacks.mkdir(parents=True)
    (folder / ID_FILE).write_text(f"{BACKEND}\n", encoding="ascii")
    for inputs in machines:
        machine = found[inputs["uuid"]]
        assert machine.mark is not None
        state = outputs(inputs, machine, seed_digest="0" * 64, incarnation=machine.mark.incarnation)
        stack = _stack(inputs)
        text = json.dumps(_checkpoint(stack, inputs, state), separators=(",", ":"))
        (stacks / f"{stack}.json").write_text(text, encoding="utf-8")


def _stack(inputs: Inputs) -> str:
    return client_stack(str(inputs["title"]).partition("/")[0])


def _urn(stack: str, kind: str, name: str) -> str:
    return f"urn:pulumi:{stack}::{PROJECT}::{kind}::{name}"


def _checkpoint(stack: str, inputs: Inputs, state: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint with everything that the engine writes of one client with one machine, sizes alike."""
    when = "2026-11-22T15:26:03.567046705Z"
    noted = {"created": when, "modified": when, "sourcePosition": "project:///stacks/__main__.py#20"}
    noted |= {"stackTrace": [{"sourcePosition": f"project:///library/asyncio/events.py#{line}"} for line in range(12)]}
    root = _urn(stack, "pulumi:pulumi:Stack", f"{PROJECT}-{stack}")
    provider = _urn(stack, "pulumi:providers:vps", "default_0_1_0")
    component = _urn(stack, "vps:component:Vps", inputs["vps"])
    resources = [
        {"urn": root, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": {}, **noted},
        {"urn": component, "custom": False, "type": "vps:component:Vps", "parent": root, **noted},
        {"urn": provider, "custom": True, "id": inputs["uuid"], "type": "pulumi:providers:vps", **noted},
        {
            "urn": _urn(stack, MACHINE, inputs["vps"]),
            "custom": True,
            "id": inputs["uuid"],
            "type": MACHINE,
            "inputs": inputs,
            "outputs": state,
            "parent": component,
            "protect": True,
            "provider": f"{provider}::{inputs['uuid']}",
            "propertyDependencies": dict.fromkeys(inputs, None),
            **noted,
        },
    ]
    manifest = {"time": when, "magic": "0" * 64, "version": "v3.259.0"}
    secrets = {"type": "passphrase", "state": {"salt": f"v1:{'A' * 12}:v1:{'A' * 16}:{'A' * 40}"}}
    latest = {"manifest": manifest, "secrets_providers": secrets, "resources": resources, "metadata": {}}
    return {"version": 4, "checkpoint": {"stack": f"organization/{PROJECT}/{stack}", "latest": latest}}
