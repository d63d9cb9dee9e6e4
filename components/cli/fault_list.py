"""`vps fault list`: whose part waits for its replacement, and for how much longer it may."""

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path

import typer

from components.cli import terminal
from components.cli.fault_desk import clock_words, promise_words
from components.cli.guests import say
from components.config.loader import find_fleet
from components.domain.faults import Fault, FaultState, Verdict
from components.domain.instants import shown
from components.ledger import equipment
from components.ledger.events import Event, written
from components.ledger.opened import existing_ledger
from components.report.columns import table

HEADS = ("fault", "host", "part", "state", "clock", "promise", "why")
LEAVING = (6, 5, 3, 2)
"""What goes under its fault where a terminal has no room."""


def told(fleet: Path | None, *, everything: bool, as_json: bool) -> None:
    """Print them, overdue ones first, then those with the least time left."""
    now = dt.datetime.now(dt.UTC)
    with existing_ledger(find_fleet(fleet), os.environ) as ledger:
        events = () if ledger is None else ledger.events(kind="fault.")
    faults = [one for one in equipment.faults(events).values() if everything or one.is_open]
    faults.sort(key=lambda one: urgency(one, now))
    why = _reasons(events)
    if as_json:
        say({"at": written(now), "faults": [_data(one, now, why) for one in faults]})
    else:
        cells = [HEADS, *(_cells(one, now, why) for one in faults)]
        for line in table(cells, terminal.width(), leaving=LEAVING) if faults else ():
            typer.echo(line)
        if not faults:
            typer.echo("No fault is open." if not everything else "No fault was ever noted.")
    overdue = any(one.is_open and one.clock(now).verdict is Verdict.MISSED for one in faults)
    raise typer.Exit(2 if overdue else 0)


def urgency(fault: Fault, now: dt.datetime) -> tuple[object, ...]:
    """What comes first: open before over, a running clock by what is left, then the longest reported."""
    runs = fault.is_open and fault.state is not FaultState.REPORTED and fault.is_covered
    return not fault.is_open, not runs, fault.clock(now).left_s if runs else 0, fault.reported, fault.id


def _reasons(events: tuple[Event, ...]) -> dict[str, str]:
    """The last reason that anybody gave for each fault."""
    return {str(event.data.get("fault")): event.reason for event in events if event.reason}


def _cells(fault: Fault, now: dt.datetime, why: Mapping[str, str]) -> tuple[str, ...]:
    state = f"{fault.state.words} since {shown(fault.last)}"
    return (
        *(fault.id, fault.host, fault.part, state, clock_words(fault, now), promise_words(fault)),
        why.get(fault.id, ""),
    )


def _data(fault: Fault, now: dt.datetime, why: Mapping[str, str]) -> dict[str, object]:
    clock = fault.clock(now)
    instants = ("reported", "diagnosed", "replaced", "restored", "withdrawn")
    pauses = [
        {
            "number": one.number,
            "waiting": str(one.waiting),
            "begin": written(one.begin),
            "end": written(one.end) if one.end else None,
        }
        for one in fault.pauses
    ]
    return {
        "fault": fault.id,
        "host": fault.host,
        "kind": fault.kind,
        "serial": fault.serial,
        "model": fault.model,
        "spare": fault.spare,
        "assigned": fault.assigned,
        "commitment": fault.is_commitment,
        "covered": fault.is_covered,
        "state": str(fault.state),
        **{name: written(at) if (at := getattr(fault, name)) else None for name in instants},
        "replacement": fault.replacement or None,
        "pauses": pauses,
        "verdict": str(clock.verdict),
        "gross_s": clock.gross_s,
        "paused_s": clock.paused_s,
        "net_s": clock.net_s,
        "left_s": clock.left_s if clock.due else None,
        "due": written(clock.due) if clock.due and fault.is_open else None,
        "reason": why.get(fault.id, ""),
    }
