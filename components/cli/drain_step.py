"""One step of a drain: looked at once more at its own turn, held to what was agreed on, then moved."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from components.cli.drain_progress import LEFT_TO_DO, Progress, Stand, progress, waits
from components.domain.problems import DomainError

if TYPE_CHECKING:
    from components.config.drain_file import Wanted
    from components.config.loader import Loaded


class NotBegun(DomainError):  # noqa: N818 - named as people say it
    """An apply of the client's stack would do more than the step, or nobody can tell: nothing of it was touched."""


def carry(folder: Path, host: str, step: "Wanted", agreed: "Mapping[str, Wanted]", name: str, *, now: bool) -> str:
    """One VPS: its file, then the world, then a look whether it is so. Why it was left alone; empty when it is there.

    Those before it may have taken hours, so everything is read again. `agreed` are the steps of this run by title: a
    yes to them is a yes to nothing else. Raises NotBegun, DomainError, and whatever `vps move` and `vps up` do.
    """
    import datetime as dt

    from components.cli.move import move
    from components.config.loader import load

    loaded = load(folder)
    (one,) = progress(loaded, host, (step,))
    if one.stand not in LEFT_TO_DO:
        return str(one)
    if not now and (wait := waits(one, dt.datetime.now(dt.UTC))):
        return f"{one}: {wait}"
    if not one.is_new:
        _need_nothing_else(loaded, host, one, agreed)
    typer.echo(f"{name}: {step.title} to {step.to}")
    if one.stand is Stand.MOVE:
        move(vps=step.title, host=step.to, live=step.live, fleet=folder)
    if one.is_new:
        return f"{step.title} was never made: its file places it on {step.to} now"
    _up(folder, step)
    (after,) = progress(load(folder, only=(step.client,), judge=False), host, (step,))
    if after.stand is not Stand.DONE and not (after.stand is Stand.UP and _untold(folder, step)):
        raise DomainError(f"{after}, though `vps up` went well.", f"See: vps show {step.title}")
    return ""


def _need_nothing_else(loaded: "Loaded", host: str, one: Progress, agreed: "Mapping[str, Wanted]") -> None:
    """Raises NotBegun when an apply of the client's stack would do more than what was agreed on, or nobody can tell.

    An apply takes in whatever waits in the client's file: another VPS may be installed anew, or end.
    """
    from components.domain.names import client_stack
    from components.engine.outlook import outlook
    from components.engine.preview import previewed
    from components.engine.project import project_of
    from components.engine.run import Engine

    engine, stack = Engine.of(project_of(loaded.folder), loaded.fleet.hosts.values()), client_stack(one.step.client)
    found = outlook(engine.environment, loaded, stack)
    changes = found.changes if found is not None else previewed(engine, stack)
    more = [f"{title}: {word}" for title, word in _beyond(changes, host, one, agreed)]
    if more:
        told = "\n  ".join(more)
        raise NotBegun(
            f"{one.step.title} was not begun: `vps up {stack}`, which moves it, would do more than that:\n  {told}.",
            f"Apply that first, or withdraw it: vps preview {stack}. Then run the plan again: it goes on there.",
        )


def _beyond(
    changes: Mapping[str, tuple[str, ...]], host: str, one: Progress, agreed: "Mapping[str, Wanted]"
) -> list[tuple[str, str]]:
    """What is none of the moves that were agreed on. Of a move that was cut everything about its VPS belongs to it."""
    from components.engine.outlook import RECORDED

    found = []
    for title, words in changes.items():
        going = agreed.get(title)
        for word in words:
            is_own = one.is_cut and title == one.step.title
            if not (is_own or word == RECORDED or (going is not None and _is_move(word, host, going))):
                found.append((title, word))
    return found


def _is_move(word: str, host: str, step: "Wanted") -> bool:
    """Whether a consequence is this step and no other; a guest that shall keep running is not shut down by it."""
    begins = f"host: {host} -> {step.to}: moved"
    return word.startswith(begins) and not (step.live and word.startswith(f"{begins}:"))


def _up(folder: Path, step: "Wanted") -> None:
    from components.cli.stack import up
    from components.domain.names import client_stack

    try:
        up(stack=client_stack(step.client), fleet=folder, yes=True)
    except typer.Exit as ended:
        if ended.exit_code:
            raise DomainError(
                f"{step.title} is not on {step.to}: `vps up {client_stack(step.client)}` ended with "
                f"{ended.exit_code}; its own words stand above.",
                "Mend that, then run the plan again: it goes on there.",
            ) from ended


def _untold(folder: Path, step: "Wanted") -> bool:
    """Whether state can't be read from here, so that a run of the engine that went well is all there is to know."""
    from components.cli.whereabouts import Whereabouts
    from components.config.loader import load

    loaded = load(folder, only=(step.client,), judge=False)
    client = loaded.fleet.clients[step.client]
    return Whereabouts(loaded, (step.client,)).recorded(client, client.vps[step.vps]) is None
