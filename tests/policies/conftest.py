"""A fleet folder of the test's own, a good machine on it, and a way to hold resources against a rule."""

import copy
import os
import shutil
from pathlib import Path

import pytest
import yaml
from pulumi_policy import PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from policies import declared
from policies.pack import POLICIES

EXAMPLE = Path(__file__).resolve().parents[2] / "stacks"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6APDOl8jlIz+nxvyQA1B6kIefNZB++7G+oZ3fgav+l"

MACHINE = {
    "title": "example-coop/web1",
    "client": "c-q7m2",
    "package": "small@2026-01",
    "host": {"name": "lab1", "driver": "libvirt"},
    # Numbers as the engine hands them over.
    "vcpus": 2.0,
    "cpuCapPercent": 150.0,
    "memoryMib": 2048.0,
    "disks": {"root": {"sizeGib": 10.0, "iops": 1000.0, "rateMibS": 100.0}},
    "nics": {"n0": {"rateMbitS": 100.0, "mac": "02:11:22:33:44:55"}},
    "ends": "",
    "seed": {
        "template": "base",
        "values": {
            "client_name": "Example Cooperative",
            "users": [{"name": "ada", "gecos": "Ada Ruiz", "keys": [f"{KEY} ada"], "root": True}],
        },
    },
}


class Fleet:
    """The declared files; an edit is seen at once, as by the next run of the pack."""

    def __init__(self, folder):
        self.folder = folder

    def forget(self):
        declared.forget()

    def write(self, file, text):
        (self.folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        self.forget()

    def edit(self, file, change):
        data = yaml.load((self.folder / file).read_text(), Loader=yaml.BaseLoader)
        change(data)
        self.write(file, yaml.safe_dump(data))

    def remove(self, file):
        (self.folder / file).unlink()
        self.forget()


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    folder = tmp_path / "fleet"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    monkeypatch.setitem(os.environ, "VPS_FLEET", str(folder))
    found = Fleet(folder)
    found.forget()
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
