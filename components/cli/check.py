"""`vps check`: every problem of every file of the fleet, at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.problems import Problem

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(fleet: FleetFolder = None, as_json: AsJson = False) -> None:
    """Look: is everything in the files right? Lists every problem with line and remedy; exit 1 when there is one."""
    from dataclasses import replace

    from components.config.loader import find_fleet, load

    loaded = load(find_fleet(fleet))
    loaded = replace(loaded, problems=(*loaded.problems, *_without_lines(loaded)))
    if as_json:
        _print_json(loaded)
    else:
        _print_text(loaded)
    raise typer.Exit(1 if loaded.problems else 0)


def _without_lines(loaded: "Loaded") -> "list[Problem]":
    """Stacks without a file and machines without a line, as far as a local backend tells."""
    import os

    from components.domain.problems import DomainError
    from components.engine.project import project_of

    try:
        environment = project_of(loaded.folder).backend(os.environ)
    except DomainError:
        return []  # No project stands around this fleet, so nothing was ever applied from here.
    from components.engine.undeclared import problems

    return list(problems(environment, loaded))


def _counts(loaded: "Loaded") -> dict[str, int]:
    fleet = loaded.fleet
    vps = sum(1 for _ in fleet.machines())
    return {"clients": len(fleet.clients), "vps": vps, "hosts": len(fleet.hosts), "files": len(loaded.files)}


def _print_json(loaded: "Loaded") -> None:
    import orjson

    problems = [
        {
            "file": problem.file,
            "line": problem.line,
            "path": list(problem.path),
            "message": problem.message,
            "remedy": problem.remedy,
            "blocks": problem.blocks,
        }
        for problem in loaded.problems
    ]
    report = {"fleet": loaded.fleet.id, "folder": str(loaded.folder), "checked": _counts(loaded), "problems": problems}
    typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())


def _print_text(loaded: "Loaded") -> None:
    shown = _shown(loaded.folder)
    file = None
    for problem in loaded.problems:
        if problem.file != file:
            if file is not None:
                typer.echo()
            file = problem.file
            typer.secho(str(shown / file), bold=True)
        line = f":{problem.line}" if problem.line else ""
        path = ".".join(str(step) for step in problem.path)
        typer.secho(f"  {shown / problem.file}{line}", nl=False, fg=typer.colors.CYAN)
        typer.echo(f" {path}" if path else "")
        typer.echo(f"    {problem.message}")
        if problem.remedy:
            typer.echo(f"    {problem.remedy}")
    counts = _counts(loaded)
    what = ", ".join(
        f"{counts[key]} {word if counts[key] == 1 else plural}"
        for key, word, plural in (("clients", "client", "clients"), ("vps", "VPS", "VPSs"), ("hosts", "host", "hosts"))
    )
    if not loaded.problems:
        typer.echo(f"{shown}: {what}: all is well.")
        return
    number, files = len(loaded.problems), len({problem.file for problem in loaded.problems})
    typer.echo()
    typer.echo(
        f"{number} problem{'s' * (number != 1)} in {files} file{'s' * (files != 1)}; {counts['files']} files checked."
    )


def _shown(folder: Path) -> Path:
    """The folder as the reader may paste it: relative to where they stand, when it is below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
