"""Each host in a line: what state it is in, what of it is sold, and what is free now and with any one host down."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from components.domain.capacity import Demand, Room, rooms
from components.domain.failover import Standby
from components.domain.fleet import Fleet
from components.domain.operations import HostState, Operations
from components.domain.standing import barred
from components.report.columns import GAP, fitting, left_out, wrapped

GROUPS = ("", "", "", "memory GiB", "", "", "vcpus", "", "", "disk GiB", "", "", "", "")
HEADS = ("host", "state", "vps", "sold", "free", "1 down", "sold", "free", "1 down", "sold", "free", "1 down", "at", "")
LEAVING, NOTE = (13, 12, 6, 3, 9), 13
"""The columns that leave a narrow terminal one after the other; the note goes under its row."""
RESOURCES = ("memory_mib", "vcpus", "disk_gib")
_GIB = 1024


def hosts(fleet: Fleet, operations: Operations, today: dt.date) -> dict[str, Any]:
    """A row for each host, by name, and all that take VPSs together, as data; numbers in the units of their names.

    `left` is what may still be sold so that any one host may fail, of each resource alone; None where there is no
    other, and in the sum also where the VPSs of some host would not all find room. What the sum has `sold` of what is
    `sellable` is of all hosts, what it has `free` and `left` only of those that take VPSs.
    """
    found = rooms(fleet, today)
    standby = Standby(fleet, found, operations, today)
    alone = len(fleet.hosts) < 2
    living = Counter(vps.host for _, vps in fleet.machines())
    rows = [
        _row(fleet, found[name], standby, operations, today, alone=alone)
        | {"vps": living[name], "unsized": living[name] - found[name].vps}
        for name in sorted(found)
    ]
    taking = [found[row["host"]] for row in rows if row["takes_vps"]]
    total = {
        "hosts": len(found),
        "taking": len(taking),
        "vps": sum(row["vps"] for row in rows),
        "full": sum(row["full"] for row in rows if row["takes_vps"]),
        **_total(found.values(), taking, None if alone else standby.left_in_all()),
    }
    return {"hosts": rows, "summary": total}


def _total(every: Iterable[Room], taking: Iterable[Room], left: Demand | None) -> dict[str, Any]:
    every, nothing = tuple(every), Demand()
    whole, sold = (sum((getattr(room, of) for room in every), nothing) for of in ("sellable", "sold"))
    free = sum((room.free | nothing for room in taking), nothing)
    if left is not None:
        # A host that takes no new VPS for its parts' sake would take those of one that failed, but sells nothing.
        left = left - ((left - free) | nothing)
    return {key: _numbers(key, whole, sold, left) | {"free": getattr(free, key)} for key in RESOURCES}


def _numbers(key: str, whole: Demand, sold: Demand, left: Demand | None) -> dict[str, int | None]:
    return {
        "sellable": getattr(whole, key),
        "sold": getattr(sold, key),
        "free": getattr(whole, key) - getattr(sold, key),
        "left": None if left is None else getattr(left, key),
    }


def _row(
    fleet: Fleet, room: Room, standby: Standby, operations: Operations, today: dt.date, *, alone: bool
) -> dict[str, Any]:
    host = room.host
    why = barred(fleet, host, operations, today)
    without = standby.without(host.name)
    left = None if alone else standby.left(host.name)
    faults = [fault for fault in operations.faults if fault.host == host.name]
    overdue = [fault.id for fault in operations.overdue(host.name, today)]
    return {
        "host": host.name,
        "state": (HostState.LOST if host.lost else operations.state(host.name)).value,
        "datacentre": host.datacentre,
        "cabinet": host.cabinet,
        "assigned": host.assigned,
        **{key: _numbers(key, room.sellable, room.sold, left) for key in room.counted},
        "faults": [fault.id for fault in faults],
        "overdue": overdue,
        "takes_vps": why is None,
        "full": min(room.free.amounts[:3]) <= 0,
        "why_not": "" if why is None else why[1],
        "stranded_if_down": 0 if alone else without.count,
    }


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row for people, in the order of `HEADS`."""
    return (
        row["host"],
        row["state"],
        str(row["vps"]),
        *_amounts(row),
        f"{row['datacentre']} {row['cabinet']}",
        "; ".join(_notes(row)),
    )


def summed(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The line below all hosts, in the same columns."""
    return ("in all", "", str(found["vps"]), *_amounts(found), "", "")


def taking(found: Mapping[str, Any]) -> str:
    """How many hosts take VPSs, in words; only of those something is free."""
    hosts, able, full = found["hosts"], found["taking"], found["full"]
    what = f"{hosts} host{'s' * (hosts != 1)}"
    who = f"{'all ' if hosts > 1 else ''}{what}" if able == hosts else f"{able or 'none'} of {what}"
    words = f"{who} take{'s' * (who.startswith(('1 ', 'none')))} VPSs"
    words += f", {full} of them full" if full else ""
    return words + ("; what is free in all is free on those" if able < hosts else "")


def _amounts(row: Mapping[str, Any]) -> Iterator[str]:
    for key in RESOURCES:
        one = row[key]
        factor = _GIB if key == "memory_mib" else 1
        yield f"{_percent(one['sold'], one['sellable'])} %"
        yield str(one["free"] // factor)
        yield "-" if one["left"] is None else str(one["left"] // factor)


def _percent(part: int, whole: int) -> str:
    """Rounded up: what is not quite full is not called empty, and what is beyond full never full."""
    return str(-(-100 * part // whole)) if whole > 0 else "0" if part <= 0 else ">100"


def _notes(row: Mapping[str, Any]) -> Iterator[str]:
    """What keeps VPSs away, and what would happen if it failed."""
    if row["why_not"] and row["state"] == HostState.ACTIVE.value:
        yield "takes none"
    elif row["full"] and not row["why_not"]:
        yield "oversold" if any(row[key]["free"] < 0 for key in RESOURCES) else "full"
    if row["faults"] and not row["overdue"]:
        yield f"{len(row['faults'])} fault{'s' * (len(row['faults']) != 1)}"
    if row["overdue"]:
        yield f"{len(row['overdue'])} overdue"
    if row["unsized"]:
        yield f"{row['unsized']} of a package nobody knows, counted as nothing"
    if row["stranded_if_down"]:
        lost = row["stranded_if_down"]
        yield f"down, {lost} {'VPS finds' if lost == 1 else 'VPSs find'} no room"
    if row["assigned"] != "shared":
        yield f"only {row['assigned']}"


def table(found: Mapping[str, Any], most: int | None = None) -> list[str]:
    """All of it in columns, numbers to the right, of at most `most` characters where that can be had.

    Below, why hosts take no VPSs though nobody set them so: each reason once, with all hosts that have it.
    """
    lines = [HEADS, *map(cells, found["hosts"]), summed(found["summary"])]
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    stay = fitting(wide, most, LEAVING)
    told = [_groups(wide, stay)]
    for line in lines:
        shown = (line[one].rjust(wide[one]) if 2 <= one < 12 else line[one].ljust(wide[one]) for one in stay)
        told.append((" " * GAP).join(shown).rstrip())
        if NOTE not in stay:
            told += wrapped(line[NOTE], most)
    gone = [f"{GROUPS[one]} {HEADS[one]}".strip() for one in LEAVING if one not in (*stay, NOTE)]
    told.append(taking(found["summary"]))
    for why, hosts in _reasons(found["hosts"]).items():
        told += [f"{', '.join(hosts)} take{'s' * (len(hosts) == 1)} none:", *wrapped(why, most)]
    return [*told, *([left_out(gone)] if gone else [])]


def _reasons(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Hosts by what keeps VPSs away from them, where their state doesn't say it already."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["why_not"] and row["state"] == HostState.ACTIVE.value:
            found.setdefault(row["why_not"], []).append(row["host"])
    return found


def _groups(wide: list[int], stay: list[int]) -> str:
    """The heads above the heads: each over what is left of its three columns."""
    at, line = 0, ""
    over = {min((one for one in stay if first <= one < first + 3), default=-1): GROUPS[first] for first in (3, 6, 9)}
    for column in stay:
        line = f"{line:<{at}}{over[column]}" if column in over else line
        at += wide[column] + GAP
    return line.rstrip()
