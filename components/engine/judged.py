"""What stops an apply: what a stack's files have wrong, and what its change would make worse than state records.

What stood before stops nothing (design 7): a host that is oversold, an image that expired, a spare that is missing stop
only what is new or takes more because of this change. Moving away, restoring, suspending, stopping, shrinking and
ending go on.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface
from typing import Any

from components.config import flavour_file
from components.config.loader import Loaded
from components.domain.clients import Client, Vps
from components.domain.names import CLIENT_STACKS
from components.domain.operations import NOTHING_KNOWN, Operations
from components.domain.problems import Problem
from components.domain.rules import arrivals
from components.domain.rules.arrivals import Before, Had
from components.engine import audit, rebuild, returned, state

HELD = ("address-twice", "address-reserved", "name-twice")
"""Problems of what a VPS holds: they stop nobody who held it before somebody else wrote it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The problems that stop an apply, and a note when what the change makes worse could not be told."""

    problems: tuple[Problem, ...]
    note: str = ""


def judged(
    environment: Mapping[str, str],
    loaded: Loaded,
    stack: str,
    operations: Operations = NOTHING_KNOWN,
    today: dt.date | None = None,
    *,
    by_engine: bool = False,
) -> Judged:
    """What stops an apply of `stack`. Raises DomainError for a state that can't be read.

    With `by_engine` a state that is in no folder is exported by the engine, which takes a second: for who starts it.
    """
    own = loaded.blocking(stack)
    client = loaded.fleet.clients.get(stack.removeprefix(CLIENT_STACKS)) if stack.startswith(CLIENT_STACKS) else None
    if client is None:
        return Judged(problems=own)
    before = recorded(environment, loaded, stack, by_engine=by_engine)
    if before is None:
        if by_engine or audit.KNOWN in environment:
            # It is not the holder's apply that somebody else's file may stop; the pack, which comes with it, can tell.
            own = tuple(problem for problem in own if problem.code not in HELD)
        own = tuple(
            replace(problem, remedy=f"{problem.remedy} {_COMPARED}") if problem.code in HELD else problem
            for problem in own
        )
        return Judged(problems=own, note="" if audit.KNOWN in environment else _BLIND)
    found = tuple(problem for problem in own if not _is_held(problem, client, before))
    if found or rebuild.is_rebuilding(environment):
        return Judged(problems=found)
    return Judged(problems=tuple(_worse(loaded, client, before, operations, today or dt.datetime.now(dt.UTC).date())))


_COMPARED = "Who held it before applies with `vps up`, which compares with state."
_BLIND = (
    "State is not in a folder, so nobody compared it here: whether this change oversells a host, exceeds a quota "
    "or makes something new from an expired image is told by `vps check` and the policy pack alone."
)


def _worse(loaded: Loaded, client: Client, before: Before, operations: Operations, today: dt.date) -> Iterator[Problem]:
    fleet = loaded.fleet
    retired = flavour_file.retired(fleet)
    yield from arrivals.problems(fleet, before, today, clients={client.key}, operations=operations, retired=retired)
    yield from arrivals.growth(fleet, client, before, today)


def recorded(environment: Mapping[str, str], loaded: Loaded, stack: str, *, by_engine: bool = False) -> Before | None:
    """What state says was there, and what was brought back from the trash since; None where only the engine can tell.

    Raises DomainError for a state that can't be read.
    """
    found = audit.resources_of(environment, stack) if by_engine else state.resources(environment, stack)
    if found is None:
        return None
    before: dict[tuple[str, str], Had] = {}
    for resource in found:
        if resource.get("type") == state.MACHINE:
            inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
            bag = {**inputs, **outputs}
            before[str(bag.get("client")), str(bag.get("vps"))] = _had(inputs, outputs, bag)
    client = loaded.fleet.clients.get(stack.removeprefix(CLIENT_STACKS))
    for vps in client.vps.values() if client is not None else ():
        assert client is not None
        key = client.id, vps.id
        if key not in before and returned.is_noted(loaded.folder, vps.machine_uuid(loaded.fleet.id, client.id)):
            before[key] = _back(loaded, vps)
    return before


def _back(loaded: Loaded, vps: Vps) -> Had:
    """What came back: as large as is declared, for nobody wrote down what it had.

    It holds no address and no name: somebody else may have them by now.
    """
    try:
        limits = loaded.fleet.limits(vps.sale(dt.datetime.now(dt.UTC).date()))
    except KeyError:  # Other rules tell it.
        return Had(host=vps.host)
    return Had(
        host=vps.host,
        vcpus=limits.vcpus,
        memory_mib=limits.memory_mib,
        disk_gib=limits.disk_gib,
    )


def _had(inputs: Mapping[str, Any], outputs: Mapping[str, Any], bag: Mapping[str, Any]) -> Had:
    """Of sizes the larger of what was declared last and what was found: to give back what was sold is no growth."""
    addresses = {
        str(ip_interface(address).ip) for nic in _values(bag, "nics") for address in nic.get("addresses") or ()
    }
    host, seed = bag.get("host"), bag.get("seed")
    values = seed.get("values") if isinstance(seed, Mapping) else None
    return Had(
        host=str(host.get("name")) if isinstance(host, Mapping) else "",
        vcpus=max(_number(one.get("vcpus")) for one in (inputs, outputs)),
        memory_mib=max(_number(one.get("memoryMib")) for one in (inputs, outputs)),
        disk_gib=max(sum(_number(disk.get("sizeGib")) for disk in _values(one, "disks")) for one in (inputs, outputs)),
        addresses=frozenset(addresses),
        fqdn=str(values.get("fqdn") or "") if isinstance(values, Mapping) else "",
    )


def _values(bag: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = bag.get(key)
    return [one for one in found.values() if isinstance(one, Mapping)] if isinstance(found, Mapping) else []


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _is_held(problem: Problem, client: Client, before: Before) -> bool:
    """Whether the VPS held before what somebody else claims now."""
    match problem.path:
        case ("clients", client.key, "vps", str() as label, "ipv4" | "ipv6" as family, int() as index):
            texts = getattr(client.vps[label], family) if label in client.vps else ()
        case ("clients", client.key, "vps", str() as label, "fqdn"):
            texts, index = (), 0
        case _:
            return False
    vps = client.vps.get(label)
    had = before.get((client.id, vps.id)) if vps is not None else None
    if problem.code not in HELD or vps is None or had is None:
        return False
    if problem.code == "name-twice":
        return vps.fqdn == had.fqdn
    return str(ip_address(texts[index])) in had.addresses
