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
from types import MappingProxyType
from typing import Any

from components import declaration
from components.config.loader import Loaded
from components.domain.names import CLIENT_STACKS
from components.engine import state
from components.engine.location import engine_path
from components.engine.returned import is_noted

KNOWN = "VPS_KNOWN"
"""The variable in which the pack is told the file."""
DEADLINE_S = 120


def recorded(resources: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The machines of a state by UUID, as the pack reads them: where each stands, how large it is, what it holds.

    Of sizes the larger of what was declared last and what was found: to give back what was sold is no growth.
    """
    found = {}
    for one in resources:
        inputs, outputs = one.get("inputs") or {}, one.get("outputs") or {}
        bag = {**outputs, **inputs}
        if one.get("type") != state.MACHINE or one.get("delete") or not bag.get("uuid"):
            continue
        roots = [(each.get("disks") or {}).get("root") or {} for each in (inputs, outputs)]
        nics = (bag.get("nics") or {}).values()
        found[str(bag["uuid"])] = {
            "client": bag.get("client", ""),
            "vps": bag.get("vps", ""),
            "host": (bag.get("host") or {}).get("name", ""),
            "vcpus": max(each.get("vcpus") or 0 for each in (inputs, outputs)),
            "memoryMib": max(each.get("memoryMib") or 0 for each in (inputs, outputs)),
            "sizeGib": max(root.get("sizeGib") or 0 for root in roots),
            "reinstall": bag.get("reinstall", 0),
            "addresses": sorted({text.partition("/")[0] for nic in nics for text in nic.get("addresses") or ()}),
            "vip": bag.get("order") == 0,
        }
    return found


def returned(loaded: Loaded, stack: str) -> dict[str, dict[str, Any]]:
    """The client's machines that were brought back from the trash since, as declared: they are nothing new.

    They hold no address: somebody else may have theirs by now.
    """
    every = declared(loaded, stack).items()
    return {uuid: {**one, "addresses": []} for uuid, one in every if is_noted(loaded.folder, uuid)}


def declared(loaded: Loaded, stack: str) -> dict[str, dict[str, Any]]:
    """The client's machines as declared, for a run that makes none of them."""
    found: dict[str, dict[str, Any]] = {}
    client = loaded.fleet.clients.get(stack.removeprefix(CLIENT_STACKS)) if stack.startswith(CLIENT_STACKS) else None
    for vps in client.vps.values() if client else ():
        assert client is not None
        inputs = declaration.machine_inputs(loaded.fleet, client, vps, "")
        found |= recorded([{"type": state.MACHINE, "inputs": inputs}])
    return found


@contextmanager
def handed_over(
    environment: MutableMapping[str, str],
    stack: str,
    hosts: Mapping[str, str],
    resources: Iterable[Mapping[str, Any]] | None,
    also: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Iterator[None]:
    """While it lasts, the variable in `environment` names a file with what is known; `hosts` are states by name.

    `resources` are those of the state; None: they are read here, by the engine where only it can. `also` are machines
    that were there, though state holds none of them.
    """
    if resources is None:
        resources = resources_of(environment, stack)
    known = {"machines": None if resources is None else {**also, **recorded(resources)}, "hosts": dict(hosts)}
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


def resources_of(environment: Mapping[str, str], stack: str) -> list[dict[str, Any]] | None:
    """What state records of a stack, exported by the engine where only it can read it; None where it can't either."""
    found = state.resources(environment, stack)
    if found is None:
        exported = export(environment, stack)
        found = None if exported is None else list((exported.get("deployment") or {}).get("resources") or [])
    return found
