"""`vps hosts`: every host in a line: its state, what of it is sold, what is free now and with any one host down."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer


def hosts(
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: every host: state, VPSs, sold and free, now and with any one host down. Exit 1: could not tell."""
    import gc

    gc.disable()  # A fleet is thousands of small objects that all stay until the end.
    import os

    import orjson

    from components.cli.terminal import width
    from components.config.folder import CLIENTS, HOSTS
    from components.config.loader import find_fleet, load
    from components.ledger.opened import operations
    from components.report import rooms

    now = dt.datetime.now(dt.UTC)
    loaded = load(find_fleet(fleet), judge=False)
    read = {f"{HOSTS}/{key}.yaml" for key in loaded.fleet.hosts} | {
        f"{CLIENTS}/{key}.yaml" for key in loaded.fleet.clients
    }
    broken = {problem.file for problem in loaded.problems}
    unread = sorted(broken.union(file for file in loaded.files if "/" in file and file not in read))
    found = rooms.hosts(loaded.fleet, operations(loaded.folder, os.environ, now), now.date())
    if as_json:
        typer.echo(orjson.dumps(found | {"unread": unread}, option=orjson.OPT_INDENT_2).decode())
    else:
        for line in rooms.table(found, width()):
            typer.echo("".join(one if one.isprintable() else "?" for one in line))
        for file in unread:
            typer.echo(f"could not tell: {file} can't be read as it is: vps check", err=True)
    raise typer.Exit(1 if unread else 0)
