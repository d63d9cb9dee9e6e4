"""`vps fault`: a faulty part from its report to its replacement, with the contract's 24-hour clock (HW-1 to HW-9)."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from components.cli.help import Commands

app = typer.Typer(
    name="fault", help="Faulty parts and the 24 hours in which they are replaced.", no_args_is_help=True, cls=Commands
)

Named = Annotated[str, typer.Argument(metavar="FAULT", help="Its id, or its host.")]
OfPart = Annotated[str | None, typer.Argument(metavar="PART", help="With a host: serial number or kind.")]
At = Annotated[str | None, typer.Option("--at", help="When it was, with zone: 2026-11-23T10:00Z (default: now).")]
Why = Annotated[str, typer.Option("--reason", help="Why, for whoever reads it later.")]
Note = Annotated[str, typer.Option("--reason", help="A note for whoever reads it later.")]
FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


@app.command("open")
def open_(
    host: Annotated[str, typer.Argument(metavar="HOST", help="The stem of its file in hosts/.")],
    part: Annotated[str, typer.Argument(metavar="PART", help="Serial number, or kind when there is one of it.")],
    reason: Why,
    at: At = None,
    fleet: FleetFolder = None,
) -> None:
    """Act: note that a part of a host is reported faulty; its clock starts with the diagnosis."""
    from components.cli.fault_desk import desk, opened, tell

    with desk(fleet) as here:
        made = opened(here, host, part, reason, at)
        tell(here, made)
    typer.echo(f'next      vps fault diagnose {made.id} --reason "what it is"')


@app.command()
def diagnose(fault: Named, reason: Why, part: OfPart = None, at: At = None, fleet: FleetFolder = None) -> None:
    """Act: note that the source of a fault is identified; its 24 hours run from then on (HW-3)."""
    from components.cli.fault_desk import desk, stepped
    from components.ledger.equipment import DIAGNOSED
    from components.ledger.witness import why

    with desk(fleet) as here:
        found, when = here.find(fault, part), here.at(at)
        stepped(here, found.diagnose(when), DIAGNOSED, when, why(reason))
    typer.echo(f"next      vps fault replaced {found.id} --serial NEW --warranty DATE, once the new part is in")


@app.command()
def pause(
    fault: Named,
    waiting: Annotated[
        Literal["client", "restoring"], typer.Option("--for", help="Whose answer, or what, is waited for.")
    ],
    reason: Why,
    part: OfPart = None,
    at: At = None,
    fleet: FleetFolder = None,
) -> None:
    """Act: stop a clock while the client is asked or configurations are restored; waiting for a part is no pause."""
    from components.cli.fault_desk import desk, stepped
    from components.domain.faults import Waiting
    from components.ledger.equipment import PAUSED
    from components.ledger.witness import why

    with desk(fleet) as here:
        found, when = here.find(fault, part), here.at(at)
        stepped(here, found.pause(when, Waiting(waiting)), PAUSED, when, why(reason), waiting=waiting)


@app.command()
def resume(
    fault: Named,
    part: OfPart = None,
    number: Annotated[int | None, typer.Option("--pause", help="Which pause, of several.")] = None,
    reason: Note = "",
    at: At = None,
    fleet: FleetFolder = None,
) -> None:
    """Act: let a clock run on: the client has answered, or configurations are restored."""
    from components.cli.fault_desk import desk, stepped
    from components.ledger.equipment import RESUMED

    with desk(fleet) as here:
        found, when = here.find(fault, part), here.at(at)
        after = found.resume(when, number)
        ended = next(one.number for one in found.open_pauses if one not in after.open_pauses)
        stepped(here, after, RESUMED, when, reason, pause=ended)


@app.command()
def replaced(
    fault: Named,
    part: OfPart = None,
    serial: Annotated[str | None, typer.Option("--serial", help="Serial number of the new part.")] = None,
    warranty: Annotated[str | None, typer.Option("--warranty", help="Last day of its warranty: 2029-11-22.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Its model (default: the spare's).")] = None,
    supplier: Annotated[
        bool, typer.Option("--from-supplier", help="It came from outside: no spare of ours is counted down.")
    ] = False,
    reason: Note = "",
    at: At = None,
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Act: note that a part is physically replaced: its clock stops, inventory and spares are edited, after asking."""
    from components.cli.fault_desk import IN, OPEN, OVER, desk
    from components.cli.fault_replaced import Given, replace

    given = Given(serial=serial, warranty=warranty, model=model, from_supplier=supplier, reason=reason)
    with desk(fleet) as here:
        replace(here, here.find(fault, part, OPEN, IN, OVER), given, here.at(at), yes=yes)


@app.command()
def restored(fault: Named, part: OfPart = None, reason: Note = "", at: At = None, fleet: FleetFolder = None) -> None:
    """Act: note that service is back after a replacement: information, the clock has stopped before (HW-4)."""
    from components.cli.fault_desk import IN, OPEN, OVER, desk, stepped
    from components.ledger.equipment import RESTORED

    with desk(fleet) as here:
        found, when = here.find(fault, part, IN, OPEN, OVER), here.at(at)
        stepped(here, found.restore(when), RESTORED, when, reason)


@app.command()
def withdraw(fault: Named, reason: Why, part: OfPart = None, at: At = None, fleet: FleetFolder = None) -> None:
    """Act: note that an open fault was none of this part: a false alarm, a cable."""
    from components.cli.fault_desk import desk, stepped
    from components.ledger.equipment import WITHDRAWN
    from components.ledger.witness import why

    with desk(fleet) as here:
        found, when = here.find(fault, part), here.at(at)
        stepped(here, found.withdraw(when), WITHDRAWN, when, why(reason))


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over as well.")] = False,
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: faults with the time that is left, overdue ones first. Exit 2: one is overdue."""
    from components.cli.fault_list import told

    told(fleet, everything=everything, as_json=as_json)
