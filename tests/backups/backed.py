"""The guest's own `backup` run without a guest: its real scripts, in folders of a test, over a wire to the target."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from uuid import uuid4

from components.backups.kit import SOURCES
from components.backups.target import Target
from tests.backups.target_host import TargetHost
from tests.guests import dies_with_us

LIB = SOURCES.parent / "guest" / "overlay" / "usr" / "local" / "lib" / "vps"
GIB = 1024**3


class Backed:
    """One VPS whose files are in `files`; no database server is there."""

    def __init__(self, folder: Path, host: TargetHost, recipient: str, uuid: str = "") -> None:
        self.folder = folder
        self.host = host
        self.uuid = uuid or str(uuid4())
        self.title = f"example-coop/{self.uuid[:8]}"
        self.files = folder / "files"
        self.lib = folder / "lib"
        self.secrets = folder / "secrets"
        self.state = folder / "state"
        self.files.mkdir(parents=True)
        self.state.mkdir()
        (self.state / "delivered").touch()
        self.lib.mkdir()
        for path in (LIB / "lib.sh", *(one for one in LIB.glob("backup*") if one.is_file())):
            shutil.copy(path, self.lib / path.name)
        (self.lib / "backup.d").mkdir()
        (self.lib / "backup.d" / "50-test.paths").write_text(f"{self.files}\n{folder}/absent\n")
        (self.lib / "backup.d" / "50-test.leave-out").write_text(f"{self.files}/cache\n")
        declared = host.declared(recipient)
        (folder / "known").write_text(f"backup-target {declared.host_key}\n")
        self.settings = {
            "target": declared.target,
            "host_key": declared.host_key,
            "recovery": recipient,
            "every_hours": 24,
            "keep_days": 14,
        }
        (folder / "guest.json").write_text(json.dumps({"uuid": self.uuid, "backup": self.settings}))

    @property
    def environment(self) -> dict[str, str]:
        """Where the scripts look."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "VPS_LIB": str(self.lib),
            "VPS_SETTINGS": str(self.folder / "guest.json"),
            "VPS_SECRETS": str(self.secrets),
            "VPS_STATE": str(self.state),
            "VPS_BACKUP": str(self.folder / "backup.json"),
        }

    def words(self, *verb: str) -> list[str]:
        """The command line of a verb, on the wire."""
        return self.host.wire.command([str(self.lib / "backup"), *verb])

    def run(self, *verb: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        return subprocess.run(
            self.words(*verb),
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=300,
            check=False,
        )

    def start(self, *verb: str) -> subprocess.Popen[bytes]:
        """Begin a verb; it is the leader of its own group."""
        return dies_with_us(
            self.words(*verb),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def key(self) -> str:
        """Its public key, made at the first call."""
        done = self.run("prepare")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def enrol(self, target: Target) -> str:
        """Have it authorised."""
        return target.enrol(self.uuid, self.title, GIB, self.key())

    def back_up(self) -> str:
        """One whole backup; its snapshot."""
        done = self.run("run")
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def ssh(self, command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """What whoever has root on the guest can do with its key."""
        words = [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self.secrets / "backup-key"),
            "-l",
            "vps-backups",
            "-o",
            "BatchMode=yes",
        ]
        words += ["-o", "HostKeyAlias=backup-target", "-o", f"UserKnownHostsFile={self.folder}/known"]
        address = self.host.declared("none").place.host
        return subprocess.run(
            self.host.wire.command([*words, address, command]),
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def restic(self, *words: str, passphrase: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Restic as whoever has root on the guest can run it."""
        command, environment = self._restic(*words, passphrase=passphrase)
        try:
            return subprocess.run(
                command, capture_output=True, text=True, env=environment, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(words, 124, "", (late.stderr or b"").decode())

    def attack(self, *words: str) -> str:
        """What restic says of a command that the target must refuse, which it would try for minutes; not to its end."""
        command, environment = self._restic(*words)
        said = self.folder / "attack"
        with said.open("wb") as log:
            running = dies_with_us(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 120
        try:
            while running.poll() is None and "returned error" not in said.read_text() and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            running.kill()
            running.wait()
        return said.read_text()

    def _restic(self, *words: str, passphrase: str = "") -> tuple[list[str], dict[str, str]]:
        known = f"-o HostKeyAlias=backup-target -o UserKnownHostsFile={self.folder}/known"
        address = self.host.declared("none").place.host
        program = f"ssh -F none -i {self.secrets}/backup-key -l vps-backups -o BatchMode=yes {known} {address}"
        command = ["restic", "--repo", "rclone:", "-o", f"rclone.program={program}", "-o", "rclone.args=repository"]
        secret = passphrase or (self.secrets / "backup-passphrase").read_text().strip()
        environment = self.environment | {"RESTIC_PASSWORD": secret, "RESTIC_CACHE_DIR": str(self.folder / "cache")}
        return self.host.wire.command([*command, *words]), environment
