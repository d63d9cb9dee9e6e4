"""`vps host`: what an operator does about a whole host."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="host", help="A whole host: its kit, its loss, its return.", no_args_is_help=True)

HostName = Annotated[str, typer.Argument(metavar="HOST", help="The stem of its file in hosts/.")]
FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


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
    from components.config.loader import find_fleet, load
    from components.domain.problems import DomainError
    from components.hostkit import HOLD_MINUTES, installer

    hosts = load(find_fleet(fleet)).fleet.hosts
    if host not in hosts:
        raise DomainError(f"Host {host} is not declared.", f"Known: {', '.join(sorted(hosts)) or 'none'}.")
    if hosts[host].driver != "libvirt":
        raise DomainError(f"Host {host} is of kind {hosts[host].driver}.", "The kit is for libvirt hosts.")
    typer.echo(installer(HOLD_MINUTES if hold is None else hold), nl=False)
