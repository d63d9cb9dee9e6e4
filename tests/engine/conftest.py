"""The example fleet as a project on the fake driver, run by the real engine."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from components.engine.project import CHECKOUT, Project
from components.lab.example import make_fake_project

STACK = "client.example-coop"
HOST_STACK = "host.lab1"
DEADLINE_S = 240


class Bench:
    """A project, the command and the engine, as an operator has them at hand."""

    def __init__(self, project: Project) -> None:
        self.project = project
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "VPS_"))}
        self.environment = project.environment({**clean, "PULUMI_CONFIG_PASSPHRASE": "for tests"})
        project.prepare(self.environment)

    @property
    def world(self) -> Path:
        return self.project.work / "world"

    def pulumi(self, *arguments: str, code: int = 0) -> str:
        """Run the engine as it is; its whole output. The exit code is part of the promise."""
        return self._run(["pulumi", *arguments, "--non-interactive"], code)

    def vps(self, *arguments: str, code: int = 0, deadline_s: float = DEADLINE_S) -> str:
        """Run our command on the project; one that waits for a guest wants a longer deadline than its own."""
        command = [str(CHECKOUT / ".venv" / "bin" / "vps"), *arguments, "--fleet", str(self.project.fleet)]
        return self._run(command, code, deadline_s)

    def up(self, stack: str = STACK, *more: str, code: int = 0) -> str:
        return self.pulumi("up", "--yes", "--stack", stack, *more, code=code)

    def edit(self, change: Callable[[Any], object], file: str = "clients/example-coop.yaml") -> None:
        """Edit a declared file as an operator would."""
        path = self.project.fleet / file
        yaml = YAML()
        yaml.preserve_quotes = True
        document = yaml.load(path)
        change(document)
        with path.open("w") as stream:
            yaml.dump(document, stream)

    def domains(self) -> dict[str, dict[str, Any]]:
        return {path.stem: json.loads(path.read_text()) for path in (self.world / "domains").glob("*.json")}

    def volumes(self) -> dict[str, dict[str, Any]]:
        return {path.name: json.loads(path.read_text()) for path in (self.world / "volumes" / "vps").glob("*")}

    def state(self, stack: str = STACK) -> list[dict[str, Any]]:
        found = json.loads(self.pulumi("stack", "export", "--stack", stack))
        return found["deployment"].get("resources") or []

    def machine_urn(self) -> str:
        return next(found["urn"] for found in self.state() if found["type"] == "vps:index:Machine")

    def faults(self, *faults: dict[str, Any]) -> None:
        (self.world / "faults.json").write_text(json.dumps(faults))

    def _run(self, command: list[str], code: int, deadline_s: float = DEADLINE_S) -> str:
        done = subprocess.run(
            command,
            cwd=self.project.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=deadline_s,
            check=False,
        )
        assert done.returncode == code, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with both stacks made and the host applied; made once, because engine runs are dear."""
    bench = Bench(make_fake_project(tmp_path_factory.mktemp("prepared") / "project"))
    bench.vps("init", HOST_STACK, STACK)
    bench.up(HOST_STACK)
    return bench.project.folder


@pytest.fixture
def bench(prepared: Path, tmp_path: Path) -> Bench:
    """A copy of the prepared project for one test, its paths its own; the client is not applied yet."""
    folder = tmp_path / "project"
    shutil.copytree(prepared, folder, symlinks=True, ignore=shutil.ignore_patterns("engine"))
    for path in folder.rglob("*"):
        if path.suffix in (".yaml", ".json") and str(prepared) in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace(str(prepared), str(folder)), encoding="utf-8")
    return Bench(Project(folder=folder, fleet=folder / "stacks"))
