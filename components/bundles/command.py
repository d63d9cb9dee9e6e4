"""Runs git and pip for a bundle: each with a deadline, no questions asked, and gone when this process is."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.bundles.errors import BundleError

_TAIL_LINES = 6


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed (`out`), what it complained about (`err`), and its exit `code`; None: overran."""

    code: int | None
    out: bytes
    err: str

    def why(self) -> str:
        """Its last words, on one line."""
        if self.code is None:
            return "it took too long and was stopped"
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        text = "; ".join(lines[-_TAIL_LINES:]) or f"exit code {self.code}"
        return "".join(one if one.isprintable() else " " for one in text)[:800]


def run(
    argv: Sequence[str], *, deadline_s: float, env: Mapping[str, str] | None = None, folder: Path | None = None
) -> Said:
    """Run `argv` with no input. Raises BundleError when the command itself is missing."""
    try:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**(os.environ if env is None else env), "LC_ALL": "C.UTF-8"},
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        raise BundleError(f"Unable to run {argv[0]}: {error}.", "Run `./run setup`.") from error
    try:
        out, err = process.communicate(timeout=deadline_s)
    except subprocess.TimeoutExpired:
        return Said(None, b"", "")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode == 127:
        raise BundleError(f"Unable to run {argv[0]}: it is not installed.", "Run `./run setup`.")
    return Said(process.returncode, out, err.decode("utf-8", "replace"))
