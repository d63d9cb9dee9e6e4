"""The project folder and the environment in which the engine runs for it."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from components.domain.problems import DomainError

CHECKOUT = Path(__file__).resolve().parents[2]
"""Where policies, templates and the plugin live."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with Pulumi.yaml and its fleet. Everything that the engine writes goes to `work` or `fleet/pulumi`."""

    folder: Path
    fleet: Path

    @property
    def work(self) -> Path:
        """State of a one-person fleet, its passphrase and the engine's own folder; a file in it keeps it out of git."""
        return self.folder / ".vps"

    def settings(self, stack: str) -> Path:
        """The engine's own file of a stack."""
        return self.fleet / "pulumi" / f"Pulumi.{stack}.yaml"

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The engine's environment: what the operator set wins, the rest makes a one-person fleet work as it is.

        Paths are absolute: a relative backend would resolve against the current folder. Raises DomainError without
        an engine.
        """
        from components.engine.location import engine_path

        environment = dict(inherited)
        found = [str(engine_path().parent), str(CHECKOUT / ".venv" / "bin"), environment.get("PATH", os.defpath)]
        environment["PATH"] = os.pathsep.join(found)
        environment["VPS_FLEET"] = str(self.fleet)
        environment |= self.backend(environment)
        environment.setdefault("PULUMI_HOME", str(self.work / "engine"))
        if "PULUMI_CONFIG_PASSPHRASE" not in environment:
            environment.setdefault("PULUMI_CONFIG_PASSPHRASE_FILE", str(self.work / "passphrase"))
        # Nothing of ours is downloaded while a client's machine is being changed.
        environment.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
        environment.setdefault("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
        return environment

    def backend(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Only which backend holds the state: enough to read it (`engine.state`), and no engine is looked for."""
        return {"PULUMI_BACKEND_URL": inherited.get("PULUMI_BACKEND_URL", f"file://{self.work / 'state'}")}

    def prepare(self, environment: Mapping[str, str]) -> None:
        """Make the folders and the passphrase that `environment` names, where they are ours to make."""
        self.keep()
        for name in ("state", "engine"):
            (self.work / name).mkdir(exist_ok=True)
        (self.fleet / "pulumi").mkdir(exist_ok=True)
        passphrase = self.work / "passphrase"
        if environment.get("PULUMI_CONFIG_PASSPHRASE_FILE") == str(passphrase) and not passphrase.exists():
            _write(passphrase, secrets.token_hex(24) + "\n", 0o600)

    def keep(self) -> None:
        """Make `work`, and keep it out of git."""
        self.work.mkdir(parents=True, exist_ok=True)
        ignored = self.work / ".gitignore"
        if not ignored.exists():
            # Of two first commands at once one finds its draft gone: the other's file says the same.
            with suppress(FileNotFoundError):
                _write(ignored, "*\n", 0o644)


def _write(path: Path, text: str, mode: int) -> None:
    """Make a file whole or not at all: an empty passphrase after a power cut would keep its state shut for good."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=mode)
    with partial.open("w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(path)


def project_of(fleet: Path) -> Project:
    """The project whose fleet folder is `fleet`. Raises DomainError when no Pulumi.yaml stands beside it."""
    fleet = fleet.resolve()
    if not (fleet.parent / "Pulumi.yaml").is_file():
        raise DomainError(
            f"{fleet.parent} holds no Pulumi.yaml, so the engine can't work on the fleet in {fleet}.",
            f"Copy {CHECKOUT / 'Pulumi.yaml'} beside it, and let its plugin path name {CHECKOUT / '.venv' / 'bin'}.",
        )
    return Project(folder=fleet.parent, fleet=fleet)
