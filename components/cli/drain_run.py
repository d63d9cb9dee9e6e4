"""Carries a drain plan out, one step at a time, by what `vps move` and `vps up` do.

How far anybody came is read from the clients' files and from state each time, so a run that was killed anywhere is gone
on with by the next; a plan that does not fit the fleet any more is refused before anything is touched.
"""

import datetime as dt
import fcntl
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from components.cli.drain import need_host
from components.cli.drain_progress import LEFT_TO_DO, Progress, Stand, misfits, progress, strangers, waits

if TYPE_CHECKING:
    from components.config.loader import Loaded

LEFT = 2
"""Exit status: everything that was tried went well, and somebody still lives on the host, or may."""


def run(folder: Path, file: Path, *, look: bool, now: bool, yes: bool, as_json: bool) -> int:
    """Carry the plan in `file` out as far as its hours allow. Raises DomainError before anything that does not fit.

    0: the host is empty, as it says itself; LEFT: not yet, or nobody can tell.
    1: a step was not begun, since more than it waits in its client's file; all others were. One that fails raises what
    its command raised, once what is left was told.
    """
    from components.cli.placing import states
    from components.config.drain_file import read_steps
    from components.config.loader import load
    from components.domain.operations import HostState
    from components.domain.problems import DomainError

    if not file.exists() and (folder / file).is_file():
        file = folder / file
    # Whoever carries it out is alone before anything is read: what is left would be another's a moment later.
    with nullcontext() if look else _alone(file):
        loaded = load(folder)
        host, steps = read_steps(file, loaded.fleet.id)
        need_host(loaded, host)
        found = progress(loaded, host, steps)
        known = states(loaded.folder)
        problems = misfits(loaded, found, known)
        if known.state(host) is HostState.ACTIVE and any(one.stand in LEFT_TO_DO for one in found):
            note = f"note: {host} is not known to be draining, so new VPSs may be placed there meanwhile:"
            typer.echo(f'{note} vps host set {host} draining --reason "…"', err=True)
        if look:
            return _tell(loaded, host, found, problems, as_json=as_json)
        if problems:
            told = "\n".join(f"  {problem}" for problem in problems)
            raise DomainError(
                f"The plan in {file} does not fit the fleet any more:\n{told}",
                f"Nothing was touched. Plan anew: vps drain {host} --again",
            )
        refused = _carry_out(folder, file, host, found, now=now, yes=yes)
    after = load(folder)
    need_host(after, host)
    found = progress(after, host, steps)
    status = _tell(after, host, found, (), as_json=False)
    return 1 if refused else status


def _carry_out(folder: Path, file: Path, host: str, found: Sequence[Progress], *, now: bool, yes: bool) -> bool:
    """Whether a step was refused before anything of it was touched: everybody else still goes."""
    from components.cli.consent import consent
    from components.cli.drain_step import NotBegun, carry

    moment = dt.datetime.now(dt.UTC)
    # What was begun and cut may have a guest that is down: it comes first, and waits for no hour.
    begun = [one for one in found if one.is_cut]
    ready = [one for one in found if one.stand in LEFT_TO_DO and not one.is_cut and (now or not waits(one, moment))]
    todo = [*begun, *ready]
    for one in found:
        if one.stand is Stand.SKIPPED:
            typer.echo(str(one))
    if not todo:
        return False
    for one in todo:
        how = "live" if one.step.live else "its guest shut down if it runs"
        far = ", begun" if one.is_cut else ", its file says so already" if one.stand is Stand.UP else ""
        typer.echo(f"  {one.step.title}: {host} to {one.step.to}, {how}{far}")
    consent(f"Move {len(todo)} VPS{'s' * (len(todo) != 1)} off {host}, one after the other?", given=yes)
    agreed = {one.step.title: one.step for one in todo}
    refused = False
    for number, one in enumerate(todo, 1):
        started = dt.datetime.now(dt.UTC)
        try:
            not_done = carry(folder, host, one.step, agreed, f"step {number} of {len(todo)}", now=now)
        except NotBegun as problem:
            typer.echo(f"error: {problem}", err=True)
            refused = True
            continue
        except BaseException:
            _tell_rest(file, host, [one, *todo[number:]])
            raise
        took = int((dt.datetime.now(dt.UTC) - started).total_seconds())
        ended = not_done or f"{one.step.title} is on {one.step.to} ({took} s)"
        typer.echo(f"step {number} of {len(todo)}: {ended}")
    return refused


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One run of a plan at a time; the kernel lets go when the process ends, however it does."""
    from components.domain.problems import DomainError

    try:
        stream = file.open("rb")
    except OSError as problem:
        raise DomainError(f"{file} can't be read: {problem.strerror}.", "Nothing was touched.") from problem
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another run carries {file} out right now."
            raise DomainError(message, f"Nothing was touched. To watch: vps drain --run {file} --look") from None
        yield


def _tell_rest(file: Path, host: str, rest: Sequence[Progress]) -> None:
    typer.echo(f"stopped. Left of this run on {host}: {', '.join(one.step.title for one in rest)}", err=True)
    typer.echo("What was begun stands in its client's file: look it over and commit it.", err=True)
    typer.echo(f"To go on from there: vps drain --run {shlex.quote(str(file))}", err=True)


def _tell(loaded: "Loaded", host: str, found: Sequence[Progress], problems: Sequence[str], *, as_json: bool) -> int:
    """Say how far it is, and give the exit status: 0 only where the host itself answered that it holds nobody."""
    import json

    from components.cli.occupants import occupants

    others, moment = strangers(loaded, host, found), dt.datetime.now(dt.UTC)
    left = any(one.stand in LEFT_TO_DO or one.is_there for one in found)
    left = left or any(vps.host == host for _, vps in loaded.fleet.machines())
    there = [] if left else occupants(loaded, host)
    status = LEFT if left or there else 0
    if as_json:
        steps = [
            {"vps": one.step.title, "to": one.step.to, "stand": str(one.stand), "why": one.why or waits(one, moment)}
            for one in found
        ]
        told = {"host": host, "steps": steps, "others": others, "there": there, "problems": list(problems)}
        typer.echo(json.dumps(told, indent=2))
        return status
    done = sum(one.stand is Stand.DONE for one in found)
    typer.echo(f"{host}: {done} of {len(found)} steps are done")
    for one in found:
        if one.stand is not Stand.DONE:
            wait = waits(one, moment)
            typer.echo(f"  {one}{f': {wait}' if wait else ''}")
    for problem in problems:
        typer.echo(f"  does not fit any more: {problem}")
    for title in others:
        typer.echo(f"  {title} lives there, and the plan does not name it: vps drain {host} --again")
    for words in there:
        typer.echo(f"  {words}")
    if status == 0:
        typer.echo(f"No VPS is left on {host}. Its trash keeps their former disks: vps trash list {host}")
    return status
