"""`vps check`: every problem of every file of the fleet, at once, and whether this change brought it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from components.config.loader import Loaded
    from components.config.verdict import Verdict
    from components.domain.operations import Operations
    from components.domain.problems import Problem
    from components.domain.rules.arrivals import Before

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Base = Annotated[
    str,
    typer.Option(
        help="Compare with this commit or branch, from where the history left it (default: the trunk; on the trunk "
        "HEAD while files differ from it, else the commit before)."
    ),
]
New = Annotated[bool, typer.Option("--new", help="Show, and fail for, only what this change brought or made worse.")]
All = Annotated[bool, typer.Option("--all", help="Show old problems whole, however many there are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


POLICIES = "policies.yaml"
"""In the fleet folder: how strict rules of the policy pack are."""


def check(
    fleet: FleetFolder = None, base: Base = "", new: New = False, everything: All = False, as_json: AsJson = False
) -> None:
    """Look: is everything in the files right? Each problem with line, remedy, new or old; exit 1 for errors."""
    import os

    from components.config.loader import find_fleet
    from components.config.verdict import verdict
    from components.domain.problems import Blame

    folder = find_fleet(fleet)
    known, note = _operations(folder)
    environment = _backend(folder, os.environ)
    found = verdict(
        folder,
        base,
        operations=known,
        also=lambda loaded: (*_by_state(environment, loaded, known), *_levels(folder)),
        there=lambda loaded, clients: _there(environment, loaded, clients),
    )
    everyone = _levels_blamed(found)
    problems = [one for one in everyone if not (new and one.blame is Blame.OLD)]
    unjudged = [*([found.unblamed] if found.unblamed else []), *found.notes, *([note] if note else [])]
    notes = [*unjudged, *_lowered(folder)]
    if as_json:
        _print_json(found, problems, notes)
    else:
        well = _well(found, is_whole=not unjudged, new=new)
        _print_text(found, problems, notes, well, everything=everything)
    raise typer.Exit(1 if found.is_blind or any(one.severity == "error" for one in problems) else 0)


def _well(found: "Verdict", *, is_whole: bool, new: bool) -> str:
    """What may be said where no problem was found."""
    if found.is_blind:
        return "nothing is wrong in the files by themselves, and what changed was not judged"
    if is_whole:
        return "nothing new is wrong" if new else "all is well"
    return "nothing wrong was found in what could be judged"


def _operations(folder: Path) -> "tuple[Operations, str]":
    """What the ledger says of hosts; with a word where it can't be read."""
    import datetime as dt
    import os

    from components.domain.operations import NOTHING_KNOWN
    from components.domain.problems import DomainError
    from components.ledger.opened import operations

    try:
        return operations(folder, os.environ, dt.datetime.now(dt.UTC)), ""
    except DomainError as error:
        return NOTHING_KNOWN, f"States of hosts are not known. {error}"


def _levels(folder: Path) -> "Iterator[Problem]":
    """What is wrong with the fleet's own levels for the rules of the policy pack, which would stop every apply."""
    if (folder / POLICIES).exists():
        from components.domain.problems import Problem
        from policies import levels
        from policies.rules import NAMES

        for found in levels.problems(folder, NAMES):
            yield Problem(code="policy-level", path=(), message=found, remedy="", file=POLICIES, blocks=False)


def _levels_blamed(found: "Verdict") -> "list[Problem]":
    """All problems; those of levels compared with policies.yaml at the base, which is no file that the fleet loads."""
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from components.config.revision import files_at
    from components.domain.problems import Blame

    problems = list(found.problems)
    if found.base and any(one.file == POLICIES for one in problems):
        with TemporaryDirectory() as before:
            for name, content in files_at(found.loaded.folder, found.base, [POLICIES]).items():
                (Path(before) / name).write_bytes(content)
            old = {one.message for one in _levels(Path(before))}
        problems = [
            replace(one, blame=Blame.OLD if one.message in old else Blame.NEW) if one.file == POLICIES else one
            for one in problems
        ]
    return problems


def _lowered(folder: Path) -> "Iterator[str]":
    """Which rules of the policy pack the fleet has made milder: told at every check."""
    if (folder / POLICIES).exists():
        from policies import levels
        from policies.rules import RULES

        yield from levels.lowered(folder, RULES)


def _backend(folder: Path, environment: "Mapping[str, str]") -> dict[str, str] | None:
    from components.domain.problems import DomainError
    from components.engine.project import project_of

    try:
        return dict(project_of(folder).backend(environment))
    except DomainError:
        return None  # No project stands around this fleet, so nothing was ever applied from here.


def _by_state(environment: dict[str, str] | None, loaded: "Loaded", known: "Operations") -> "Iterator[Problem]":
    """Stacks without a file, machines without a line, VPSs that nobody made yet, as far as a local backend tells."""
    import datetime as dt

    from components.engine.arrived import unmade
    from components.engine.undeclared import problems

    if environment is not None:
        yield from problems(environment, loaded)
        yield from unmade(environment, loaded, known, dt.datetime.now(dt.UTC).date())


def _there(environment: dict[str, str] | None, loaded: "Loaded", clients: "Collection[str]") -> "Before":
    from components.engine.arrived import there

    return there(environment, loaded, clients) if environment is not None else {}


def _counts(loaded: "Loaded") -> dict[str, int]:
    fleet = loaded.fleet
    vps = sum(1 for _ in fleet.machines())
    return {"clients": len(fleet.clients), "vps": vps, "hosts": len(fleet.hosts), "files": len(loaded.files)}


def _print_json(found: "Verdict", problems: "list[Problem]", notes: list[str]) -> None:
    import orjson

    listed = [
        {
            "code": problem.code,
            "severity": problem.severity,
            "blame": problem.blame,
            "scope": problem.scope,
            "file": problem.file,
            "line": problem.line,
            "path": list(problem.path),
            "message": problem.message,
            "remedy": problem.remedy,
            "measure": problem.measure,
            "blocks": problem.blocks,
        }
        for problem in problems
    ]
    report = {
        "fleet": found.loaded.fleet.id,
        "folder": str(found.loaded.folder),
        "base": found.base or None,
        "blind": found.is_blind,
        "notes": notes,
        "checked": _counts(found.loaded),
        "problems": listed,
    }
    typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())


def _print_text(found: "Verdict", problems: "list[Problem]", notes: list[str], well: str, *, everything: bool) -> None:
    from components.cli.terminal import width
    from components.report.problems import by_file, counted

    shown = _shown(found.loaded.folder)
    for line in by_file(problems, shown, _paint, everything=everything, most=width()):
        typer.echo(line)
    counts = _counts(found.loaded)
    if problems:
        typer.echo()
        against = f", compared with {found.base[:12]}" if found.base else ""
        typer.echo(f"{counted(problems)}; {counts['files']} files checked{against}.")
    for note in notes:
        typer.echo(f"{_paint('error', 'red')}: {note}" if found.is_blind and note == found.unblamed else note)
    if problems:
        return
    what = ", ".join(
        f"{counts[key]} {word if counts[key] == 1 else plural}"
        for key, word, plural in (("clients", "client", "clients"), ("vps", "VPS", "VPSs"), ("hosts", "host", "hosts"))
    )
    typer.echo(f"{shown}: {what}: {well}.")


def _paint(text: str, colour: str) -> str:
    return typer.style(text, fg=colour)


def _shown(folder: Path) -> Path:
    """The folder as the reader may paste it: relative to where they stand, when it is below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
