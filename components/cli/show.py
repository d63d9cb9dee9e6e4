"""`vps show`: one VPS as declared, and as its host answers right now."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.domain.clients import Client, Vps
    from components.domain.fleet import Fleet
    from components.drivers.base import Machine


def show(
    vps: Annotated[str, typer.Argument(metavar="CLIENT/VPS")],
    fleet: Annotated[Path | None, typer.Option("--fleet", help="The fleet folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: client, address, limits declared, configured and effective, read from the host now."""
    import json

    from components.config.loader import find_fleet, load
    from components.declaration import host_ref
    from components.domain.problems import DomainError
    from components.drivers.registry import connect

    declared = load(find_fleet(fleet)).fleet
    client, subscription = _find(declared, vps)
    if subscription.host not in declared.hosts:
        raise DomainError(f"Host {subscription.host} of {vps} is not declared.", "Run: vps check")
    driver = connect(host_ref(declared.hosts[subscription.host]))
    try:
        machine = driver.read(subscription.machine_uuid(declared.id, client.id))
    finally:
        driver.close()
    table = document(declared, client, subscription, machine)
    if as_json:
        typer.echo(json.dumps(table, indent=2))
    else:
        print_document(table)
    if machine is None:
        raise typer.Exit(1)


def document(fleet: "Fleet", client: "Client", vps: "Vps", machine: "Machine | None") -> dict[str, object]:
    """Everything `vps show` says, as data. Limits are keyed as in `domain.limits`."""
    from components.declaration import machine_inputs
    from components.provider.facts import declared_limits, limit_table

    inputs = machine_inputs(fleet, client, vps, backend="")
    known: dict[str, object] = {
        "client": f"{client.name} ({client.id})",
        "vps": f"{client.key}/{vps.key} ({vps.id})",
        "uuid": inputs["uuid"],
        "package": vps.package,
        "host": vps.host,
        "fqdn": vps.fqdn,
        "addresses": [*vps.ipv4, *vps.ipv6],
    }
    if machine is None:
        return {
            **known,
            "power": "missing",
            "limits": {},
            "notes": ["the host answered and does not hold this machine"],
        }
    return {
        **known,
        "power": str(machine.power),
        "limits": limit_table(declared_limits(inputs), machine),
        "rebootRequired": list(machine.reboot_required),
        "notes": list(machine.host_notes),
    }


def _find(fleet: "Fleet", name: str) -> "tuple[Client, Vps]":
    from components.domain.problems import DomainError

    client_key, _, vps_key = name.partition("/")
    client = fleet.clients.get(client_key)
    if client is None:
        raise DomainError(f"No client file clients/{client_key}.yaml.", f"Known: {', '.join(sorted(fleet.clients))}.")
    if vps_key not in client.vps:
        raise DomainError(
            f"{client_key} has no VPS {vps_key!r}.", f"Known: {', '.join(f'{client_key}/{key}' for key in client.vps)}."
        )
    return client, client.vps[vps_key]


def print_document(table: dict[str, object]) -> None:
    """Print what `document` returned, for people."""
    from rich.console import Console
    from rich.table import Table

    from components.domain.limits import display

    console = Console(soft_wrap=True, highlight=False)
    for key in ("client", "vps", "package", "host", "fqdn", "power"):
        console.print(f"{key:<10} {table[key]}", markup=False)
    addresses = table["addresses"]
    assert isinstance(addresses, list)
    console.print(f"{'addresses':<10} {', '.join(addresses)}", markup=False)
    limits = table["limits"]
    assert isinstance(limits, dict)
    if limits:
        grid = Table("limit", "declared", "configured", "effective", "read from", box=None, pad_edge=False)
        for key, row in limits.items():
            values = [display(key, row.get(name)) for name in ("declared", "configured", "effective")]
            grid.add_row(key, *values, row["source"])
        console.print(grid)
    notes = table["notes"]
    assert isinstance(notes, list)
    for note in notes:
        console.print(f"note: {note}", markup=False)
