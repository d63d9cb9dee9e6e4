"""What a run of the engine would do, judged without starting it: a run takes longer than looking.

By the same parts that the engine would ask in turn: what the files declare, what state remembers, what the hosts
answer, the plugin's judgement of what differs, the policy pack's rules. Whatever would be refused, or can't be judged
here, is the engine's to find and to tell: nothing is concluded from it.
"""

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from components import declaration
from components.config.loader import Loaded
from components.domain.names import CLIENT_STACKS, HOST_STACKS
from components.engine import audit, rebuild, state
from components.engine.backend import PROJECT, backend_id
from components.engine.project import CHECKOUT
from components.provider.connections import Connections
from components.provider.kinds import Resource, resources
from components.provider.properties import Bag, from_struct, to_struct
from components.provider.roaming import RoamingMachine
from policies import levels
from policies.declared import forget
from policies.machine import Resource as Registered
from policies.rule import judged
from policies.rules import OF_OURS

AT_ONCE = 8
MAIN = "__main__.py"
STACK, PROVIDER = "pulumi:pulumi:Stack", "pulumi:providers:vps"
AT_REST = frozenset(
    (
        *("urn", "custom", "id", "type", "inputs", "outputs", "parent", "dependencies", "provider"),
        *("propertyDependencies", "protect", "created", "modified", "refreshBeforeUpdate"),
        *("sourcePosition", "stackTrace"),
    )
)
"""What the engine writes of a resource that nothing is the matter with; any other key is its business."""
OTHERWISE = (rebuild.REBUILD, "PULUMI_DISABLE_REFRESH_BEFORE_UPDATE", "PULUMI_OPTION_")
"""How variables begin with which the engine asks no hosts, or is given options: targets, policy packs of others."""
RECORDED = "recorded anew, nothing on a host is touched"
NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What stands before a run that nothing refuses.

    `changes` says by title what will be done, nothing being refused; `resources` is how many are declared, on `hosts`;
    `waiting` has by title the limits that a machine's next boot brings into force.
    """

    changes: Mapping[str, tuple[str, ...]]
    resources: int
    hosts: tuple[str, ...]
    waiting: Mapping[str, tuple[str, ...]]
    told: tuple[str, ...] = ()
    """What advisory rules of the policy pack say, each with the rule's name."""

    @property
    def is_still(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """One stack as the program would register it: inputs by URN, its components, its outputs."""

    inputs: Mapping[str, Bag]
    components: frozenset[str]
    exports: Bag


def outlook(
    environment: Mapping[str, str], loaded: Loaded, stack: str, hosts: Mapping[str, str] = MappingProxyType({})
) -> Outlook | None:
    """What a run would do; None when the engine must be asked. Reads hosts, changes nothing.

    `hosts` are the states that operators gave hosts, for the policy pack.
    """
    try:
        if any(name.startswith(OTHERWISE) for name in environment) or not _is_our_program(loaded.folder):
            return None
        found = state.latest(environment, stack)
        declared = None if found is None else _declared(environment, loaded, stack)
        if found is None or declared is None or not declared.inputs:
            return None
        known = {one["urn"]: one for one in found.get("resources", ())}
        if not _is_sound(found, declared):
            return None
        told = _violations(environment, loaded, stack, declared, hosts, found.get("resources", []))
        if told is None:
            return None
        changes = _changes(environment, declared, known)
    except Exception:  # noqa: BLE001 - whatever it is, the engine meets it as well and says it with its circumstances
        return None
    if changes is None:
        return None
    outputs = [known[urn].get("outputs") or {} for urn in declared.inputs if urn in known]
    return Outlook(
        changes=changes,
        resources=len(declared.inputs),
        hosts=tuple(sorted({str(bag["host"]["name"]) for bag in declared.inputs.values()})),
        waiting={str(bag.get("title")): tuple(bag["rebootRequired"]) for bag in outputs if bag.get("rebootRequired")},
        told=told,
    )


def _is_our_program(fleet: Path) -> bool:
    """Whether the engine would run the program as it is delivered: one that declares more is not known here."""
    return (fleet / MAIN).read_bytes() == (CHECKOUT / "stacks" / MAIN).read_bytes()


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


def _is_sound(found: Mapping[str, Any], declared: _Declared) -> bool:
    """Whether state holds nothing half-done, nothing twice, nothing without its like, and nothing that isn't declared.

    What would not be refreshed is judged otherwise by the engine than here, where the hosts are always asked.
    """
    every = found.get("resources", [])
    rest = [one["urn"] for one in every if one["type"] not in (STACK, PROVIDER)]
    whole = all(one.keys() <= AT_REST for one in every) and not found.get("pending_operations")
    ours = [one for one in every if one["urn"] in declared.inputs]
    placed = all(one.get("parent") in declared.components and one.get("refreshBeforeUpdate") for one in ours)
    known = {one["urn"] for one in every}
    led_to = {urn for one in every for urn in _leads(one)}
    sound = whole and placed and led_to <= known
    return sound and len(rest) == len(set(rest)) and set(rest) <= declared.inputs.keys() | declared.components


def _leads(one: Mapping[str, Any]) -> Iterator[str]:
    """The URNs of the resources that must stand in state for this one to be sound."""
    if one.get("parent"):
        yield one["parent"]
    if one.get("provider"):
        yield one["provider"].rpartition("::")[0]
    yield from one.get("dependencies") or ()


def _changes(
    environment: Mapping[str, str], declared: _Declared, known: Mapping[str, dict[str, Any]]
) -> dict[str, tuple[str, ...]] | None:
    """By title; None when something would be refused, or said beside it. Raises as the plugin would."""
    connections = Connections(environment)
    said: list[str] = []
    try:
        kinds = resources(connections)
        for one in kinds.values():
            if isinstance(one, RoamingMachine):
                one.say = lambda _, words: said.append(words)

        def judge(urn: str) -> tuple[str, ...] | None:
            kind, inputs = kinds[urn.split("::")[2].rpartition("$")[2]], _plain(declared.inputs[urn])
            if kind.check(inputs):
                return None
            if urn not in known:
                return (kind.announce(urn, inputs) or NEW,)
            return _differences(kind, known[urn], inputs)

        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            judged = list(pool.map(judge, declared.inputs))
    finally:
        connections.close()
    if said:
        return None
    changes: dict[str, tuple[str, ...]] = {}
    for (urn, inputs), words in zip(declared.inputs.items(), judged, strict=True):
        if words is None:
            return None
        if words:
            changes[str(inputs.get("title") or urn.rpartition("::")[2])] = words
    root = next((one for one in known.values() if one["type"] == STACK), {})
    if not changes and _plain(root.get("outputs") or {}) != _plain(declared.exports):
        changes["outputs of the stack"] = (RECORDED,)
    return changes


def _differences(kind: Resource, one: Mapping[str, Any], declared: Bag) -> tuple[str, ...] | None:
    """In words, between what is declared and what is there; none when there are none, None when it can't be told."""
    inputs, outputs = _plain(one["inputs"]), _plain(one["outputs"])
    identity, answered, observed = kind.read(one["id"], one["urn"], outputs, inputs)
    if identity != one["id"]:
        return None
    changes = kind.changes(observed, answered, declared)
    if changes:
        kind.preview_update(answered, declared, changes)
        return tuple(change.consequence.words for change in changes if change.consequence.words) or (RECORDED,)
    # The engine protects what the program asks for: everything but a machine whose end is declared.
    kept = bool(one.get("protect", False)) == (not declared.get("ends"))
    still = kept and _known(_plain(answered)) == _known(outputs) and _plain(observed) == inputs
    return () if still else (RECORDED,)


def _violations(
    environment: Mapping[str, str],
    loaded: Loaded,
    stack: str,
    declared: _Declared,
    hosts: Mapping[str, str],
    recorded: Iterable[Mapping[str, Any]],
) -> tuple[str, ...] | None:
    """What advisory rules of the pack say; None where a mandatory one is violated."""
    # The pack finds the fleet in its environment, under the engine as well.
    os.environ["VPS_FLEET"] = environment["VPS_FLEET"]
    forget()
    told = []
    with audit.handed_over(os.environ, stack, hosts, recorded, audit.returned(loaded, stack)):
        strict = {rule.name: levels.level(rule) for rule in OF_OURS}
        asked = [rule for rule in OF_OURS if strict[rule.name] != "disabled"]
        for urn, bag in declared.inputs.items():
            kind, _, name = urn.split("::", 2)[2].partition("::")
            found = Registered(
                type=kind.rpartition("$")[2], name=name, protected=not bag.get("ends"), properties=_plain(bag)
            )
            for rule, sentence in judged(found, asked):
                if strict[rule.name] == "mandatory":
                    return None
                told.append(f"{rule.name}: {sentence}")
    return tuple(told)


def _known(outputs: Bag) -> Bag:
    """What state shall go by: how full a pool was by the way is no such thing, and always another.

    Nor is the seed, a copy of the inputs, which are compared themselves: a standing machine's may be behind them.
    """
    return {key: value for key, value in outputs.items() if key not in ("facts", "seed")}


def _plain(bag: Mapping[str, Any]) -> Bag:
    """As it would arrive after its way through the engine."""
    return from_struct(to_struct(bag))
