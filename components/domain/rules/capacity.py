"""Rules for what may be sold of a host: what its VPSs take against what there is, now and with any one host down.

They are reported and stop no apply: what was sold before stays, and a host's own admission refuses what it really can't
hold. A change that sells more than there is shows as worse, or new.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from components.domain.capacity import WORDS, Room, rooms, shown, worded
from components.domain.failover import Evacuation, Standby
from components.domain.fleet import Fleet
from components.domain.operations import NOTHING_KNOWN, Operations
from components.domain.problems import Problem, Severity
from components.domain.rules.references import NOTHING, Unread

_FIGURES = ("capacity", "sells", "keeps_free")


def problems(
    fleet: Fleet, today: date, operations: Operations = NOTHING_KNOWN, unread: Unread = NOTHING
) -> Iterator[Problem]:
    """Hosts that are oversold, and hosts that may not fail; of a host whose figures can't be read nothing is told."""
    found = rooms(fleet, today)
    vague = {name for name in found if any(unread.covers("hosts", name, key) for key in _FIGURES)}
    for name, room in found.items():
        if name in vague:
            continue
        yield from _oversold(name, room)
        yield from _nodes(name, room)
    # A fleet of one host has nowhere to go, which nobody needs to be told at each check.
    if len(fleet.hosts) > 1 and not vague:
        yield from _down(fleet, found, operations, today)


def _oversold(name: str, room: Room) -> Iterator[Problem]:
    for key in room.counted:
        free, sold, word = getattr(room.free, key), getattr(room.sold, key), WORDS[key]
        if free < 0:
            yield Problem(
                code="host-oversold",
                path=("hosts", name, "capacity", "traffic") if word == "traffic" else ("hosts", name, "sells", word),
                message=f"{shown(key, sold)} of {word} are sold here, {shown(key, -free)} more than may be.",
                remedy="Place VPSs on another host (`vps move`; what is not in force yet: `vps new --again CLIENT`), "
                "or change capacity, sells or keeps_free.",
                blocks=False,
                measure=-free,
            )


def _nodes(name: str, room: Room) -> Iterator[Problem]:
    host = room.host
    if not host.nodes:
        return
    for key, have, word in (
        ("vcpus", host.vcpus, "vcpus"),
        ("memory_mib", host.memory_mib, "memory"),
        ("disk_gib", host.disk_gib, "disk"),
    ):
        together = sum(getattr(node, key) for node in host.nodes.values())
        if together != have:
            yield Problem(
                code="cluster-sum-differs",
                blocks=False,
                path=("hosts", name, "capacity", word),
                message=f"The cluster is said to have {shown(key, have)} of {word}, its nodes have "
                f"{shown(key, together)} together.",
                remedy="Write the sum of its nodes, or mend the nodes.",
            )


def _down(fleet: Fleet, found: Mapping[str, Room], operations: Operations, today: date) -> Iterator[Problem]:
    for evacuation in Standby(fleet, found, operations, today).all():
        if evacuation.count:
            yield _stranded(evacuation)


def _stranded(found: Evacuation) -> Problem:
    what = f"the node {found.node}" if found.node else "it"
    where = "the other nodes" if found.node else "the other hosts that carry their networks"
    return Problem(
        code="no-room-for-a-host-down",
        path=("hosts", found.host),
        message=f"If {what} failed, {found.count} of its {found.vps} VPSs would find no room on {where}: "
        f"they need {worded(found.lacking)}.",
        remedy="Add a host or capacity, or sell no more until there is; `vps hosts` shows what is free.",
        blocks=False,
        severity=Severity.WARNING,
        measure=found.count,
    )
