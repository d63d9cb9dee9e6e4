"""A repository opened on the operator's side, by restic, through the target's unrestricted account.

The passphrase stands in memory that only restic's process is given; it is on no command line, in no file, in no log.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from components.backups.target import Target
from components.domain.problems import DomainError

HOUR_S = 3600


class Store:
    """One VPS's repository. `writes` opens it for pruning, which the target allows while it is held."""

    def __init__(self, target: Target, uuid: str, passphrase: str, *, writes: bool = False) -> None:
        if not shutil.which("restic"):
            raise DomainError("restic is not installed here.", "Install the Debian package restic.")
        self._program = shlex.join(target.command("change" if writes else "read", uuid))
        self._passphrase = passphrase

    @contextmanager
    def _started(self, words: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:  # noqa: ANN401 - Popen's
        secret = os.memfd_create("passphrase", 0)
        with tempfile.TemporaryDirectory(prefix="vps-restic-") as cache:
            try:
                os.write(secret, self._passphrase.encode())
                environment = {
                    **os.environ,
                    "RESTIC_PASSWORD_FILE": f"/proc/self/fd/{secret}",
                    "RESTIC_CACHE_DIR": cache,
                }
                command = ["restic", "--repo", "rclone:", "-o", f"rclone.program={self._program}", "-o", "rclone.args="]
                with subprocess.Popen(
                    [*command, *words], env=environment, pass_fds=(secret,), stderr=subprocess.PIPE, **options
                ) as process:
                    try:
                        yield process
                    finally:
                        process.kill()
            finally:
                os.close(secret)

    def run(self, what: str, *words: str, deadline_s: float = HOUR_S) -> bytes:
        """Run restic and give what it prints. Raises DomainError with its last words."""
        with self._started(words, stdout=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(timeout=deadline_s)
            except subprocess.TimeoutExpired:
                raise DomainError(f"{what}: restic did not end within {deadline_s:.0f} s.", "Run it again.") from None
        if process.returncode:
            raise DomainError(f"{what}: {last_words(err)}.", "See the repository with: vps backups list")
        return bytes(out)

    def opens(self) -> bool:
        """Whether the passphrase opens it."""
        try:
            self.run("", "--no-lock", "cat", "config", deadline_s=300)
        except DomainError:
            return False
        return True

    def dump(self, what: str, snapshot: str, path: str, to: IO[bytes]) -> None:
        """Write one file of a snapshot. Raises DomainError."""
        with self._started(["--no-lock", "dump", snapshot, path], stdout=to) as process:
            _, err = process.communicate()
        if process.returncode:
            raise DomainError(f"{what}: {last_words(err)}.", "See the repository with: vps backups list")

    def restore(self, what: str, snapshot: str, into: Path) -> None:
        """Bring all files of a snapshot back into a folder. Raises DomainError."""
        self.run(what, "--no-lock", "restore", snapshot, "--target", str(into), deadline_s=24 * HOUR_S)


def last_words(err: bytes) -> str:
    """The last line of a complaint, as it may be shown."""
    lines = [line for line in err.decode(errors="replace").splitlines() if line.strip()]
    plain = "".join(one if one.isprintable() else " " for one in (lines or ["nothing was said"])[-1])
    return plain.strip().rstrip(".")[:300]
