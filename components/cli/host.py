"""`vps host`: what an operator does about a whole host."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from components.cli.retire import host as retire

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.hosts import Host

app = typer.Typer(name="host", help="A whole host: its kit, its loss, its return.", no_args_is_help=True)

HostName = Annotated[str, typer.Argument(metavar="HOST", help="The stem of its file in hosts/.")]
FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


app.command("retire")(retire)


@app.command("set")
def set_(
    host: HostName,
    state: Annotated[
        Literal["active", "draining", "maintenance", "failed", "lost"],
        typer.Argument(metavar="STATE", help="active, draining, maintenance, failed or lost."),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever reads it later.")],
    at: Annotated[
        str | None, typer.Option("--at", help="Since when, with zone: 2026-11-23T10:00Z (default: now).")
    ] = None,
    fleet: FleetFolder = None,
) -> None:
    """Act: note what is to be done with a host, or is known of it; only an active one takes new VPSs."""
    from components.cli.host_state import set_state
    from components.domain.operations import HostState

    set_state(host, HostState(state), reason, at, fleet)


@app.command()
def kit(
    host: HostName,
    fleet: FleetFolder = None,
    hold: Annotated[
        int | None, typer.Option(min=0, help="Minutes away after which it starts nothing by itself (0: never holds).")
    ] = None,
) -> None:
    """Look: print a script that installs what starts a host's machines after its boot.

    Pipe it to the host: vps host kit kvm1 | ssh kvm1 sudo sh
    """
    from components.domain.problems import DomainError
    from components.hostkit import HOLD_MINUTES, installer

    _, found = _declared(host, fleet)
    if found.driver != "libvirt":
        raise DomainError(f"Host {host} is of kind {found.driver}.", "The kit is for libvirt hosts.")
    typer.echo(installer(HOLD_MINUTES if hold is None else hold), nl=False)


@app.command()
def lost(
    host: HostName,
    fenced: Annotated[
        str, typer.Option("--fenced", help="How and when it was made sure that nothing on it runs any more.")
    ],
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Write: declare a silent host lost, so that its machines may be restored elsewhere; refused while it answers."""
    from components.cli.returning import lost as declare
    from components.ledger.witness import note

    loaded, found = _declared(host, fleet)
    declare(loaded, found, note(fenced), yes=yes)


@app.command("return")
def return_(
    host: HostName,
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Act: take a host back: stale copies go into its trash before any guest starts there, then it is released."""
    from components.cli.returning import returned

    loaded, found = _declared(host, fleet)
    returned(loaded, found, yes=yes)


def _declared(host: str, fleet: Path | None) -> "tuple[Loaded, Host]":
    from components.cli.host_state import declared
    from components.config.loader import find_fleet, load

    loaded = load(find_fleet(fleet))
    return loaded, declared(loaded, host)
