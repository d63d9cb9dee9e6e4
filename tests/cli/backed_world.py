"""The example on the fake host with a real target of backups: what commands about backups are tested on."""

import subprocess
from pathlib import Path

from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from components.backups.target import Target
from components.cli.main import app
from tests.backups.backed import Backed
from tests.backups.conftest import Recovery
from tests.backups.target_host import TargetHost
from tests.cli.world import MadeWorld

DRILL = "192.0.2.250"


class BackedWorld(MadeWorld):
    """The machine is the fake's, its backups are made by the guest's real scripts, and the target is real."""

    def __init__(self, folder: Path, host: TargetHost, recovery: Recovery, backed: Backed | None = None) -> None:
        """`backed` is another world's: what is at the target stays, for tests that only look at it."""
        super().__init__(folder / "project")
        self.recovery = recovery
        self.target: Target = host.target(recovery.recipient)
        self.backed = backed or Backed(folder / "guest", host, recovery.recipient, uuid=self.spec.uuid)
        declared = host.declared(recovery.recipient)
        file = self.project.fleet / "fleet.yaml"
        yaml = YAML()
        yaml.preserve_quotes = True
        document = yaml.load(file)
        document["backups"] = {
            "target": declared.target,
            "host_key": declared.host_key,
            "recovery": [recovery.recipient],
            "admin": declared.admin,
            "drill": {"network": "public1", "ipv4": DRILL},
        }
        with file.open("w") as stream:
            yaml.dump(document, stream)
        self.says(answers=self.answers())
        if backed is None:
            # Another test's guest of this number is gone, and so is what it kept.
            host.run(f"rm -rf /srv/vps-backups/{self.spec.uuid} /etc/vps-backups/keys/{self.spec.uuid}.pub")

    def answers(self) -> dict[str, object]:
        """Its guest tells the key that the scripts made."""
        return {
            "/usr/local/lib/vps/backup": {"out": self.backed.key()},
            "/usr/bin/systemctl": {},
        }

    def run(self, *words: str) -> Result:
        """A command of ours on this fleet."""
        return CliRunner().invoke(app, [*words, "--fleet", str(self.project.fleet)])


def spoil(host: TargetHost, uuid: str) -> None:
    """Take one snapshot away behind everybody's back."""
    subprocess.run([*host.admin, f"rm $(ls -d /srv/vps-backups/{uuid}/repo/snapshots/* | head -n 1)"], check=True)
