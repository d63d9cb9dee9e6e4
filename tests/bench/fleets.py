"""Fleets of any size in the format of the example: always valid, always the same for the same seed."""

import base64
import random
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import yaml

from components.lab.example import CLIENT, EXAMPLE, HOST, IMAGE, VPS

SEED = 20261122
NETWORK = "public1"
PER_HOST = 100
IPV4 = "198.18.0.0/15"
"""Reserved for benchmarks (RFC 2544): 131,072 addresses."""
MOST = 2**17 - 32
MOST_OF_ONE = 240
"""As many as the example's own network has addresses for."""
_FIRST_IPV4 = IPv4Address("198.18.0.16")
_FIRST_OF_ONE = IPv4Address("192.0.2.10")
_FIRST_IPV6 = IPv6Address("2001:db8:1::10")

Document = dict[str, Any]


class _Dumper(yaml.CSafeDumper):
    """Writes a value that stands in two places twice: declared files know no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    """Times of day are quoted: some readers of YAML take them for numbers, ours asks which is meant."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if value[:1].isdigit() else None)


_Dumper.add_representer(str, _text)


def read(path: Path) -> Document:
    """A declared file as plain data. The example quotes whatever YAML 1.1 would read otherwise."""
    loaded: Document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def write(path: Path, document: Mapping[str, object]) -> None:
    """Write a declared file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    path.write_text(text, encoding="utf-8")


def generate(fleet: Path, clients: int, *, seed: int = SEED) -> int:
    """Fill the new folder `fleet` with a fleet of so many clients; how many VPSs they have in all.

    A client has one VPS, every fourth two, and one to three people; a hundred VPSs share a host.
    """
    dice = random.Random(seed)
    example = read(EXAMPLE / "clients" / f"{CLIENT}.yaml")
    counts = [1 + (dice.random() < 0.25) for _ in range(clients)]
    machines = sum(counts)
    if machines > MOST:
        raise ValueError(f"{machines} machines need more addresses than {IPV4} has")
    for name in ("catalogue.yaml", "images.lock.yaml"):
        write(fleet / name, read(EXAMPLE / name))
    write(fleet / "fleet.yaml", _widened(read(EXAMPLE / "fleet.yaml")))
    for number in range(-(-machines // PER_HOST)):
        write(fleet / "hosts" / f"{_host(number)}.yaml", _numbered_host(number))
    first = 0
    for number, count in enumerate(counts):
        document = _client(example, number, dice)
        document["vps"] = {
            f"web{index + 1}": _vps(example["vps"][VPS], first + index, _host((first + index) // PER_HOST))
            | {"fqdn": f"web{index + 1}.client{number}.example", "access": _access(document["contacts"])}
            for index in range(count)
        }
        write(fleet / "clients" / f"client-{number:05d}.yaml", document)
        first += count
    return machines


def one_client(fleet: Path, machines: int, **changes: object) -> None:
    """Give the only client of the copied example in `fleet` so many VPSs, all on its only host.

    `changes` are made to every VPS (`image=`, `package=`).
    """
    if machines > MOST_OF_ONE:
        raise ValueError(f"{machines} machines need more addresses than the example's network has")
    client = read(EXAMPLE / "clients" / f"{CLIENT}.yaml")
    shape = client["vps"][VPS] | {"image": IMAGE}
    client["vps"] = {
        f"web{number}": _vps(shape, number, HOST, _FIRST_OF_ONE) | {"fqdn": f"web{number}.coop.example"} | changes
        for number in range(machines)
    }
    host = fleet / "hosts" / f"{HOST}.yaml"
    write(host, _roomy(read(host), machines))
    write(fleet / "clients" / f"{CLIENT}.yaml", client)


def _widened(fleet: Document) -> Document:
    """The fleet with a network large enough for every fleet of ours."""
    network = fleet["networks"][NETWORK]
    network["ipv4"] = {"range": IPV4, "gateway": "198.18.0.1"}
    network["reserved"] = ["198.18.0.2-198.18.0.9", "2001:db8:1::2-2001:db8:1::f"]
    network["dns"] = ["198.18.0.1", "2001:db8:1::1"]
    return fleet


def _roomy(host: Document, machines: int) -> Document:
    """The host with room for so many machines of any package."""
    host["capacity"] = {"vcpus": 4 * machines, "memory": f"{4 * machines + 8} GiB", "disk": f"{40 * machines + 80} GiB"}
    return host


def _host(number: int) -> str:
    return f"kvm{number + 1:03d}"


def _numbered_host(number: int) -> Document:
    """A production host: the example's, elsewhere, with hardware of its own."""
    name = _host(number)
    host = _roomy(read(EXAMPLE / "hosts" / f"{HOST}.yaml"), PER_HOST)
    host |= {"uri": f"qemu+ssh://root@{name}/system", "probe": f"ssh {name} sudo sh", "disks": "standalone"}
    host["networks"] = {NETWORK: {"attach": "bridge:br0"}}
    for part in host["inventory"]:
        part["serial"] += f"-{number}"
    return host


def _client(example: Document, number: int, dice: random.Random) -> Document:
    contacts = {}
    for index in range(dice.randint(1, 3)):
        contacts[f"person{index}"] = {
            "name": f"Person {index} Ölmüller of {number}",
            "email": f"person{index}@client{number}.example",
            "roles": ["owner", "technical", "billing"] if index == 0 else ["technical"],
            "ssh_key": _key(dice, f"person{index}"),
        }
    return dict(example) | {"id": f"c-{number:05d}", "name": f"Client Number {number}", "contacts": contacts}


def _vps(shape: Document, number: int, host: str, first: IPv4Address = _FIRST_IPV4) -> Document:
    return dict(shape) | {
        "id": f"v-{number:06d}",
        "host": host,
        "ipv4": [str(first + number)],
        "ipv6": [str(_FIRST_IPV6 + number)],
    }


def _access(contacts: Mapping[str, object]) -> list[Document]:
    return [
        {"who": name, "root": index == 0, "since": "2026-12-03", "request": f"T-{1041 + index}"}
        for index, name in enumerate(contacts)
    ]


def _key(dice: random.Random, comment: str) -> str:
    """A public key in OpenSSH's form whose private part never existed."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4) + kind + (32).to_bytes(4) + dice.randbytes(32)
    return f"{kind.decode()} {base64.b64encode(blob).decode()} {comment}"
