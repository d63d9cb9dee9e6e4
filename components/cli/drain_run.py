"""Carries a drain plan out, one step at a time, by what `vps move` and `vps up` do.

How far anybody came is read from the clients' files and from state each time, so a run that was killed anywhere is gone
on with by the next; a plan that does not fit the fleet any more is refused before anything is touched.
"""

import datetime as dt
import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from components.cli.drain_progress import Progress, Stand, due, lives_on, misfits, progress, stand, strangers

if TYPE_CHECKING:
    from components.config.drain_file import Wanted
    from components.config.loader import Loaded

LEFT = 2
"""Exit status: everything that was tried went well, and somebody still lives on the host."""


def run(folder: Path, file: Path, *, look: bool, now: bool, yes: bool, as_json: bool) -> int:
    """Carry the plan in `file` out as far as its hours allow. Raises DomainError before anything that does not fit.

    0: the host is empty; LEFT: not yet. A step that fails raises what its command raised, once what is left was told.
    """
    from components.config.drain_file import read_steps
    from components.config.loader import load
    from components.domain.problems import DomainError

    loaded = load(folder)
    host, steps = read_steps(file, loaded.fleet.id)
    if host not in loaded.fleet.hosts:
        raise DomainError(f"{file} is about {host}, which is not declared.", "Nothing was touched.")
    found = progress(loaded, host, steps)
    problems = misfits(loaded, found)
    if look:
        _tell(loaded, host, found, problems, as_json=as_json)
        return _status(loaded, host, found)
    if problems:
        told = "\n".join(f"  {problem}" for problem in problems)
        raise DomainError(
            f"The plan in {file} does not fit the fleet any more:\n{told}",
            f"Nothing was touched. Plan anew: vps drain {host} --again",
        )
    with _alone(file):
        _carry_out(folder, host, found, now=now, yes=yes)
    after = load(folder)
    found = progress(after, host, steps)
    _tell(after, host, found, (), as_json=False)
    return _status(after, host, found)


def _carry_out(folder: Path, host: str, found: Sequence[Progress], *, now: bool, yes: bool) -> None:
    from components.cli.consent import consent

    moment = dt.datetime.now(dt.UTC)
    # What was begun and cut may have a guest that is down: it comes first, and waits for no hour.
    begun = [one for one in found if one.stand is Stand.UP]
    ready = [one for one in found if one.stand is Stand.MOVE and (now or not due(one.step, moment))]
    todo = [*begun, *ready]
    for one in found:
        if one.stand is Stand.SKIPPED:
            typer.echo(str(one))
    if not todo:
        return
    for one in todo:
        how = "live" if one.step.live else "its guest shut down if it runs"
        typer.echo(f"  {one.step.title}: {host} to {one.step.to}, {how}{', begun' if one in begun else ''}")
    consent(f"Move {len(todo)} VPS{'s' * (len(todo) != 1)} off {host}, one after the other?", given=yes)
    for number, one in enumerate(todo, 1):
        if one in ready and not now and (wait := due(one.step, dt.datetime.now(dt.UTC))):
            typer.echo(f"{one.step.title}: {wait}")
            continue
        typer.echo(f"step {number} of {len(todo)}: {one.step.title} to {one.step.to}")
        started = dt.datetime.now(dt.UTC)
        try:
            _step(folder, host, one)
        except BaseException:
            _tell_rest(host, [one, *todo[number:]])
            raise
        took = int((dt.datetime.now(dt.UTC) - started).total_seconds())
        typer.echo(f"step {number} of {len(todo)}: {one.step.title} is on {one.step.to} ({took} s)")


def _step(folder: Path, host: str, one: Progress) -> None:
    """One VPS: its file, then the world, then a look whether it is so. Raises whatever `vps move` and `vps up` do."""
    from components.cli.move import move
    from components.cli.stack import up
    from components.config.loader import load
    from components.domain.names import client_stack
    from components.domain.problems import DomainError

    step = one.step
    if one.stand is Stand.MOVE:
        move(vps=step.title, host=step.to, live=step.live, fleet=folder)
    try:
        up(stack=client_stack(step.client), fleet=folder, yes=True)
    except typer.Exit as ended:
        if ended.exit_code:
            raise DomainError(
                f"{step.title} is not on {step.to}: `vps up {client_stack(step.client)}` ended with "
                f"{ended.exit_code}; its own words stand above.",
                "Mend that, then run the plan again: it goes on there.",
            ) from ended
    after = stand(load(folder, only=(step.client,), judge=False), host, step)
    if after.stand is not Stand.DONE and not (after.stand is Stand.UP and _untold(folder, step)):
        raise DomainError(f"{after}, though `vps up` went well.", f"See: vps show {step.title}")


def _untold(folder: Path, step: "Wanted") -> bool:
    """Whether state can't be read from here, so that a run of the engine that went well is all there is to know."""
    from components.config.loader import load

    loaded = load(folder, only=(step.client,), judge=False)
    client = loaded.fleet.clients[step.client]
    return lives_on(loaded, client, client.vps[step.vps]) is None


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One run of a plan at a time; the kernel lets go when the process ends, however it does."""
    from components.domain.problems import DomainError

    with file.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another run carries {file} out right now."
            raise DomainError(message, f"Nothing was touched. To watch: vps drain --run {file} --look") from None
        yield


def _tell_rest(host: str, rest: Sequence[Progress]) -> None:
    typer.echo(f"stopped. Left of this run on {host}: {', '.join(one.step.title for one in rest)}", err=True)


def _tell(loaded: "Loaded", host: str, found: Sequence[Progress], problems: Sequence[str], *, as_json: bool) -> None:
    import json

    others, moment = strangers(loaded, host, found), dt.datetime.now(dt.UTC)
    if as_json:
        steps = [
            {"vps": one.step.title, "to": one.step.to, "stand": str(one.stand), "why": one.why or _waits(one, moment)}
            for one in found
        ]
        typer.echo(json.dumps({"host": host, "steps": steps, "others": others, "problems": list(problems)}, indent=2))
        return
    done = sum(one.stand is Stand.DONE for one in found)
    typer.echo(f"{host}: {done} of {len(found)} steps are done")
    for one in found:
        if one.stand is not Stand.DONE:
            waits = _waits(one, moment)
            typer.echo(f"  {one}{f' {waits}' if waits else ''}")
    for problem in problems:
        typer.echo(f"  does not fit any more: {problem}")
    for title in others:
        typer.echo(f"  {title} lives there, and the plan does not name it: vps drain {host} --again")
    if _status(loaded, host, found) == 0:
        typer.echo(f"No VPS is left on {host}. Its trash keeps their former disks: vps trash list {host}")


def _waits(one: Progress, moment: dt.datetime) -> str:
    return due(one.step, moment) if one.stand is Stand.MOVE else ""


def _status(loaded: "Loaded", host: str, found: Sequence[Progress]) -> int:
    left = any(one.stand in (Stand.MOVE, Stand.UP) for one in found)
    there = any(vps.host == host for _, vps in loaded.fleet.machines())
    return LEFT if left or there else 0
