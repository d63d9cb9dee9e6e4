"""`vps audit`: everything that is recorded, judged by the policy pack; for every night."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.engine.analysis import Analysis

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Stacks = Annotated[list[str] | None, typer.Argument(metavar="[STACK]…", help="Only these stacks; left out: all.")]
FINDINGS = 2


def audit(
    stacks: Stacks = None,
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look: does what is recorded pass the policy pack? Exit 0 it does, 2 a rule is violated, 1 could not tell."""
    import os

    from components.cli.stack import declared, host_states
    from components.config.loader import find_fleet, load
    from components.engine.analysis import analyse
    from components.engine.project import project_of
    from components.engine.run import POLICIES

    folder = find_fleet(fleet)
    loaded = load(folder)
    for stack in stacks or ():
        declared(stack, loaded)
    found = analyse(project_of(folder).environment(os.environ), POLICIES, host_states(loaded), stacks or ())
    if as_json:
        _print_json(found)
    else:
        _print_text(found)
    raise typer.Exit(FINDINGS if found.violations else 1 if found.unread else 0)


def _print_json(found: "Analysis") -> None:
    from dataclasses import asdict

    import orjson

    typer.echo(orjson.dumps(asdict(found) | {"violations": found.violations}, option=orjson.OPT_INDENT_2).decode())


def _print_text(found: "Analysis") -> None:
    stack = ""
    for one in found.findings:
        if one.stack != stack:
            stack = one.stack
            typer.echo(stack)
        typer.echo(f"  {one.level} {one.rule}: {one.message}")
    for name in found.unread:
        typer.echo(f"{name}: its state can't be read, so nothing is said of it.", err=True)
    advised = len(found.findings) - found.violations
    typer.echo(
        f"{found.stacks} stack{'s' * (found.stacks != 1)} with {found.resources} resources judged: "
        f"{found.violations or 'no'} violation{'s' * (found.violations != 1)}, {advised or 'no'} advice."
    )
