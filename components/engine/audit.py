"""What the policy pack is handed over beside the files: what state recorded, and what operators said of hosts.

A pack sees one resource of one stack at a time and no former state, so it could not tell a change that oversells a host
from a machine that stood there before. What is handed over only excuses: the pack stays an auditor of its own.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.engine import state
from components.engine.location import engine_path

KNOWN = "VPS_KNOWN"
"""The variable in which the pack is told the file."""
DEADLINE_S = 120


def recorded(resources: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The machines of a state by UUID, as the pack reads them: where each stands, and how large it is."""
    found = {}
    for one in resources:
        bag = one.get("inputs") or one.get("outputs") or {}
        if one.get("type") != state.MACHINE or one.get("delete") or not bag.get("uuid"):
            continue
        root = (bag.get("disks") or {}).get("root") or {}
        found[str(bag["uuid"])] = {
            "host": (bag.get("host") or {}).get("name", ""),
            "package": bag.get("package", ""),
            "vcpus": bag.get("vcpus", 0),
            "memoryMib": bag.get("memoryMib", 0),
            "sizeGib": root.get("sizeGib", 0),
            "image": (root.get("image") or {}).get("sha256", ""),
            "reinstall": bag.get("reinstall", 0),
        }
    return found


@contextmanager
def handed_over(
    environment: MutableMapping[str, str],
    stack: str,
    hosts: Mapping[str, str],
    resources: Iterable[Mapping[str, Any]] | None,
) -> Iterator[None]:
    """While it lasts, the variable in `environment` names a file with what is known; `hosts` are states by name.

    `resources` are those of the state; None: they are read here, by the engine where only it can.
    """
    if resources is None:
        resources = _resources(environment, stack)
    known = {"machines": None if resources is None else recorded(resources), "hosts": dict(hosts)}
    with tempfile.NamedTemporaryFile("w", prefix="vps-known-", suffix=".json", encoding="utf-8") as file:
        json.dump(known, file)
        file.flush()
        before = environment.get(KNOWN)
        environment[KNOWN] = file.name
        try:
            yield
        finally:
            environment.pop(KNOWN)
            if before is not None:
                environment[KNOWN] = before


def export(environment: Mapping[str, str], stack: str) -> dict[str, Any] | None:
    """A stack's state as the engine exports it; None where it can't."""
    command = [str(engine_path()), "stack", "export", "--stack", stack]
    folder = Path(environment["VPS_FLEET"]).parent
    try:
        told = subprocess.run(
            command, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=True, timeout=DEADLINE_S
        )
        found = json.loads(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _resources(environment: Mapping[str, str], stack: str) -> list[dict[str, Any]] | None:
    found = state.resources(environment, stack)
    if found is None:
        exported = export(environment, stack)
        found = None if exported is None else list((exported.get("deployment") or {}).get("resources") or [])
    return found
