"""`vps audit`: everything that is recorded, judged by the policy pack; for every night."""

from collections import Counter
from collections.abc import Sequence
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
    from policies import levels
    from policies.rules import RULES

    folder = find_fleet(fleet)
    loaded = load(folder)
    for stack in stacks or ():
        declared(stack, loaded)
    found = analyse(project_of(folder).environment(os.environ), POLICIES, host_states(loaded), stacks or ())
    lowered = tuple(levels.lowered(folder, RULES))
    if as_json:
        _print_json(found, lowered)
    else:
        _print_text(found, lowered)
    raise typer.Exit(FINDINGS if found.violations else 1 if found.unread else 0)


def _print_json(found: "Analysis", lowered: Sequence[str] = ()) -> None:
    from dataclasses import asdict

    import orjson

    more = {"violations": found.violations, "lowered": list(lowered)}
    typer.echo(orjson.dumps(asdict(found) | more, option=orjson.OPT_INDENT_2).decode())


def _print_text(found: "Analysis", lowered: Sequence[str] = ()) -> None:
    """Of findings that say the same of many resources, only the first is printed, with their number."""
    alike = Counter((one.rule, one.message) for one in found.findings)
    stack = ""
    for one in found.findings:
        number = alike.pop((one.rule, one.message), 0)
        if not number:
            continue
        if one.stack != stack:
            stack = one.stack
            typer.echo(stack)
        typer.echo(f"  {one.level} {one.rule}: {one.message}{f' ({number} times)' if number > 1 else ''}")
    for name in found.unread:
        typer.echo(f"{name}: its state can't be read, so nothing is said of it.", err=True)
    advised = len(found.findings) - found.violations
    typer.echo(
        f"{found.stacks} stack{'s' * (found.stacks != 1)} with {found.resources} resources judged: "
        f"{found.violations or 'no'} violation{'s' * (found.violations != 1)}, {advised or 'no'} advice."
    )
    for told in lowered:
        typer.echo(f"Note: {told}")
