"""What `vps adopt HOST` proposes: declarations of machines that are there already, as text for people to complete.

Known is what a host can tell. Who the client is, what was agreed and what it is called nobody can read there: such keys
stand as comments, so that `vps check` names each until somebody fills it in.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from components.config.ids import fresh
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.domain.limits import UNLIMITED, Limits
from components.domain.units import DISK, DISK_RATE, MEMORY, NIC_RATE, PERCENT, Quantity
from components.drivers.adoption import Stranger

_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A client file for some strangers of one host, and the packages that the catalogue lacks for it, by key."""

    client: str
    packages: dict[str, str]


def propose(fleet: Fleet, host: Host, client: str, found: Sequence[Stranger], today: dt.date) -> Proposal:
    """Declarations for `found`, all of them adoptable, in a new file clients/<client>.yaml."""
    packages: dict[str, Limits] = {}
    labels: set[str] = set()
    machines = [_machine(fleet, host, stranger, packages, labels, today) for stranger in found]
    text = _HEAD.format(
        host=host.name,
        today=today,
        client=client,
        id=fresh("c", {one.id for one in fleet.clients.values()}),
        language=next(iter(fleet.languages), "en"),
        contract=next(iter(fleet.contracts), "standard@2026-01"),
    )
    return Proposal(client=text + "".join(machines), packages={key: _package(one) for key, one in packages.items()})


_HEAD = """\
# yaml-language-server: $schema=../schema/client.json
# Proposed by `vps adopt {host}` on {today}, from what that host holds. None of it is ours yet.
# Fill in what stands behind a # and take the # away; `vps check` names what is missing. Then, for each machine:
# `vps adopt {client}/VPS`, which compares and marks it, and `vps up client.{client}`, which takes it over untouched.
id: {id}                          # permanent
# name: Example Cooperative         # fill in
language: {language}
# contacts:                         # fill in
#   ada: {{name: Ada Ruiz, email: ada@coop.example, roles: [owner, technical, billing]}}
# contract: {{version: {contract}, signed: "{today}", support: standard}}   # fill in
vps:
"""

_MACHINE = """\
  {label}:                             # {name} on {host}, {power}
    id: {id}
    uuid: "{uuid}"
    mac: "{mac}"
{pool}    package: {package}
    # term: {{months: 1, start: "{today}", renew: true}}   # fill in
    power: managed
    host: {host}
{network}{addresses}    # fqdn: {label}.coop.example      # fill in
    image: {image}           # never laid onto it: the field is for machines that are made here
    antispoof: false                # once its addresses are certain, take this line out
"""


def _machine(
    fleet: Fleet, host: Host, found: Stranger, packages: dict[str, Limits], labels: set[str], today: dt.date
) -> str:
    label = _label(found.name, labels)
    labels.add(label)
    network = next((name for name, attach in host.networks.items() if attach == found.attach), "")
    text = _MACHINE.format(
        label=label,
        name=_comment(found.name),
        host=host.name,
        power=found.power,
        id=fresh("v", {vps.id for _, vps in fleet.machines()}),
        uuid=found.uuid,
        mac=found.mac,
        pool=f'    pool: "{found.pool}"\n' if found.pool != host.pool.name else "",
        package=_package_key(fleet, found, packages, today),
        today=today,
        network=f"    network: {network}\n" if network else _no_network(host, found),
        addresses=_addresses(fleet, network, found),
        image=next((name for name in fleet.offers if name in fleet.images), "base-debian-13"),
    )
    return text + "".join(f"    # note: {_comment(note)}\n" for note in found.notes)


def _no_network(host: Host, found: Stranger) -> str:
    return (
        f"    # network: …                    # fill in: hosts/{host.name}.yaml names no network with attach "
        f'"{_comment(found.attach)}"; add it there and to fleet.yaml\n'
    )


def _addresses(fleet: Fleet, network: str, found: Stranger) -> str:
    """The addresses that the host saw and the network holds; the others as a comment."""
    declared = fleet.networks.get(network)
    own: dict[str, list[str]] = {"ipv4": [], "ipv6": []}
    others = []
    for text in found.addresses:
        address = ip_address(text)
        whole = declared.range_of(address) if declared else None
        if whole is not None and address in whole:
            own[f"ipv{address.version}"].append(str(address))
        else:
            others.append(str(address))
    lines = [f"    {key}: [{', '.join(map(_quoted, some))}]" for key, some in own.items() if some]
    lines = [f"{line}   # seen by the host: compare with what was agreed" for line in lines]
    if not lines:
        lines = ["    # ipv4: [192.0.2.10]            # fill in: the host saw none of its network in use"]
    if others:
        lines.append(f"    # also seen: {', '.join(others)}")
    return "".join(f"{line}\n" for line in lines)


def _quoted(address: str) -> str:
    return f'"{address}"' if ":" in address else address


def _label(name: str, taken: set[str]) -> str:
    """A name for the VPS made from the machine's, which may be anything."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-")
    # What YAML 1.1 readers would take for a number or a truth value gets a word before it.
    plain = plain if re.match("[a-z]", plain) and plain not in _WORDS else f"vps-{plain}".strip("-")
    number = 2
    label = plain
    while label in taken:
        label, number = f"{plain}-{number}", number + 1
    return label


def _comment(text: str) -> str:
    """A stranger's text on one line of a comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:80]


def limits_of(found: Stranger) -> Limits:
    """What the machine has, as a package would say it."""
    get = found.limits
    return Limits(
        vcpus=get["vcpus"],
        cpu_cap_percent=get["cpuCapPercent"],
        memory_mib=get["memoryMib"],
        disk_gib=get[f"disks.{found.disk}.sizeGib"],
        disk_iops=get[f"disks.{found.disk}.iops"],
        disk_rate_mib_s=get[f"disks.{found.disk}.rateMibS"],
        nic_rate_mbit_s=get[f"nics.{found.nic}.rateMbitS"],
    )


def _package_key(fleet: Fleet, found: Stranger, packages: dict[str, Limits], today: dt.date) -> str:
    """A package with exactly these limits: one of the catalogue, or a new one."""
    limits = limits_of(found)
    known = {key: package.limits for key, package in fleet.packages.items()} | packages
    for key, there in known.items():
        if there == limits:
            return key
    name = f"adopted-{limits.vcpus}c-{limits.memory_mib}m-{limits.disk_gib}g@{today:%Y-%m}"
    number = 2
    key = name
    while key in known:
        key, number = f"{name}-{number}", number + 1
    packages[key] = limits
    return key


def _package(limits: Limits) -> str:
    """A package as YAML, without its key."""
    iops = "unlimited" if limits.disk_iops == UNLIMITED else limits.disk_iops
    memory, disk = MEMORY.format(limits.memory_mib), DISK.format(limits.disk_gib)
    return f"""\
adopted: true                   # says what adopted machines have; nothing new is sold under it
limits:
  vcpus: {limits.vcpus}
  cpu_cap: {_cap(PERCENT, limits.cpu_cap_percent)}
  memory: {memory}
  disk: {disk}
  disk_iops: {iops}
  disk_rate: {_cap(DISK_RATE, limits.disk_rate_mib_s)}
  nic_rate: {_cap(NIC_RATE, limits.nic_rate_mbit_s)}
traffic: 1 TB                   # per month: put in what was agreed
grows_to: {{vcpus: {limits.vcpus}, memory: {memory}, disk: {disk}}}
price: {{month: "0.00", set_up: "0.00"}}   # put in what was agreed
"""


def _cap(kind: Quantity, value: int) -> str:
    return "unlimited" if value == UNLIMITED else kind.format(value)
