"""`vps unlock`: take a stack's lock away from a run that is no more."""

from pathlib import Path
from typing import Annotated

import typer

from components.cli.consent import consent


def unlock(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="client.<name> or host.<name>")],
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Release without asking.")] = False,
    owner_is_gone: Annotated[
        bool, typer.Option("--owner-is-gone", help="You have made sure of it where it can't be seen from here.")
    ] = False,
) -> None:
    """Act: show who holds a stack's lock since when, ask, and release it. That of a living run is left alone."""
    import os

    from components.cli.stack import declared
    from components.config.loader import find_fleet, load
    from components.domain.problems import DomainError
    from components.engine import lock, state
    from components.engine.backend import local_folder
    from components.engine.project import project_of
    from components.engine.run import Engine

    loaded = load(find_fleet(fleet))
    engine = Engine.of(project_of(loaded.folder))
    if local_folder(engine.environment) is None:
        backend = engine.environment["PULUMI_BACKEND_URL"].partition("://")[0]
        consent(
            f"Who holds {stack} only the engine could tell ({backend}). Release whatever lock there is? "
            "A run that still works would lose what it notes.",
            given=yes,
        )
        raise typer.Exit(engine.run(["cancel", "--yes", "--stack", stack]))
    held = list(state.locks(engine.environment, stack))
    if not held and not state.is_initialised(engine.environment, stack):
        declared(stack, loaded)
    if not held:
        typer.echo(f"Nobody holds {stack}.")
        return
    for found in held:
        here = found.host == os.uname().nodename
        if found.is_dead:
            typer.echo(f"{stack} is locked by {found}. That process is dead: releasing is right.")
        elif here:
            raise DomainError(
                f"{stack} is locked by {found}, and that process is alive.",
                "Nothing was released: two runs at once would spoil the state. Wait for it, or end it first.",
            )
        elif not owner_is_gone:
            raise DomainError(
                f"{stack} is locked by {found}. Whether it still runs can't be seen from here.",
                f"Nothing was released. Look there; once it is gone: vps unlock {stack} --owner-is-gone",
            )
        else:
            typer.echo(f"{stack} is locked by {found}. You say that it is gone.")
    consent(f"Release the lock of {stack}?", given=yes)
    for found in held:
        lock.release(found)
    typer.echo(f"{stack} is free. Run `vps up {stack}`: it goes on where the other run ended.")
