"""A repository opened on the operator's side, by restic, through the target's unrestricted account.

The passphrase stands in memory that only restic's process is given; it is on no command line, in no file, in no log.
What is in a repository is a client's: a few bytes at the target can be as many here as it likes, so whatever is brought
here ends at a size and at a time.
"""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from components.backups.target import Target
from components.domain.problems import DomainError

HOUR_S = 3600
BRING_S = 24.0 * HOUR_S
"""How long bringing one backup here may take."""
SPARE = 1024**3
"""Bytes that stay free on the file system to which a backup is brought."""
WATCH_S = 2.0
PART = 1024**2


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

    def run(self, what: str, *words: str, deadline_s: float = HOUR_S, watch: Callable[[], None] | None = None) -> bytes:
        """Run restic and give what it prints. Raises DomainError with its last words, and what `watch` raises."""
        ends = time.monotonic() + deadline_s
        with self._started(words, stdout=subprocess.PIPE) as process:
            while True:
                left = ends - time.monotonic()
                try:
                    out, err = process.communicate(timeout=max(0.0, min(left, WATCH_S) if watch else left))
                    break
                except subprocess.TimeoutExpired:
                    if left <= 0:
                        raise _late(what, deadline_s) from None
                    if watch:
                        watch()
        if process.returncode:
            raise failed(what, err)
        return bytes(out)

    def opens(self) -> bool:
        """Whether the passphrase opens it."""
        try:
            self.run("", "--no-lock", "cat", "config", deadline_s=300)
        except DomainError:
            return False
        return True

    def size(self, what: str, snapshot: str) -> int:
        """Bytes that a snapshot says it will be when it is brought here; its maker's word. Raises DomainError."""
        said = self.run(what, "--no-lock", "--json", "stats", "--mode", "restore-size", snapshot)
        try:
            return int(json.loads(said)["total_size"])
        except (ValueError, KeyError, TypeError) as problem:
            raise DomainError(f"{what}: restic does not say how large it is.", "Is its package whole?") from problem

    def dump(
        self, what: str, snapshot: str, path: str, to: IO[bytes], *, most: int, deadline_s: float = HOUR_S
    ) -> None:
        """Write one file of a snapshot, of `most` bytes. Raises DomainError: larger, too late, not there."""
        with self._started(["--no-lock", "dump", snapshot, path], stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            over = threading.Event()

            def end() -> None:
                over.set()
                process.kill()

            late = threading.Timer(deadline_s, end)
            late.start()
            try:
                left = most
                while part := process.stdout.read(PART):
                    left -= len(part)
                    if left < 0:
                        raise too_large(what, most)
                    to.write(part)
                err = process.stderr.read()
                process.wait()
            finally:
                late.cancel()
        if over.is_set() and process.returncode:
            raise _late(what, deadline_s)
        if process.returncode:
            raise failed(what, err)

    def restore(self, what: str, snapshot: str, into: Path, *, most: int) -> None:
        """Bring all files of a snapshot, `most` bytes of them, back into a folder. Raises DomainError."""
        into.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(into).free

        def watch() -> None:
            nonlocal free
            now = shutil.disk_usage(into).free
            if now < SPARE:
                raise no_room(what, into)
            if free - now > most:
                # Others may write there as well, so it is counted before it is said.
                here = _written(into)
                if here > most:
                    raise too_large(what, most)
                free = now + here

        self.run(what, "--no-lock", "restore", snapshot, "--target", str(into), deadline_s=BRING_S, watch=watch)


def _written(folder: Path) -> int:
    """Bytes on the disk of what is in a folder."""
    found = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                found += (Path(path) / name).lstat().st_blocks * 512
    return found


def too_large(what: str, most: int) -> DomainError:
    """What is brought here is more than it can be by rights."""
    return DomainError(
        f"{what}: it is larger than {most // 1024**2} MiB, which is more than it can be.",
        "Look at the guest: it may have been made to fill this machine. With --most GIB it is brought all the same.",
    )


def _late(what: str, deadline_s: float) -> DomainError:
    return DomainError(f"{what}: restic did not end within {deadline_s:.0f} s.", "Run it again.")


def no_room(what: str, into: Path) -> DomainError:
    """The folder's file system has no room for it."""
    return DomainError(
        f"{what}: the file system of {into} has no room for it, {SPARE // 1024**2} MiB of it stay free.",
        "Choose another folder; what came so far is there.",
    )


def failed(what: str, err: bytes) -> DomainError:
    """Restic said why not."""
    return DomainError(f"{what}: {last_words(err)}.", "See the repository with: vps backups list")


def last_words(err: bytes) -> str:
    """The last line of a complaint, as it may be shown."""
    lines = [line for line in err.decode(errors="replace").splitlines() if line.strip()]
    plain = "".join(one if one.isprintable() else " " for one in (lines or ["nothing was said"])[-1])
    return plain.strip().rstrip(".")[:300]
