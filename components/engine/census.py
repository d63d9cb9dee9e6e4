"""Who holds what: the marks on all hosts against the declared files, before state is made again from both."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.drivers.base import Mark, Phase

PASSING = (Phase.ARRIVING, Phase.LEFT)
"""What a move leaves behind: another host holds the machine itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What a rebuild may expect. Machines are named CLIENT/VPS, those that no line declares by their marks."""

    backend: str
    """The id of the one backend that all marks name."""
    held: Mapping[str, str]
    """Declared and there: the host of each."""
    missing: tuple[str, ...]
    """Declared, on no host, and not ended: recorded as missing."""
    left_out: tuple[str, ...]
    """UUIDs that are declared and not to be looked for: named as new, or ended and gone."""
    undeclared: tuple[str, ...]
    """There, and no line declares them: nobody touches them, and no state will know them."""


def take(fleet: Fleet, owners: Mapping[str, Sequence[Mark]], new: Sequence[str], today: date) -> Census:
    """Compare the marks by host with the declared fleet; `new` names what was declared and never delivered.

    Raises DomainError for what must be decided first: no mark at all, two backends, a machine on two hosts or on
    another than its file says, a name in `new` that is unknown or was delivered.
    """
    marks = [(host, mark) for host, found in owners.items() for mark in found if mark.fleet == fleet.id]
    backend = _backend(fleet, marks)
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for host, mark in marks:
        if mark.phase not in PASSING:
            places[mark.client, mark.vps].append(host)
    declared = {f"{client.key}/{vps.key}": (client, vps) for client, vps in fleet.machines()}
    problems = [*_misplaced(declared, places), *_not_new(declared, places, new)]
    if problems:
        raise DomainError("\n".join(problems), "Nothing was touched. Put that right first, then run this again.")
    held = {
        name: places[client.id, vps.id][0] for name, (client, vps) in declared.items() if (client.id, vps.id) in places
    }
    absent = {name: one for name, one in declared.items() if name not in held}
    ended = {name for name, (_, vps) in absent.items() if vps.ends is not None and vps.ends <= today}
    out = ended | set(new)
    known = {(client.id, vps.id) for client, vps in declared.values()}
    return Census(
        backend=backend,
        held=held,
        missing=tuple(name for name in absent if name not in out),
        left_out=tuple(vps.machine_uuid(fleet.id, client.id) for name, (client, vps) in absent.items() if name in out),
        undeclared=tuple(
            f"{m.client}/{m.vps} on {host} ({m.urn})" for host, m in marks if (m.client, m.vps) not in known
        ),
    )


def _backend(fleet: Fleet, marks: Sequence[tuple[str, Mark]]) -> str:
    found: dict[str, set[str]] = defaultdict(set)
    for host, mark in marks:
        found[mark.backend].add(host)
    if not found:
        raise DomainError(
            f"No host holds a machine of fleet {fleet.id}: there is nothing to make state of.",
            "Nothing was touched. For a fleet that is new, begin with `vps init`.",
        )
    if len(found) > 1:
        told = "; ".join(f"{backend} on {', '.join(sorted(hosts))}" for backend, hosts in sorted(found.items()))
        raise DomainError(
            f"The machines of fleet {fleet.id} name {len(found)} backends: {told}.",
            "Nothing was touched. Each belongs to its own; bring back the one whose machines are to stay first.",
        )
    return next(iter(found))


def _misplaced(
    declared: Mapping[str, tuple[Client, Vps]], places: Mapping[tuple[str, str], Sequence[str]]
) -> list[str]:
    told = []
    for name, (client, vps) in declared.items():
        hosts = places.get((client.id, vps.id), ())
        if len(hosts) > 1:
            told.append(f"{name} is on {' and '.join(hosts)}: two copies of one machine. Find out which one is alive.")
        elif hosts and hosts[0] != vps.host:
            told.append(f"{name} is declared on {vps.host}, and {hosts[0]} holds it: write `host: {hosts[0]}`.")
    return told


def _not_new(
    declared: Mapping[str, tuple[Client, Vps]], places: Mapping[tuple[str, str], Sequence[str]], new: Sequence[str]
) -> list[str]:
    told = []
    for name in new:
        if name not in declared:
            told.append(f"--new {name}: no file declares it.")
        elif (declared[name][0].id, declared[name][1].id) in places:
            told.append(f"--new {name}: a host holds it, so it was delivered.")
    return told
