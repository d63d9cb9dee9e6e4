"""A backup target for tests: this machine's own files under an overlay, where the real kit installs and sshd serves.

So it needs what a target needs (openssh-server, rclone) installed here, an sshd_config that includes sshd_config.d, as
Debian's does, and no account vps-backups.
"""

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from components.backups.kit import installer
from components.backups.target import Target
from components.domain.backups import Backups, Place
from tests.guests import Wire, dies_with_us

ADDRESS = "192.0.2.3"
PLACE = Place(user="vps-backups", host=ADDRESS, port=22, path="/srv/vps-backups")

_WORLD = """
set -eu
mount -t tmpfs -o size=64m,mode=0755 layers "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for part in proc dev; do mount --rbind "/$part" "$1/root/$part"; done
mount -t tmpfs run "$1/root/run"
mkdir -p "$1/root/run/sshd" "$1/root/srv"
mount -t tmpfs -o "size=$2,mode=0755" data "$1/root/srv"
rm -f "$1/root"/etc/ssh/ssh_host_*
chroot "$1/root" ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
chroot "$1/root" sh -s <"$3" >"$1.out" 2>&1
echo up
exec chroot "$1/root" /usr/sbin/sshd -D -e -o ListenAddress="$4" -o UsePAM=no
"""


class TargetHost:
    """A machine on `wire` at ADDRESS that the kit made a target. It dies with the test, and leaves nothing."""

    def __init__(self, wire: Wire, folder: Path, size: str = "300m", spare_kib: int = 1024) -> None:
        """`size` is that of the file system for backups."""
        self.wire = wire
        self.folder = folder
        self._size = size
        folder.mkdir(parents=True)
        (folder / "layers").mkdir()
        (folder / "kit").write_text(installer(PLACE, spare_kib))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have the kit installed and sshd answering."""
        with (self.folder / "log").open("wb") as log:
            words = [str(self.folder / "layers"), self._size, str(self.folder / "kit"), ADDRESS]
            inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _WORLD, "world", *words]
            self._process = dies_with_us(self.wire.command(inside), stdout=subprocess.PIPE, stderr=log)
        assert self._process.stdout
        said = self._process.stdout.readline()
        assert said == b"up\n", (self.folder / "log").read_text() + self._out()
        end = time.monotonic() + 30
        while self.wire.run(["sh", "-c", f"ss -Hltn 'sport = :22' | grep -q {ADDRESS}"]).returncode:
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _out(self) -> str:
        path = self.folder / "layers.out"
        return path.read_text() if path.exists() else ""

    def stop(self) -> None:
        """No process of it is left."""
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    @property
    def root(self) -> Path:
        """Its files as seen from outside."""
        assert self._process
        return Path(f"/proc/{self._process.pid}/root")

    def run(self, command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a shell command there as root."""
        return subprocess.run([*self.admin, command], input=stdin, capture_output=True, timeout=60, check=False)

    @property
    def admin(self) -> Sequence[str]:
        """The words before a shell command for root."""
        assert self._process
        target = str(self._process.pid)
        return ["nsenter", "--target", target, "--mount", "--net", "--root", "--wd", "--", "sh", "-c"]

    def declared(self, recipient: str) -> Backups:
        """As fleet.yaml would say it."""
        host_key = " ".join((self.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2])
        url = f"ssh://{PLACE.user}@{PLACE.host}:{PLACE.port}{PLACE.path}"
        return Backups(target=url, host_key=host_key, recovery=(recipient,), admin=" ".join(self.admin))

    def target(self, recipient: str) -> Target:
        """The operator's side of it."""
        return Target(self.declared(recipient))

    def __enter__(self) -> Self:
        """It answers."""
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """It is gone."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
