"""`vps show`: one VPS as declared, as its host answers right now, and as its guest says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.domain.clients import Client, Vps
    from components.domain.fleet import Fleet
    from components.drivers.base import Machine
    from components.guest.hearing import Heard


def show(
    vps: Annotated[str, typer.Argument(metavar="CLIENT/VPS")],
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: client, address, limits declared, configured and in force; delivery and health by the guest's own word."""
    import json
    from dataclasses import replace

    from components.config.folder import CLIENTS
    from components.config.loader import find_fleet, load
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.report.vps import document
    from components.report.vps import show as print_document

    loaded = load(find_fleet(fleet))
    key = vps.partition("/")[0]
    if f"{CLIENTS}/{key}.yaml" not in loaded.files:
        known = ", ".join(sorted(loaded.fleet.clients)) or "none"
        raise DomainError(f"No client file {CLIENTS}/{key}.yaml.", f"Known: {known}. Write CLIENT/VPS.")
    problems = loaded.blocking(client_stack(key))
    if problems:
        raise DomainError("\n".join(str(problem) for problem in problems), "Mend the files first: vps check")
    declared = loaded.fleet
    client, subscription = _find(declared, vps)
    if subscription.host not in declared.hosts:
        raise DomainError(f"Host {subscription.host} of {vps} is not declared.", "Run: vps check")
    uuid = subscription.machine_uuid(declared.id, client.id)
    machine, heard = _read(declared, subscription.host, uuid, client, subscription)
    source = subscription.move.source if subscription.move else ""
    if (machine is None or machine.mark is None or machine.mark.phase == "arriving") and source in declared.hosts:
        still = (None, None) if declared.hosts[source].lost else _read(declared, source, uuid, client, subscription)
        if still[0] is not None:
            typer.echo(f"{vps}: its move to {subscription.host} is not carried out yet: vps up client.{key}", err=True)
            (machine, heard), subscription = still, replace(subscription, host=source)
    table = document(declared, client, subscription, machine, heard)
    if as_json:
        typer.echo(json.dumps(table, indent=2))
    else:
        from rich.console import Console

        typer.echo(f"{'fleet':<10} {loaded.folder}")
        print_document(table, Console(soft_wrap=True, highlight=False), heard)
    if machine is None:
        raise typer.Exit(1)


def _read(fleet: "Fleet", host: str, uuid: str, client: "Client", vps: "Vps") -> "tuple[Machine | None, Heard | None]":
    """The machine as its host answers, and what its guest says of itself."""
    from components.declaration import host_ref
    from components.drivers.registry import connect
    from components.guest.hearing import hear
    from components.guest.settings import declared

    driver = connect(host_ref(fleet.hosts[host]))
    try:
        machine = driver.read(uuid)
        return machine, None if machine is None else hear(driver, machine, vps.id, wanted=declared(fleet, client, vps))
    finally:
        driver.close()


def _find(fleet: "Fleet", name: str) -> "tuple[Client, Vps]":
    client_key, _, vps_key = name.partition("/")
    client = fleet.clients[client_key]
    return client, client.named(vps_key)
