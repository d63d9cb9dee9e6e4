"""What commands that write files have in common at their end: the question, the engine's file, the steps to come."""

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from components.domain.problems import Problem


def warn(problems: "Iterable[Problem]") -> None:
    """Tell the warnings that an edit brings; its errors were refused before."""
    for problem in problems:
        typer.echo(f"warning   {problem.message} {problem.remedy}".rstrip())


def sure(*, yes: bool, as_json: bool = False) -> bool:
    """Whether to write: by --yes, or by the answer. With --json and no --yes nobody is asked and nothing written.

    No, said at the question, ends the command with exit 1. Raises DomainError where nobody can answer.
    """
    from components.domain.problems import DomainError

    if yes or as_json:
        return yes
    if not sys.stdin.isatty():
        raise DomainError("Write this? Nobody can answer: this is no terminal.", "Nothing was written. Give --yes.")
    if not typer.confirm("Write this?"):
        typer.echo("Nothing was written.")
        raise typer.Exit(1)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFile:
    """The engine's own file of a new stack: its name below the fleet, and whether it is there.

    `here` tells that somebody may make it on this machine, before the first commit.
    """

    stack: str
    name: str
    made: bool
    here: bool


def engine_file(folder: Path, stack: str, *, quiet: bool) -> EngineFile:
    """Make the stack and its engine file where the state's place and its passphrase are at hand.

    With `quiet` nothing is made, for the engine has words of its own.
    """
    from components.domain.problems import DomainError
    from components.engine.project import project_of
    from components.engine.run import Engine

    lacking = EngineFile(stack=stack, name="", made=False, here=False)
    try:
        engine = Engine.of(project_of(folder))
    except DomainError:
        return lacking
    settings = engine.project.settings(stack)
    name = str(settings.relative_to(engine.project.fleet))
    secret = engine.environment.get("PULUMI_CONFIG_PASSPHRASE_FILE", "")
    has_state = "PULUMI_BACKEND_URL" in os.environ or (engine.project.work / "state").is_dir()
    has_secret = "PULUMI_CONFIG_PASSPHRASE" in engine.environment or Path(secret).is_file()
    if not quiet and has_state and has_secret:
        try:
            engine.init(stack)
        except DomainError as problem:
            typer.echo(f"note      the stack could not be made: {problem}", err=True)
    return EngineFile(stack=stack, name=name, made=settings.is_file(), here=True)


def steps(folder: Path, files: Iterable[str], message: str, last: str, engine: EngineFile | None = None) -> list[str]:
    """The commands that come after an edit, to be pasted where the reader stands: check, commit, and `last`."""
    from components.config.checkout import prefix
    from components.config.folder import VARIABLE
    from components.domain.problems import DomainError

    here = Path.cwd()
    stands_in = folder.is_relative_to(here) or here.is_relative_to(folder)
    named = [*files, engine.name] if engine is not None and engine.here else list(files)
    shown = [os.path.relpath(folder / name, here) if stands_in else str(folder / name) for name in named]
    where = "" if stands_in or VARIABLE in os.environ else f" --fleet {shlex.quote(str(folder))}"
    check, last = f"vps check{where}", f"{last}{where}"
    init = [f"vps init {engine.stack}{where}"] if engine is not None and not engine.made else []
    before, after = (init, []) if engine is not None and engine.here else ([], init)
    try:
        prefix(folder)
    except DomainError:
        return [*before, check, *after, last]
    into = [] if stands_in else ["-C", str(folder)]
    add, commit = shlex.join(["git", *into, "add", *shown]), shlex.join(["git", *into, "commit", "-m", message])
    return [*before, check, f"{add} && {commit}", *after, last]


def print_json(document: dict[str, Any]) -> None:
    """A report for machines."""
    import json

    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
