"""What a run of the engine would do by its own preview: for whoever must know it where `outlook` can't tell."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from components.domain.problems import DomainError
from components.engine.location import engine_path
from components.engine.outlook import RECORDED
from components.engine.run import Engine
from components.engine.state import MACHINE

STILL = ("same", "refresh", "read")
"""What the engine does to a resource that nothing happens to."""
DEADLINE_S = 900


def previewed(engine: Engine, stack: str) -> Mapping[str, tuple[str, ...]]:
    """By title, what an apply would do to each machine, as `Outlook.changes` has it.

    Raises DomainError when the preview fails: nobody can tell then.
    """
    command = [str(engine_path()), "preview", "--json", "--non-interactive", "--stack", stack]
    try:
        done = subprocess.run(
            command,
            cwd=engine.project.folder,
            env=engine.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise _untold(stack, str(problem)) from problem
    told = _document(done.stdout)
    said = told.get("diagnostics") or []
    if done.returncode != 0 or "steps" not in told:
        errors = [str(one.get("message", "")).strip() for one in said if one.get("severity") == "error"]
        raise _untold(stack, "\n".join(errors) or done.stderr.decode(errors="replace").strip())
    changes: dict[str, tuple[str, ...]] = {}
    for step in told["steps"]:
        urn, action = str(step.get("urn")), str(step.get("op"))
        if urn.split("::")[2].rpartition("$")[2] != MACHINE or action in STILL:
            continue
        lines = [line for one in said if one.get("urn") == urn for line in str(one.get("message", "")).splitlines()]
        words = tuple(line.strip() for line in lines if line.strip())
        # What is only recorded comes without a word; whatever else the engine does has its own name.
        changes[_title(step)] = words or (RECORDED if action == "update" else action,)
    return changes


def _document(text: bytes) -> dict[str, Any]:
    """What the engine wrote; empty when that is no document."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _title(step: Mapping[str, Any]) -> str:
    for key in ("newState", "oldState"):
        title = ((step.get(key) or {}).get("inputs") or {}).get("title")
        if title:
            return str(title)
    return str(step.get("urn")).rpartition("::")[2]


def _untold(stack: str, words: str) -> DomainError:
    cause = words.strip().removesuffix(".") or "the engine said nothing"
    return DomainError(
        f"Unable to tell what an apply of {stack} would do: {cause}.",
        f"Nothing was touched. See: vps preview {stack}",
    )
