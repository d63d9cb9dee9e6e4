"""`vps ledger`: what happened, as it was noted."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.ledger.events import Event


def ledger(
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only of this: a host, a fault's id, or a whole subject.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="Only this kind: host.state, fault.diagnosed, fault.")] = "",
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only so many, the latest.")] = None,
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: every field.")] = False,
) -> None:
    """Look: what was noted of hosts and parts, by whom, when and why; says so if a row is not as it was written."""
    import os

    from components.cli.guests import say
    from components.config.loader import find_fleet
    from components.ledger.events import LedgerError
    from components.ledger.opened import existing_ledger

    broken = None
    with existing_ledger(find_fleet(fleet), os.environ) as opened:
        events = () if opened is None else opened.events()
        place = None if opened is None else opened.place
        try:
            if opened is not None:
                events = opened.verified()
        except LedgerError as error:
            # Whoever looks for what was changed has to see it.
            broken = error
    found = [one for one in events if _is_about(one, subject) and _is_of(one, kind)]
    found = found[-last:] if last else found
    if as_json:
        say({"ledger": place, "broken": str(broken) if broken else None, "events": [one.as_json() for one in found]})
    else:
        _print(found, place)
    if broken:
        raise broken


def _print(found: "Sequence[Event]", place: str | None) -> None:
    from components.cli.terminal import width
    from components.domain.instants import shown
    from components.ledger.witness import note
    from components.report.columns import table

    heads = ("no.", "at", "what", "of", "who", "why")
    cells = [
        tuple(map(note, (str(one.number), shown(one.at), _what(one), one.subject, one.actor, one.reason + _late(one))))
        for one in found
    ]
    for line in table([heads, *cells], width(), leaving=(5, 4)) if cells else ():
        typer.echo(line)
    if not found:
        typer.echo("There is no ledger yet." if place is None else f"Nothing of that kind stands in {place}.")


def _is_about(event: "Event", subject: str | None) -> bool:
    if subject is None:
        return True
    named = {event.subject, event.subject.partition(" ")[2], event.data.get("fault"), event.data.get("serial")}
    return subject in named


def _is_of(event: "Event", kind: str) -> bool:
    return not kind or event.kind == kind or (kind.endswith(".") and event.kind.startswith(kind))


def _what(event: "Event") -> str:
    """The kind, with what tells it from others of its kind."""
    told = [str(event.data[name]) for name in ("fault", "state", "waiting", "new") if name in event.data]
    return " ".join((event.kind, *told))


def _late(event: "Event") -> str:
    """Said where it was noted a good while after it happened."""
    from components.domain.instants import duration

    seconds = int((event.noted - event.at).total_seconds())
    return f" (noted {duration(seconds)} later)" if seconds >= 60 else ""
