"""`vps lab`: a KVM host of your own inside namespaces, to try things on."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.lab.host import LabStatus

app = typer.Typer(
    name="lab", help="A real KVM host inside namespaces of this machine, for demo and tests.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Several labs can be up at once.")]


@app.command()
def up(name: Name = "lab1") -> None:
    """Act: have the lab up (seconds; needs root). Run again, it changes nothing; after a crash it goes on."""
    from components.lab.host import Lab

    lab = Lab(name)
    _show(lab.up(typer.echo))


@app.command()
def status(
    name: Name = "lab1",
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Look: how the lab is; changes nothing. Exit code 3 when it does not run."""
    import json
    from dataclasses import asdict

    from components.lab.host import Lab

    found = Lab(name).status()
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _show(found)
    if not found.running:
        raise typer.Exit(3)


@app.command()
def down(
    name: Name = "lab1",
    data: Annotated[bool, typer.Option("--data", help="Remove its machines, disks and logs as well.")] = False,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that guests have to shut down.")] = 20,
) -> None:
    """Act: end the lab and what runs in it, and nothing else. Its data stay unless --data is given."""
    from components.lab.host import Lab

    Lab(name).down(typer.echo, data=data, grace_s=grace)


def _show(found: "LabStatus") -> None:
    lines = {"lab": f"{found.name}: {f'running (libvirtd {found.pid})' if found.running else 'not running'}"}
    if found.acceleration:
        lines |= {
            "URI": found.uri,
            "network": f"nsenter --net=/run/netns/{found.netns} COMMAND",
            "acceleration": f"{found.acceleration}: {found.acceleration_why}",
            "NIC rates": f"{'' if found.rates_enforced else 'not '}enforced: {found.rates_why}",
        }
    if found.note:
        lines["note"] = found.note
    for label, text in lines.items():
        typer.echo(f"{label:<13} {text}")
