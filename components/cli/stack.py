"""`vps init|up|preview|drift|env`: the engine's runs, with what it can't know checked first."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.engine.outlook import Outlook
    from components.engine.run import Engine

Stacks = Annotated[list[str], typer.Argument(metavar="STACK…", help="client.<name> or host.<name>")]
Stack = Annotated[str, typer.Argument(metavar="STACK", help="client.<name> or host.<name>")]
FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]

Diff = Annotated[bool, typer.Option("--diff", help="Every property, not only what changes in words.")]

FINDINGS = 2
"""Exit status of `vps drift` when something differs; 0 is nothing, 1 is could not tell."""


def init(stacks: Stacks, fleet: FleetFolder = None) -> None:
    """Act: make stacks in the backend, and their engine files; what is there stays as it is."""
    engine, loaded = _engine(fleet)
    for stack in stacks:
        declared(stack, loaded)
    for stack in stacks:
        typer.echo(f"{stack}: {'made' if engine.init(stack) else 'already there'}")


def up(
    stack: Stack,
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking; everything is still judged first.")] = False,
    instead_of: Annotated[
        str,
        typer.Option("--instead-of", metavar="COMMIT", help="The commit last applied, when its history was rewritten."),
    ] = "",
) -> None:
    """Act: bring a client's machines, or a host, to what the files declare."""
    import sys

    from components.domain.problems import DomainError
    from components.engine import commit
    from components.engine.location import engine_path
    from components.engine.outlook import outlook

    engine, loaded = _ready(stack, fleet)
    asks = not yes and not engine.environment.get("PULUMI_SKIP_CONFIRMATIONS")
    if asks and not (sys.stdin.isatty() and sys.stdout.isatty()):
        cause = f"Unable to ask whether {stack} may be applied: this is no terminal."
        raise DomainError(cause, f"Nothing was touched. Say --yes, or run it in a terminal; vps preview {stack} looks.")
    waited = []

    def say(line: str) -> None:
        waited.append(line)
        typer.echo(line)

    with engine.turn(stack, "vps up", say=say):
        if waited:
            # Whoever went first may have applied files that came after we read ours.
            engine, loaded = _ready(stack, fleet)
        engine.environment[commit.INSTEAD] = instead_of
        # Asked once it is our turn: whoever went first may have applied a commit that we lack.
        word = commit.need(engine.environment, loaded.folder, stack, engine_path())
        if word:
            typer.echo(word)
        states = host_states(loaded)
        found = outlook(engine.environment, loaded, stack, states)
        # Only a run of the engine notes a commit.
        is_noted = not instead_of and commit.is_settled(engine.environment, loaded.folder, stack)
        if found is not None and found.is_still and is_noted:
            _tell_still(found, stack)
            return
        before = _installed(engine, stack)
        with engine.audited(loaded, stack, states):
            code = engine.run(["up", *_policies(), "--stack", stack, *_unasked(found, yes=yes)])
    for title in engine.ending(stack, loaded) if code == 0 else ():
        typer.echo(f"{title}: its end is reached and recorded; the next `vps up {stack}` ends it.")
    if before is not None and (_installed(engine, stack) or set()) - before:
        client = stack.removeprefix("client.")
        typer.echo(f"A first boot takes minutes: vps deliver {client} waits for it and says how it went.")
    raise typer.Exit(code)


def _installed(engine: "Engine", stack: str) -> set[tuple[str, int]] | None:
    """The installations that state holds, by UUID and number; None where only the engine can tell."""
    from components.engine import state

    found = state.machines(engine.environment, stack)
    return None if found is None else {(str(one.get("uuid")), int(one.get("reinstall") or 0)) for one in found}


def preview(
    stack: Stack,
    fleet: FleetFolder = None,
    diff: Diff = False,
    by_engine: Annotated[
        bool, typer.Option("--engine", help="Let the engine look, even where everything is found at rest without it.")
    ] = False,
) -> None:
    """Look: what `vps up` would do, with the consequence of every change."""
    from components.engine.outlook import outlook

    engine, loaded = _ready(stack, fleet)
    states = host_states(loaded)
    found = None if by_engine else outlook(engine.environment, loaded, stack, states)
    if found is not None and found.is_still:
        _tell_still(found, stack)
        _tell_other_commit(engine, loaded, stack)
        return
    with engine.audited(loaded, stack, states):
        code = engine.run(["preview", *_policies(), "--stack", stack, *(["--diff"] if diff else [])])
    raise typer.Exit(code)


def drift(stack: Stack, fleet: FleetFolder = None, diff: Diff = False) -> None:
    """Look: does the host still have what state remembers? Exit 0 nothing, 2 findings, 1 could not tell."""
    from components.engine.run import EXIT_CHANGES

    engine, loaded = _engine(fleet)
    declared(stack, loaded)
    engine.known(stack)
    shown = ["--diff"] if diff else []
    code = engine.run(["refresh", "--preview-only", "--expect-no-changes", "--stack", stack, *shown])
    if code == EXIT_CHANGES:
        typer.echo("Drift: the host differs as said above, each line from what it has to what is declared.")
        typer.echo(f"`vps up {stack}` brings it back.")
    raise typer.Exit({0: 0, EXIT_CHANGES: FINDINGS}.get(code, 1))


def env(fleet: FleetFolder = None) -> None:
    """Look: shell lines that make the plain `pulumi` command work on this fleet: eval "$(vps env)"."""
    import os
    import shlex

    engine, _ = _engine(fleet)
    for name, value in sorted(engine.environment.items()):
        if os.environ.get(name) != value:
            typer.echo(f"export {name}={shlex.quote(value)}")
    typer.echo(f"cd {shlex.quote(str(engine.project.folder))}")


def _tell_still(found: "Outlook", stack: str) -> None:
    """Nothing is to be done: said without an engine run, which would take longer to say it."""
    from components.domain.names import CLIENT_STACKS

    for title, limits in found.waiting.items():
        typer.echo(f"{title}: {', '.join(limits)} will be in force after its next boot (`vps reboot {title}`).")
    resources = f"{found.resources} resource{'s' * (found.resources != 1)}"
    typer.echo(
        f"{stack}: nothing to change. {resources} as declared, as recorded, and as {', '.join(found.hosts)} answered "
        "just now; the policy pack agrees."
    )
    for sentence in found.told:
        typer.echo(f"  it advises: {sentence}")
    if stack.startswith(CLIENT_STACKS):
        typer.echo("Which settings its guests go by is not looked at here: `vps list --guests` tells who is behind.")


def _unasked(found: "Outlook | None", *, yes: bool) -> list[str]:
    """The engine's options where nobody is asked: what was judged here, and told, is not judged twice."""
    if not yes:
        return []
    for title, words in found.changes.items() if found else ():
        for word in words:
            typer.echo(f"{title}: {word}")
    return ["--yes", "--skip-preview"] if found else ["--yes"]


def _tell_other_commit(engine: "Engine", loaded: "Loaded", stack: str) -> None:
    """The warning of a preview from a checkout that lacks the commit last applied."""
    from components.domain.problems import DomainError
    from components.engine import commit

    try:
        commit.need(engine.environment, loaded.folder, stack)
    except DomainError as problem:
        typer.echo(f"warning: {problem}", err=True)


def _ready(stack: str, fleet: Path | None) -> "tuple[Engine, Loaded]":
    """Engine and fleet, once everything is ruled out that it would do wrong or say badly."""
    from components.cli.placing import states
    from components.engine.judged import judged

    engine, loaded = _engine(fleet)
    found = judged(engine.environment, loaded, stack, states(loaded.folder), by_engine=True)
    if found.note:
        typer.echo(f"warning: {found.note}", err=True)
    problems = found.problems
    if problems:
        for problem in problems:
            typer.echo(str(problem), err=True)
        lost = engine.undeclared(stack, loaded)
        if lost:
            known = ", ".join(lost)
            typer.echo(f"{known}: still there. Deleting lines never ends a VPS; `ends:` in its lines does.", err=True)
        typer.echo(f"error: {stack} is stopped by what stands above; nothing was touched.", err=True)
        raise typer.Exit(1)
    engine.check(stack, loaded)
    for title in engine.ending(stack, loaded):
        typer.echo(f"{title}: its end is reached: it is shut down and its disks go to the trash, as `ends:` says.")
    return engine, loaded


def declared(stack: str, loaded: "Loaded") -> None:
    """Raises DomainError when no file declares the stack; what is wrong inside the file doesn't matter here."""
    from components.config.folder import CLIENTS, HOSTS
    from components.domain.names import CLIENT_STACKS, HOST_STACKS
    from components.domain.problems import DomainError

    known = loaded.known(stack)
    for prefix, folder in ((CLIENT_STACKS, CLIENTS), (HOST_STACKS, HOSTS)):
        if stack.startswith(prefix):
            file = f"{folder}/{stack.removeprefix(prefix)}.yaml"
            if file in loaded.files:
                return
            raise DomainError(
                f"No file declares stack {stack}.", f"It would be {file}; restore it, or mend the name. {known}"
            )
    raise DomainError(
        f'"{stack}" is no stack of a fleet.', f"Stacks are {CLIENT_STACKS}<file> and {HOST_STACKS}<file>. {known}"
    )


def _engine(fleet: Path | None) -> "tuple[Engine, Loaded]":
    from components.config.loader import find_fleet, load
    from components.engine.project import project_of
    from components.engine.run import Engine

    folder = find_fleet(fleet)
    loaded = load(folder)
    return Engine.of(project_of(folder), loaded.fleet.hosts.values()), loaded


def host_states(loaded: "Loaded") -> dict[str, str]:
    """The states that operators gave hosts, by name; empty where nobody ever gave one."""
    from components.cli.placing import states

    return {name: str(state) for name, state in states(loaded.folder).host_states.items()}


def _policies() -> list[str]:
    from components.engine.run import POLICIES

    return ["--policy-pack", str(POLICIES)]
