"""The git checkout that a fleet's folder stands in: git asked about it, and the commit that a change is compared with.

Git is asked about the checkout of the folder, whatever checkout the caller's environment names, and never for long.
"""

import os
import subprocess
from pathlib import Path

from components.domain.problems import DomainError

SECONDS = 30
"""Longer than this no answer about a fleet's history takes."""
TRUNKS = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where reviewed changes come together, by the names that people give it."""


def run(folder: Path, *words: str, fed: bytes = b"", seconds: float = SECONDS) -> subprocess.CompletedProcess[bytes]:
    """What git says, whatever its exit status. Raises DomainError without git, or when it doesn't end in time."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            env=environment | {"LC_ALL": "C"},
            input=fed,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DomainError(
            f"git did not tell about {folder} within {seconds:g} s.", "See whether `git status` answers there."
        ) from error
    except OSError as error:
        raise DomainError(f"git can't be started: {error.strerror}.", "Install git.") from error


def told(folder: Path, *words: str) -> str:
    """The one line that git says; empty when it refuses. Raises DomainError as `run`."""
    done = run(folder, *words)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def prefix(folder: Path) -> str:
    """Where the folder stands in its checkout: `stacks/`, or empty at its top. Raises DomainError outside of git."""
    done = run(folder, "rev-parse", "--show-prefix")
    if done.returncode == 0:
        return done.stdout.decode(errors="surrogateescape").rstrip("\n")
    if b"dubious ownership" in done.stderr:
        raise DomainError(
            f"git refuses to read {folder}: its checkout belongs to somebody else.",
            "Run this as its owner, or: git config --global --add safe.directory THE_CHECKOUT",
        )
    raise DomainError(f"{folder} is no git checkout.", "Keep the fleet's files in git: git init, git add, git commit.")


def is_shallow(folder: Path) -> bool:
    """Whether the checkout lacks a part of its history, as machines that build it often do. Raises DomainError."""
    return told(folder, "rev-parse", "--is-shallow-repository") == "true"


def commit(folder: Path, revision: str) -> str:
    """The full id of the commit that `revision` names. Raises DomainError when there is none."""
    prefix(folder)
    found = told(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found:
        return found
    more = " This clone is shallow: git fetch --unshallow." if is_shallow(folder) else ""
    raise DomainError(
        f'The checkout of {folder} has no revision "{revision}".',
        f"Name a commit, branch or tag that it has; perhaps git fetch is missing.{more}",
    )


def base(folder: Path, asked: str = "") -> str | None:
    """The commit that the files in `folder` are compared with, as who reviews them expects; None when there is none.

    Where the history left that of `asked`, or of the trunk; on the trunk itself HEAD while files differ from it, else
    the commit before. A shallow clone that doesn't reach that point has none.
    Raises DomainError for an unknown `asked`, outside of git, and without git.
    """
    head = told(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if asked:
        other = commit(folder, asked)
        return (told(folder, "merge-base", other, head) or other) if head else other
    prefix(folder)
    if not head:
        return None
    for trunk in TRUNKS:
        fork = told(folder, "merge-base", trunk, "HEAD")
        if fork:
            if fork != head:
                return fork
            break
    else:
        if is_shallow(folder):
            return None
    if run(folder, "status", "--porcelain", "--", ".").stdout.strip():
        return head
    return told(folder, "rev-parse", "--verify", "--quiet", "HEAD^1") or None


def changed(folder: Path, since: str) -> frozenset[str]:
    """The files, by name relative to `folder`, that differ from those of a commit; new and deleted ones too.

    Raises DomainError as `run`, or when git can't compare.
    """
    found = run(folder, "diff", "--name-only", "--no-renames", "--relative", "-z", since, "--", ".")
    added = run(folder, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if found.returncode or added.returncode:
        raise DomainError(f"git can't compare {folder} with {since[:12]}.", "See whether `git status` answers there.")
    names = [*found.stdout.split(b"\0"), *added.stdout.split(b"\0")]
    return frozenset(name.decode(errors="surrogateescape") for name in names if name)
