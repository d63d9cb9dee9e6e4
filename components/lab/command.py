"""Outside commands of the lab: argument lists, a deadline for each, and one kind of error."""

import os
import subprocess
from collections.abc import Sequence

TOOLS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the lab's tools are looked for: a plain user's PATH often lacks the sbin folders."""


class LabError(Exception):
    """The lab could not do what was asked. `cause` says why, `remedy` what the operator can do."""

    def __init__(self, what: str, cause: str, remedy: str = "") -> None:
        cause = cause.strip() or "no reason was given"
        super().__init__(f"{what}: {cause}{'' if cause.endswith('.') else '.'}{' ' + remedy if remedy else ''}")
        self.cause = cause
        self.remedy = remedy


def environment() -> dict[str, str]:
    """The whole environment of the lab's processes: nothing of the caller's, who may hold secrets there."""
    return {"PATH": TOOLS_PATH, "LANG": "C.UTF-8", "HOME": "/root"}


def call(
    command: Sequence[str], *, what: str = "", timeout_s: float = 20, text: str | None = None, remedy: str = ""
) -> str:
    """Run a command with its standard input `text` and give its output.

    With `what` ("Unable to …") a failure raises LabError with the command's own words and `remedy`; without it the
    exit code does not matter. Running over the deadline or a missing tool raises in both cases.
    """
    title = what or f"Unable to run {command[0]}"
    try:
        done = subprocess.run(
            command,
            input=text or "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            env=environment(),
            cwd="/",
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(title, f"{command[0]} did not end within {timeout_s:g} s", remedy) from error
    except OSError as error:
        raise LabError(title, f"{command[0]}: {os.strerror(error.errno or 0)}", remedy) from error
    if done.returncode and what:
        said = " ".join((done.stderr.strip() or done.stdout.strip()).split())
        raise LabError(title, said or f"{command[0]} ended with exit code {done.returncode}", remedy)
    return done.stdout
