"""A copy of the example in a checkout of its own, with an edit and a commit away from any other state."""

import os
import shutil
import subprocess
from pathlib import Path

from typer.testing import CliRunner, Result

from components.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "clients/example-coop.yaml"


class Priced:
    """The fleet's folder, its history and the command."""

    def __init__(self, folder: Path) -> None:
        ignored = shutil.ignore_patterns("*.py", "__pycache__", "pulumi")
        self.folder = Path(shutil.copytree(ROOT / "stacks", folder / "fleet", ignore=ignored))
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("first")

    def git(self, *words: str) -> str:
        who = {f"GIT_{role}_{what}": "a@b.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | who
        command = ["git", "-C", str(self.folder), "-c", "commit.gpgsign=false", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout

    def commit(self, message: str) -> None:
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", message)

    def edit(self, old: str, new: str, file: str = CLIENT) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def upgrade(self) -> None:
        """From February on the larger package with two pieces of memory, and VIP for the whole client."""
        self.edit(
            "    package: small@2026-01\n",
            "    package: medium@2026-01\n    extras: {memory@2026-01: 2}\n"
            '    since: "2027-02-01"\n    before: [{package: small@2026-01}]\n',
        )
        self.edit("support: standard}", 'support: standard, vip: {since: "2027-01-01", accepted: T-7}}')

    def price(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["price", *words, "--fleet", str(self.folder)])
