"""`vps deliver`: wait for the first boot of VPSs, do what only the controller can do for it, and say how it went."""

import datetime as dt
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from components.guest.delivery import Step
    from components.guest.hearing import Heard

T = TypeVar("T")

UNITS = {"s": 1, "m": 60, "h": 3600}


def deliver(
    what: Annotated[str, typer.Argument(metavar="CLIENT[/VPS]")],
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    wait: Annotated[
        str, typer.Option(metavar="TIME", help="How long to wait at most: 90s, 30m, 2h; 0 looks once.")
    ] = "30m",
) -> None:
    """Act: wait until first boots are through, enrol what needs the controller, print health. Exit 0: all delivered."""
    from functools import partial

    from components.cli.guests import choose
    from components.guest.delivery import Watch

    ends = time.monotonic() + seconds(wait)
    chosen = choose(what, fleet)
    steps = _steps()
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            typer.echo(line)

    done = _side_by_side([partial(Watch(chosen.fleet, line, steps, say).until, ends) for line in chosen.lines])
    for line, (heard, _) in zip(chosen.lines, done, strict=True):
        _show(line.title, heard)
    missing = [line.title for line, (_, is_done) in zip(chosen.lines, done, strict=True) if not is_done]
    if missing:
        typer.echo(f"not delivered: {', '.join(missing)}. It goes on by itself: vps deliver {what}", err=True)
    raise typer.Exit(1 if missing else 0)


def _side_by_side(calls: "Sequence[Callable[[], T]]") -> "list[T]":
    """What each call returns. Whoever goes away meanwhile waits for none: their threads end with the process."""
    from concurrent.futures import Future

    def run(call: "Callable[[], T]", future: "Future[T]") -> None:
        try:
            future.set_result(call())
        except BaseException as problem:  # noqa: BLE001 - it is raised again where it is waited for
            future.set_exception(problem)

    futures: list[Future[T]] = [Future() for _ in calls]
    for call, future in zip(calls, futures, strict=True):
        threading.Thread(target=run, args=(call, future), name="delivery", daemon=True).start()
    return [future.result() for future in futures]


def seconds(text: str) -> float:
    """`90s`, `30m`, `2h` or a number of seconds. Raises DomainError for anything else."""
    from components.domain.problems import DomainError

    found = re.fullmatch(r"(\d{1,6})([smh]?)", text.strip())
    if found is None:
        raise DomainError(f"{text!r} is no time to wait.", "Write it like 90s, 30m or 2h.")
    return int(found[1]) * UNITS[found[2] or "s"]


def _steps() -> "list[Step]":
    """The controller's part of every delivery, in order. A room that has a part names it here and nowhere else."""
    from components.backups.enrolment import enrol
    from components.cli.access import after_restore

    return [enrol, after_restore]


def _show(title: str, heard: "Heard") -> None:
    from rich.console import Console

    from components.report.guest import show

    typer.echo(f"{title}:")
    show(heard, Console(soft_wrap=True, highlight=False), dt.datetime.now(dt.UTC))
