"""Each host in a line: what state it is in, what of it is sold, and what is free now and with any one host down."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from components.domain.capacity import Demand, Room, rooms
from components.domain.failover import Standby
from components.domain.fleet import Fleet
from components.domain.operations import HostState, Operations
from components.domain.standing import barred

GROUPS = ("", "", "", "memory GiB", "", "", "vcpus", "", "", "disk GiB", "", "", "", "")
HEADS = ("host", "state", "vps", "sold", "free", "1 down", "sold", "free", "1 down", "sold", "free", "1 down", "at", "")
RESOURCES = ("memory_mib", "vcpus", "disk_gib")
_GIB = 1024


def hosts(fleet: Fleet, operations: Operations, today: dt.date) -> dict[str, Any]:
    """A row for each host, by name, and all that take VPSs together, as data; numbers in the units of their names.

    `left` is what may still be sold so that any one host may fail, of each resource alone; None where there is no
    other, and in the sum also where the VPSs of some host would not all find room.
    """
    found = rooms(fleet, today)
    standby = Standby(fleet, found, operations, today)
    alone = len(fleet.hosts) < 2
    rows = [_row(fleet, found[name], standby, operations, today, alone=alone) for name in sorted(found)]
    taking = [found[row["host"]] for row in rows if row["takes_vps"]]
    total = {
        "hosts": len(found),
        "taking": len(taking),
        "vps": sum(room.vps for room in found.values()),
        **_total(taking, None if alone else standby.left_in_all()),
    }
    return {"hosts": rows, "summary": total}


def _total(taking: list[Room], left: Demand | None) -> dict[str, Any]:
    whole = sum((room.sellable for room in taking), Demand())
    sold = sum((room.sold for room in taking), Demand())
    return {key: _numbers(key, whole, sold, left) for key in RESOURCES}


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
        "vps": room.vps,
        **{key: _numbers(key, room.sellable, room.sold, left) for key in room.counted},
        "faults": [fault.id for fault in faults],
        "overdue": overdue,
        "takes_vps": why is None,
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
    taking = "all" if found["taking"] == found["hosts"] else str(found["taking"])
    return (f"{found['hosts']} hosts", f"{taking} take VPSs", str(found["vps"]), *_amounts(found), "", "")


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
    if row["why_not"]:
        if row["state"] == HostState.ACTIVE.value:
            yield row["why_not"]
    elif row["faults"]:
        yield f"{len(row['faults'])} fault{'s' * (len(row['faults']) != 1)}"
    if row["overdue"] and row["state"] != HostState.ACTIVE.value:
        yield f"{len(row['overdue'])} overdue"
    if row["stranded_if_down"]:
        yield f"down, {row['stranded_if_down']} VPSs find no room"
    if row["assigned"] != "shared":
        yield f"only {row['assigned']}"


def table(found: Mapping[str, Any]) -> list[str]:
    """All of it in columns, numbers to the right."""
    lines = [GROUPS, HEADS, *map(cells, found["hosts"]), summed(found["summary"])]
    wide = [max(map(len, column)) for column in zip(*lines[1:], strict=True)]
    right = range(2, 12)
    told = []
    for number, line in enumerate(lines):
        shown = [
            cell.rjust(width) if index in right and number else cell.ljust(width) if number else cell
            for index, (cell, width) in enumerate(zip(line, wide, strict=True))
        ]
        told.append("  ".join(shown).rstrip() if number else _groups(wide))
    return told


def _groups(wide: list[int]) -> str:
    """The heads above the heads: each over its three columns."""
    at, line = 0, ""
    for group, width in zip(GROUPS, wide, strict=True):
        line = f"{line:<{at}}{group}" if group else line
        at += width + 2
    return line.rstrip()
