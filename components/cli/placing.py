"""Host and addresses for a VPS that a command is about to write: chosen by `place`, with what is known of the fleet."""

import datetime as dt
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.operations import Operations
    from components.domain.placement import Placed, Refusal, Wish

COLUMN = 10
"""Where what is told begins."""
SHOWN = 12
"""More hosts than these are counted, not listed."""


def known(loaded: "Loaded", today: dt.date) -> "Operations":
    """What the ledger says of hosts, and which addresses nobody may have now.

    Those that stand in a client's file which can't be read as it is are among them: nobody else may have them.
    """
    from components.config.quarantine import quarantine
    from components.ledger.opened import operations

    found = operations(loaded.folder, os.environ, dt.datetime.now(dt.UTC))
    kept = dict(quarantine(loaded.folder, loaded.fleet, today)) | dict.fromkeys(_unread(loaded), dt.date.max)
    return replace(found, quarantine=dict(found.quarantine) | kept)


def states(folder: Path) -> "Operations":
    """What the ledger says of hosts, for whoever waits for no ledger; one that can't be read is told.

    Moving away is such: the ledger's server may stand on the very host that fails.
    """
    from components.domain.operations import NOTHING_KNOWN
    from components.domain.problems import DomainError
    from components.ledger.opened import operations

    try:
        return operations(folder, os.environ, dt.datetime.now(dt.UTC))
    except DomainError as problem:
        typer.echo(f"warning: states of hosts are not known; this goes on without them. {problem.message}", err=True)
        return NOTHING_KNOWN


def placed(loaded: "Loaded", wish: "Wish", operations: "Operations", today: dt.date, what: str) -> "Placed":
    """A place for the wish. Raises DomainError that begins with `what` and tells of every host why not."""
    from components.domain.placement import Unplaced, place_each
    from components.domain.problems import DomainError

    (found,) = place_each(loaded.fleet, [wish], operations, today)
    if isinstance(found, Unplaced):
        if not found.refused:
            raise DomainError(f"{what}: {found.problem.message}", f"{found.problem.remedy} Nothing was written.")
        who = wish.host if wish.host is not None else "no host"
        told = [f"{what}: {who} can{'not' if wish.host else ''} take it.", *refusals(found.refused)]
        raise DomainError("\n".join([*told, f"{found.problem.remedy} Nothing was written."]))
    return found


def refusals(refused: "Iterable[Refusal]") -> list[str]:
    """The hosts that could not take it, each with why, in lines for people."""
    rows = list(refused)
    wide = max((len(one.host) for one in rows), default=0)
    lines = [f"  {one.host:<{wide}}  {one.why}" for one in rows[:SHOWN]]
    return [*lines, f"  and {len(rows) - SHOWN} more hosts"] if len(rows) > SHOWN else lines


def tell(found: "Placed") -> None:
    """Where it goes and why, and why not elsewhere."""
    from textwrap import wrap

    from components.cli.terminal import width

    addresses = ", ".join((*found.ipv4, *found.ipv6))
    told = f"{found.host}: {found.why}"
    wide = width()
    for number, line in enumerate(wrap(told, wide - COLUMN) if wide and wide > 2 * COLUMN else [told]):
        typer.echo(f"{'' if number else 'host':<{COLUMN}}{line}")
    typer.echo(f"network   {found.network}: {addresses or 'no new address'}")
    for note in found.notes:
        typer.echo(f"note      {note}")
    if found.refused:
        typer.echo("not on")
        for line in refusals(found.refused):
            typer.echo(line)


def report(found: "Placed") -> dict[str, Any]:
    """The same for machines."""
    return {
        "host": found.host,
        "network": found.network,
        "ipv4": list(found.ipv4),
        "ipv6": list(found.ipv6),
        "why": found.why,
        "notes": list(found.notes),
        "refused": [{"host": one.host, "code": one.code, "why": one.why} for one in found.refused],
    }


def _unread(loaded: "Loaded") -> set[str]:
    """Whatever looks like an address in clients' files that are not whole."""
    import re

    from components.config.folder import CLIENTS
    from components.domain.addresses import canonical, number

    whole = {f"{CLIENTS}/{key}.yaml" for key in loaded.fleet.clients}
    found: set[str] = set()
    for name in loaded.files:
        if not name.startswith(f"{CLIENTS}/") or name in whole:
            continue
        try:
            text = (loaded.folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found.update(canonical(one) for one in re.findall(r"[0-9A-Fa-f:.]{3,45}", text) if number(one))
    return found
