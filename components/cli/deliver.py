"""`vps deliver`: wait for the first boot of VPSs, do what only the controller can do for it, and say how it went."""

import datetime as dt
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.domain.fleet import Fleet
    from components.guest.hearing import Heard, Line

    Step = Callable[[Fleet, Line], str]
    """What the controller does for a delivery: safe to run again; says in words what it did, nothing when it is done
    already. Raises an error while it can't be done yet."""

LOOK_S = 2.0
RETRY_S = 20.0
"""Between two attempts of a controller's step that could not be done yet."""
ANNOUNCED = re.compile(r"VPS (?:NOT )?READY .*")
"""What a first boot says on the serial console."""
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
    from concurrent.futures import ThreadPoolExecutor

    from components.cli.guests import choose

    ends = time.monotonic() + seconds(wait)
    chosen = choose(what, fleet)
    steps = _steps()
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            typer.echo(line)

    with ThreadPoolExecutor(max_workers=16) as pool:
        watching = [pool.submit(Watch(chosen.fleet, line, steps, say).until, ends) for line in chosen.lines]
        try:
            done = [one.result() for one in watching]
        except KeyboardInterrupt:
            Watch.is_cut.set()
            raise
    for line, (heard, _) in zip(chosen.lines, done, strict=True):
        _show(line.title, heard)
    missing = [line.title for line, (_, is_done) in zip(chosen.lines, done, strict=True) if not is_done]
    if missing:
        typer.echo(f"not delivered: {', '.join(missing)}. It goes on by itself: vps deliver {what}", err=True)
    raise typer.Exit(1 if missing else 0)


class Watch:
    """One VPS on its way: tells each change once."""

    is_cut = threading.Event()
    """Set when whoever waits went away."""

    def __init__(self, fleet: "Fleet", line: "Line", steps: "Sequence[Step]", say: Callable[[str], None]) -> None:
        self._fleet = fleet
        self._line = line
        self._say = say
        self._told: dict[str, str] = {}
        self._steps = list(steps)
        self._next_try = 0.0

    def until(self, ends: float) -> "tuple[Heard, bool]":
        """What it said last, and whether it is delivered and the controller's part is done."""
        from components.guest.hearing import hear_one

        while True:
            heard = hear_one(self._fleet, self._line)
            self._tell(heard)
            if heard.report is not None:
                self._act(heard.report.delivery.is_done)
            is_done = heard.report is not None and heard.report.delivery.is_done and not self._steps
            hopeless = heard.power in ("missing", "off")
            if is_done or hopeless or time.monotonic() >= ends or self.is_cut.wait(LOOK_S):
                return heard, is_done

    def _tell(self, heard: "Heard") -> None:
        from components.report.guest import delivered

        if heard.report is not None:
            self._once("guest", delivered(heard.report))
            if heard.report.delivery.state == "failed":
                self._once("log", *(f"  | {line}" for line in heard.report.delivery.log[-10:]))
            return
        self._once("guest", f"says nothing yet: {heard.silent}")
        announced = [found.group() for line in heard.console for found in ANNOUNCED.finditer(line)]
        if announced:
            self._once("console", f"on its serial console: {announced[-1]}")

    def _act(self, is_delivered: bool) -> None:
        """Do what is left of the controller's steps, those that could not be done once more after a while.

        Before the guest is delivered that they can't is no news: what they need is made by its first boot.
        """
        from components.domain.problems import DomainError
        from components.drivers.errors import DriverError

        if time.monotonic() < self._next_try:
            return
        left: list[Step] = []
        for step in self._steps:
            try:
                words = step(self._fleet, self._line)
            except (DomainError, DriverError, OSError) as problem:
                if is_delivered:
                    self._once(f"step {len(left)}", f"not yet: {problem}")
                left.append(step)
                continue
            if words:
                self._say(f"{self._line.title}: {words}")
        self._steps = left
        self._next_try = time.monotonic() + RETRY_S

    def _once(self, topic: str, *lines: str) -> None:
        text = "\n".join(lines)
        if lines and self._told.get(topic) != text:
            self._told[topic] = text
            for line in lines:
                self._say(f"{self._line.title}: {line}")


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

    return [enrol]


def _show(title: str, heard: "Heard") -> None:
    from rich.console import Console

    from components.report.guest import show

    typer.echo(f"{title}:")
    show(heard, Console(soft_wrap=True, highlight=False), dt.datetime.now(dt.UTC))
