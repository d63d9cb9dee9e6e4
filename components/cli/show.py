"""`vps show`: one VPS as declared, as its host answers right now, and as its guest says.

What is declared is shown whoever is silent.
"""

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
    """Look: one VPS: term, price, access, limits declared and in force; health by its guest's word. Exit 1: unknown."""
    import json
    from dataclasses import replace

    from components.cli.consequences import recorded
    from components.cli.guests import known_clients
    from components.config.folder import CLIENTS
    from components.config.loader import find_fleet, load
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.report.vps import document
    from components.report.vps import show as print_document

    key = vps.partition("/")[0]
    # Of ten thousand clients one is read: what the others declare changes nothing that is shown here.
    loaded = load(find_fleet(fleet), only=(key,))
    if f"{CLIENTS}/{key}.yaml" not in loaded.files:
        known = known_clients(loaded.folder, key)
        raise DomainError(f"No client file {CLIENTS}/{key}.yaml.", f"{known} Write CLIENT/VPS.")
    problems = loaded.blocking(client_stack(key))
    if problems:
        raise DomainError("\n".join(str(problem) for problem in problems), "Mend the files first: vps check")
    declared = loaded.fleet
    client, subscription = _find(declared, vps)
    if subscription.host not in declared.hosts:
        raise DomainError(f"Host {subscription.host} of {vps} is not declared.", "Run: vps check")
    uuid = subscription.machine_uuid(declared.id, client.id)
    machine, heard, silent = _read(declared, subscription.host, uuid, client, subscription)
    source = subscription.move.source if subscription.move else ""
    if (machine is None or machine.mark is None or machine.mark.phase == "arriving") and source in declared.hosts:
        lost = declared.hosts[source].lost
        still = (None, None, "") if lost else _read(declared, source, uuid, client, subscription)
        if still[0] is not None:
            typer.echo(f"{vps}: its move to {subscription.host} is not carried out yet: vps up client.{key}", err=True)
            (machine, heard, silent), subscription = still, replace(subscription, host=source)
    unmade = machine is None and not silent and recorded(loaded, client, subscription) == {}
    table = document(declared, client, subscription, machine, heard, silent=silent, unmade=unmade)
    if as_json:
        typer.echo(json.dumps(table, indent=2))
    else:
        from rich.console import Console

        typer.echo(f"{'fleet':<10} {loaded.folder}")
        print_document(table, Console(soft_wrap=True, highlight=False), heard)
    if machine is None:
        raise typer.Exit(1)


def _read(
    fleet: "Fleet", host: str, uuid: str, client: "Client", vps: "Vps"
) -> "tuple[Machine | None, Heard | None, str]":
    """The machine as its host answers, what its guest says of itself, and why the host gave no answer."""
    from contextlib import closing

    from components.declaration import host_ref
    from components.drivers.errors import DriverError
    from components.drivers.registry import connect
    from components.guest.hearing import hear
    from components.guest.settings import declared

    try:
        with closing(connect(host_ref(fleet.hosts[host]))) as driver:
            machine = driver.read(uuid)
            if machine is None:
                return None, None, ""
            return machine, hear(driver, machine, vps.id, wanted=declared(fleet, client, vps)), ""
    except DriverError as problem:
        return None, None, f"{host}: {problem.cause}"


def _find(fleet: "Fleet", name: str) -> "tuple[Client, Vps]":
    client_key, _, vps_key = name.partition("/")
    client = fleet.clients[client_key]
    return client, client.named(vps_key)
