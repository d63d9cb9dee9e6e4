"""The commit last applied: a checkout that lacks it would undo what somebody else applied, and is refused.

The engine writes the head of the project's checkout into the history of each run. Here it is compared with the checkout
at hand: uncommitted changes on top are allowed, another history is not. Outside git nobody can compare: that is told.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.domain.problems import DomainError
from components.engine import state
from components.engine.backend import PROJECT, local_folder

HEAD = "git.head"
"""Where the engine notes the commit, among a run's environment."""
DIRTY = "git.dirty"
"""Where it notes that something in the checkout stood in no commit."""
UNTOUCHED = {"same", "refresh", "read"}
"""What a run may have done to a resource without changing it."""
INSTEAD = "VPS_INSTEAD_OF"
"""Environment: the commit last applied, named by somebody who knows that this checkout replaces it (a rebase)."""
APPLIES = ("update", "destroy", "import")
"""Kinds of runs that change the world; a refresh or a preview applies no file."""
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHORTEST = 7
"""Characters of a commit that name it."""
_GIT_S, _HISTORY_S = 10, 60


def need(environment: Mapping[str, str], fleet: Path, stack: str, pulumi: Path | None = None) -> str:
    """A word to show, or none; `fleet` is the folder whose checkout is about to be applied.

    `pulumi` is asked for the history of a backend that is no folder; without it such a backend is not looked at.
    Raises DomainError when the checkout lacks the commit that was last applied to the stack.
    """
    applied = last(environment, stack)
    if applied is None and pulumi is not None and local_folder(environment) is None:
        applied = asked(environment, fleet, stack, pulumi)
    if not applied:
        return ""
    instead = environment.get(INSTEAD, "")
    if len(instead) >= _SHORTEST and applied.startswith(instead):
        return f"{stack}: applied instead of commit {applied[:12]}, as you said."
    code = _git(fleet, "merge-base", "--is-ancestor", applied, "HEAD")
    if code == 0:
        return _uncommitted(fleet)
    if code != 1 and _git(fleet, "rev-parse", "--verify", "HEAD") != 0:
        return f"{stack} was last applied from commit {applied[:12]}; {fleet} is no git checkout: nobody can compare."
    seen = "does not contain" if code == 1 else "does not know"
    raise DomainError(
        f"Unable to apply {stack}: it was last applied from commit {applied[:12]}, which this checkout {seen}; "
        "applying it would undo what somebody else did.",
        "Nothing was touched. Bring it in first: git fetch, then git merge or rebase (a shallow clone: --unshallow). "
        f"Where its history was rewritten: `vps up {stack} --instead-of {applied[:12]}`.",
    )


def last(environment: Mapping[str, str], stack: str) -> str | None:
    """The commit last applied to the stack: empty when none is noted, None where only the engine can tell."""
    if local_folder(environment) is None:
        return None
    return _commit(_last_run(environment, stack))


def is_settled(environment: Mapping[str, str], fleet: Path, stack: str) -> bool:
    """Whether another run could not note better what is applied to the stack than the last one did.

    One that applied uncommitted files noted the commit beneath them. Once there is another, a run must note that, even
    where it finds nothing to change: else a checkout that lacks it may undo them. Only of a `file://` backend.
    """
    run = _last_run(environment, stack)
    if not run or (run.get("environment") or {}).get(DIRTY) != "true":
        return True
    head = _run(fleet, "rev-parse", "--verify", "HEAD")
    return head is None or head.returncode != 0 or head.stdout.strip() == _commit(run)


def _last_run(environment: Mapping[str, str], stack: str) -> dict[str, Any]:
    """What the engine noted of the run that last applied a commit; empty when there is none."""
    folder = local_folder(environment)
    if folder is None:
        return {}
    runs = folder / ".pulumi" / "history" / PROJECT / stack
    # Their names carry the time in nanoseconds, all of one length.
    noted = (run for ending in ("", state.COMPRESSED) for run in runs.glob(f"*.history.json{ending}"))
    for run in sorted(noted, key=lambda path: path.name, reverse=True):
        try:
            found = state.document(run)
        except (OSError, ValueError):
            continue
        if _commit(found):
            return found
    return {}


def _commit(run: object) -> str:
    """The commit that a run of the history applied; empty when it applied none, or not from a checkout."""
    if not isinstance(run, dict) or run.get("kind") not in APPLIES:
        return ""
    changed = set(run.get("resourceChanges") or {}) - UNTOUCHED
    if run.get("result") != "succeeded" and not changed:
        return ""  # Refused, by us for one: it applied nothing.
    found = (run.get("environment") or {}).get(HEAD, "")
    return found if isinstance(found, str) and _COMMIT.fullmatch(found) else ""


def asked(environment: Mapping[str, str], fleet: Path, stack: str, pulumi: Path) -> str:
    """As `last`, for any backend: the engine is started and tells. Raises DomainError when it can't."""
    command = [str(pulumi), "stack", "history", "--json", "--page-size", "10", "--stack", stack]
    try:
        told = subprocess.run(
            command,
            cwd=fleet.parent,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_HISTORY_S,
            check=True,
        )
        runs = json.loads(told.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise DomainError(
            f"Unable to read the history of {stack}: {error}.", "Nothing was touched. See whether the backend answers."
        ) from error
    return next((commit for run in runs or () if (commit := _commit(run))), "")


def _uncommitted(fleet: Path) -> str:
    changed = _run(fleet, "status", "--porcelain", "--", ".")
    if changed is None or not changed.stdout.strip():
        return ""
    number = len(changed.stdout.splitlines())
    return f"{number} uncommitted file{'s' * (number != 1)} in {fleet}: what is applied stands in no commit yet."


def _git(fleet: Path, *words: str) -> int:
    done = _run(fleet, *words)
    return 128 if done is None else done.returncode


def _run(fleet: Path, *words: str) -> subprocess.CompletedProcess[str] | None:
    """Git about the checkout of `fleet`, whatever checkout the caller's environment names; None without git."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", "-C", str(fleet), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
