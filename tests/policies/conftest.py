"""A fleet folder of the test's own, a good machine on it, and a way to hold resources against a rule."""

import copy
import datetime
import json
import os
import shutil
from pathlib import Path

import pytest
import yaml
from pulumi_policy import PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from policies import declared, known
from policies.pack import POLICIES

EXAMPLE = Path(__file__).resolve().parents[2] / "stacks"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6APDOl8jlIz+nxvyQA1B6kIefNZB++7G+oZ3fgav+l"

TODAY = datetime.date(2026, 12, 5)
"""When the example's term runs and its image is young."""
UUID = "f1a5c1f4-7c39-5b1e-9a57-0d1f0f6b6b1e"
DIGEST = "e9d1d41fc1fcbd86e87a251ae5d5fd8c3d8f1de08819c35f8abfca8679e6e1b2"

MACHINE = {
    "title": "example-coop/web1",
    "client": "c-q7m2",
    "vps": "v-h3k9",
    "uuid": UUID,
    "package": "small@2026-01",
    "host": {"name": "lab1", "driver": "libvirt"},
    # Numbers as the engine hands them over.
    "vcpus": 2.0,
    "cpuCapPercent": 150.0,
    "memoryMib": 2048.0,
    "disks": {
        "root": {
            "sizeGib": 10.0,
            "iops": 1000.0,
            "rateMibS": 100.0,
            "image": {"name": "aegir-debian-12", "sha256": DIGEST},
        }
    },
    "nics": {
        "n0": {
            "network": "public1",
            "rateMbitS": 100.0,
            "mac": "02:11:22:33:44:55",
            "addresses": ["192.0.2.10/24", "2001:db8:1::10/64"],
        }
    },
    "reinstall": 0.0,
    "ends": "",
    "seed": {
        "template": "base",
        "values": {
            "client_name": "Example Cooperative",
            "users": [{"name": "ada", "gecos": "Ada Ruiz", "keys": [f"{KEY} ada"], "root": True}],
        },
    },
}


CLIENT = "clients/example-coop.yaml"
RECORDED = {
    "client": "c-q7m2",
    "vps": "v-h3k9",
    "host": "lab1",
    "package": "small@2026-01",
    "vcpus": 2,
    "memoryMib": 2048,
    "sizeGib": 10,
    "image": DIGEST,
    "reinstall": 0,
}
"""What state holds of the good machine once it stands."""


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def _text(data):
    return yaml.dump(data, Dumper=_Plain)


class Fleet:
    """The declared files; an edit is seen at once, as by the next run of the pack."""

    def __init__(self, folder, known):
        self.folder = folder
        self.known = known
        self.hand_over()

    def hand_over(self, machines=(), **hosts):
        """What is known beside the files: by default that the stack had nothing, and nothing of hosts."""
        found = machines if machines is None else dict(machines)
        self.known.write_text(json.dumps({"machines": found, "hosts": hosts}))
        self.forget()

    def forget(self):
        declared.forget()

    def edit_vps(self, change):
        """Change the lines of the example's only VPS."""
        self.edit(CLIENT, lambda data: change(data["vps"]["web1"]))

    def neighbour(self, name, **changes):
        """Another client, with one VPS like the example's but for ids, names, addresses, and `changes`."""
        data = yaml.load((self.folder / CLIENT).read_text(), Loader=yaml.BaseLoader)
        number = len(list((self.folder / "clients").iterdir()))
        vps = data["vps"]["web1"] | {"id": f"v-{number:04d}", "fqdn": f"web1.{name}.example"}
        vps |= {"ipv4": [f"192.0.2.{20 + number}"], "ipv6": [f"2001:db8:1::{20 + number}"]} | changes
        self.write(f"clients/{name}.yaml", _text(data | {"id": f"c-{number:04d}", "vps": {"web1": vps}}))

    def write(self, file, text):
        (self.folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        self.forget()

    def edit(self, file, change):
        data = yaml.load((self.folder / file).read_text(), Loader=yaml.BaseLoader)
        change(data)
        self.write(file, _text(data))

    def remove(self, file):
        (self.folder / file).unlink()
        self.forget()


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    folder = tmp_path / "fleet"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    monkeypatch.setitem(os.environ, "VPS_FLEET", str(folder))
    monkeypatch.setitem(os.environ, "VPS_KNOWN", str(tmp_path / "known.json"))
    monkeypatch.setattr(known, "today", lambda: TODAY)
    found = Fleet(folder, tmp_path / "known.json")
    yield found
    found.forget()


@pytest.fixture
def machine():
    return copy.deepcopy(MACHINE)


@pytest.fixture
def judge(fleet):
    """Violations of one rule, or of all, over a resource as the engine would show it."""

    def run(properties, rule=None, *, type_="vps:index:Machine", name="v-h3k9-machine", protect=True):
        options = PolicyResourceOptions(protect, [], None, [], None, [], "")
        proxied = unknown_checking_proxy(properties)
        urn = f"urn:pulumi:client.example-coop::aegir-vps::{type_}::{name}"
        found = []
        for policy in POLICIES:
            if rule in (None, policy.name):
                args = ResourceValidationArgs(type_, proxied, urn, name, options, None, {})
                policy.validate(args, lambda message, urn=None: found.append(message))
        return found

    return run
