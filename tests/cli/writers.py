"""A project on fake hosts for commands that write files, and the commands run in it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from components.cli.main import app
from components.config.loader import Loaded, load
from components.declaration import machine_inputs
from components.lab.example import make_fake_project

ACME = (
    *("--package", "small", "--term", "3", "--name", "Acme Ltd", "--contact", "Bea Löw <bea@acme.example>"),
    *("--fqdn", "web1.acme.example", "--start", "2026-12-01", "--signed", "2026-11-20"),
)
"""All that `vps new acme` must be told."""


class Writers:
    """A fleet of the example's client, and as many hosts like its own as are wanted."""

    def __init__(self, folder: Path, hosts: int = 2) -> None:
        self.project = make_fake_project(folder)
        self.fleet = self.project.fleet
        first = (self.fleet / "hosts/lab1.yaml").read_text().replace("memory: 8 GiB", "memory: 16 GiB")
        for number in range(1, hosts + 1):
            text = first if number == 1 else first.replace("/world", f"/world{number}")
            text = text if number == 1 else text.replace("serial: ", f"serial: {number}-")
            (self.fleet / f"hosts/lab{number}.yaml").write_text(text.replace("cabinet: A1", f"cabinet: A{number}"))

    def run(self, *words: str, say: str = "") -> Result:
        """A command; what it raises is the caller's."""
        done = CliRunner().invoke(app, [*words, "--fleet", str(self.fleet)], input=say)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def vps(self, *words: str) -> str:
        """A command that does what it is told."""
        done = self.run(*words)
        assert done.exit_code == 0, done.output
        return done.output

    def file(self, client: str) -> Path:
        return self.fleet / f"clients/{client}.yaml"

    def loaded(self) -> Loaded:
        return load(self.fleet)

    def record(self, key: str, **outputs: Any) -> None:
        """As after an `up` of the client's stack: its machines run, with no room to grow."""
        loaded = self.loaded()
        client = loaded.fleet.clients[key]
        resources = []
        for vps in client.vps.values():
            bag = machine_inputs(loaded.fleet, client, vps, "here")
            limits = {name: {"effective": bag[name]} for name in ("vcpus", "memoryMib")}
            room = {name: bag[name] for name in limits}
            known = {**bag, "observedPower": "running", "limits": limits, "room": room, **outputs}
            resources.append({"type": "vps:index:Machine", "inputs": bag, "outputs": known})
        folder = self.project.work / "state/.pulumi/stacks/aegir-vps"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"client.{key}.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))

    def edit(self, name: str, **changes: Any) -> None:
        """Change keys of a declared file."""
        path = self.fleet / name
        yaml = YAML()
        yaml.preserve_quotes = True
        document = yaml.load(path)
        document.update(changes)
        with path.open("w") as stream:
            yaml.dump(document, stream)


class Checkout(Writers):
    """A fleet in git, on the branch main."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, hosts=3)
        self.git("init", "-q", "-b", "main")
        self.commit("The example")

    def git(self, *words: str, code: int = 0) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@hoster.example"]
        command = ["git", "-C", str(self.project.folder), *who, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def errors(self) -> list[str]:
        return sorted({one.code for one in self.loaded().problems if one.severity == "error"})


def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's backend, ledger or fleet is meant but the project's own."""
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "VPS_FLEET", "VPS_LEDGER"):
        monkeypatch.delenv(name, raising=False)
