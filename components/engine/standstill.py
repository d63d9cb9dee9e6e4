"""Whether a run of the engine would find nothing to do: shown without starting it, which takes longer than looking.

By the same parts that the engine would ask in turn: what the files declare, what state remembers, what the hosts
answer, the plugin's judgement of what differs, the policy pack's rules. Where the least of it is other than at rest, or
can't be judged here, the engine runs and tells: nothing is concluded from a difference, only from there being none.
"""

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from components import declaration
from components.config.loader import Loaded
from components.domain.names import CLIENT_STACKS, HOST_STACKS
from components.domain.problems import DomainError
from components.drivers.errors import DriverError
from components.engine import state
from components.engine.backend import PROJECT, backend_id
from components.provider.connections import Connections
from components.provider.kinds import Resource, resources
from components.provider.properties import Bag, from_struct, to_struct
from policies.machine import Resource as Registered
from policies.rules import RULES

AT_ONCE = 8
STACK, PROVIDER = "pulumi:pulumi:Stack", "pulumi:providers:vps"
AT_REST = frozenset(
    (
        *("urn", "custom", "id", "type", "inputs", "outputs", "parent", "dependencies", "provider"),
        *("propertyDependencies", "protect", "created", "modified", "refreshBeforeUpdate"),
        *("sourcePosition", "stackTrace"),
    )
)
"""What the engine writes of a resource that nothing is the matter with; any other key is its business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """What was found at rest: so many resources, on these hosts; `waiting` has the limits by machine that must boot."""

    resources: int
    hosts: tuple[str, ...]
    waiting: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """One stack as the program would register it: inputs by URN, its components, its outputs."""

    inputs: Mapping[str, Bag]
    components: frozenset[str]
    exports: Bag


def standstill(environment: Mapping[str, str], loaded: Loaded, stack: str) -> Standstill | None:
    """What is at rest when everything is; None when the engine must be asked. Reads hosts, changes nothing."""
    try:
        found = state.latest(environment, stack)
        declared = _declared(environment, loaded, stack) if found else None
        if not found or declared is None or not _is_whole(found, declared):
            return None
        ours = [one for one in found["resources"] if one["urn"] in declared.inputs]
        if not all(_is_kept(one) for one in ours) or list(_violations(environment, declared, ours)):
            return None
        connections = Connections(environment)
        try:
            kinds = resources(connections)
            with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
                still = pool.map(lambda one: _is_still(kinds[one["type"]], one, declared.inputs[one["urn"]]), ours)
                if not all(still):
                    return None
        finally:
            connections.close()
    except (DomainError, DriverError, LookupError, OSError, TypeError, ValueError):
        return None  # The engine says it with all its circumstances.
    waiting = {
        str(one["outputs"].get("title")): tuple(one["outputs"]["rebootRequired"])
        for one in ours
        if one["outputs"].get("rebootRequired")
    }
    hosts = sorted({str(one["outputs"]["host"]["name"]) for one in ours})
    return Standstill(resources=len(ours), hosts=tuple(hosts), waiting=waiting)


def _declared(environment: Mapping[str, str], loaded: Loaded, stack: str) -> _Declared | None:
    """None for a stack that has no sound file, or a machine whose end is reached."""
    if loaded.blocking(stack):
        return None
    backend, prefix = backend_id(environment), f"urn:pulumi:{stack}::{PROJECT}::vps:component:"
    if stack.startswith(HOST_STACKS):
        host = loaded.fleet.hosts[stack.removeprefix(HOST_STACKS)]
        inputs = declaration.host_resources(loaded.fleet, host, backend)
        return _Declared(inputs=inputs, components=frozenset({f"{prefix}Host::{host.name}"}), exports={})
    client = loaded.fleet.clients[stack.removeprefix(CLIENT_STACKS)]
    every = list(client.vps.values())
    today = dt.datetime.now(dt.UTC).date()
    if any(vps.ends and vps.ends <= today for vps in every):
        return None
    return _Declared(
        inputs={
            declaration.machine_urn(client, vps): declaration.machine_inputs(loaded.fleet, client, vps, backend)
            for vps in every
        },
        components=frozenset(f"{prefix}Vps::{vps.id}" for vps in every),
        exports={vps.key: declaration.exports(vps) for vps in every},
    )


def _is_whole(found: Mapping[str, Any], declared: _Declared) -> bool:
    """Whether state holds just what is declared, nothing half-done."""
    if found.get("pending_operations"):
        return False
    rest: list[str] = []
    for one in found["resources"]:
        if not one.keys() <= AT_REST:
            return False
        if one["type"] == STACK:
            if _plain(one.get("outputs") or {}) != _plain(declared.exports):
                return False
        elif one["type"] != PROVIDER:
            rest.append(one["urn"])
    return len(rest) == len(set(rest)) and set(rest) == declared.inputs.keys() | declared.components


def _is_kept(one: Mapping[str, Any]) -> bool:
    """Whether the engine protects it as the program asks for: but for a machine whose end is declared."""
    return bool(one.get("protect", False)) == (not one["inputs"].get("ends"))


def _is_still(kind: Resource, one: Mapping[str, Any], declared: Bag) -> bool:
    """Whether the host has it as state remembers it, and the plugin sees no difference to what is declared."""
    inputs, outputs, declared = _plain(one["inputs"]), _plain(one["outputs"]), _plain(declared)
    identity, answered, observed = kind.read(one["id"], one["urn"], outputs, inputs)
    if identity != one["id"] or _known(_plain(answered)) != _known(outputs) or _plain(observed) != inputs:
        return False
    return not kind.check(declared) and not kind.changes(inputs, outputs, declared)


def _violations(environment: Mapping[str, str], declared: _Declared, ours: list[dict[str, Any]]) -> Iterator[str]:
    # The pack finds the fleet in its environment, under the engine as well.
    os.environ["VPS_FLEET"] = environment["VPS_FLEET"]
    for one in ours:
        name = one["urn"].rpartition("::")[2]
        bag = declared.inputs[one["urn"]]
        found = Registered(type=one["type"], name=name, protected=bool(one.get("protect")), properties=_plain(bag))
        for rule in RULES:
            yield from rule.violations(found)


def _known(outputs: Bag) -> Bag:
    """What state shall go by: how full a pool was by the way is no such thing, and always another."""
    return {key: value for key, value in outputs.items() if key != "facts"}


def _plain(bag: Mapping[str, Any]) -> Bag:
    """As it would arrive after its way through the engine."""
    return from_struct(to_struct(bag))
