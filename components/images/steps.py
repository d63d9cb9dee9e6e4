"""The outside commands of a build: each with a deadline, an entry in the log and a line of progress.

A command dies with this process, even when that is killed: it holds a parent-death signal, and what needs root runs
in a mount and PID namespace of its own, so that no mount and no child outlives it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from components.images.errors import ImageError

Progress = Callable[[str], None]

_TICK_S = 10
_TAIL_LINES = 15
_KEPT = ("PATH", "TMPDIR", "HOME", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Steps:
    """Runs commands one after the other; `log` gets all that they say, `progress` one line each with its seconds."""

    def __init__(self, image: str, log: Path, progress: Progress) -> None:
        self.image = image
        self.log = log
        self.progress = progress
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the build has taken up to now."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Tell how far the build is, with the seconds since it began."""
        self.progress(f"{self.image}: {text} [{self.seconds:.0f} s]")

    def run(
        self,
        title: str,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        isolated: bool = False,
        quiet: bool = False,
    ) -> str:
        """Run `argv` and return what it printed; `isolated` puts it into namespaces of its own (root only).

        Raises ImageError with the last lines that were printed when it fails or overruns `deadline_s`.
        """
        wrapper = ["setpriv", "--pdeathsig", "KILL"]
        if isolated:
            wrapper += ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **(env or {})}
        if not quiet:
            self.say(f"{title} …")
        with self.log.open("ab") as log:
            log.write(f"\n== {title}: {' '.join(argv)}\n".encode())
            log.flush()
            start = log.tell()
            try:
                process = subprocess.Popen(
                    [*wrapper, *argv],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                raise ImageError(
                    f"Unable to build image {self.image}: {wrapper[0]} can't be run: {error}.",
                    "Run `./run setup`.",
                ) from error
            try:
                code = self._wait(process, title, stdin, deadline_s)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        if code == 127:
            raise ImageError(
                f"Unable to build image {self.image}: the command {argv[0]} is missing on this machine.",
                "Run `./run setup`, which installs what a build needs.",
            )
        if code != 0:
            seen = f"took longer than {deadline_s:.0f} s" if code is None else f"ended with exit code {code}"
            raise ImageError(
                f"Unable to build image {self.image}: the step '{title}' {seen}. Its last lines:\n"
                f"{self._tail(start)}\nThe whole log is {self.log}.",
                "Mend what it names and run the same command again; nothing else was left behind.",
            )
        return self._since(start)

    def _wait(self, process: "subprocess.Popen[bytes]", title: str, stdin: str, deadline_s: float) -> int | None:
        began = time.monotonic()
        data: bytes | None = stdin.encode()
        while True:
            left = deadline_s - (time.monotonic() - began)
            if left <= 0:
                return None
            try:
                process.communicate(data, timeout=min(_TICK_S, left))
            except subprocess.TimeoutExpired:
                # What was handed over once is kept by communicate() and must not be handed over again.
                data = None
                self.say(f"{title}, for {time.monotonic() - began:.0f} s …")
            else:
                return process.returncode

    def _since(self, start: int) -> str:
        with self.log.open("rb") as log:
            log.seek(start)
            return log.read().decode("utf-8", "replace")

    def _tail(self, start: int) -> str:
        return "\n".join(f"    {line}" for line in self._since(start).splitlines()[-_TAIL_LINES:])
