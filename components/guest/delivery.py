"""A first boot followed from outside: each change told once, and what only the controller can do for it."""

import re
import time
from collections.abc import Callable, Sequence

from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.drivers.errors import DriverError
from components.guest.hearing import MISSING, Heard, Line, hear_one

Step = Callable[[Fleet, Line], str]
"""What the controller does for a delivery, safe to run again: in words what it did, nothing where it was done already.
Raises DomainError, DriverError or OSError while it can't be done yet."""

LOOK_S = 2.0
"""Between two questions; or as long as the last one took, because a guest that is slow to answer boots more slowly."""
PATIENCE_S = 120.0
"""How long a guest in its first boot may take for an answer: it has other things to do."""
RETRY_S = 20.0
"""Between two attempts of a controller's step that could not be done yet."""
ANNOUNCED = re.compile(r"VPS (?:NOT )?READY .*")
"""What a first boot says on the serial console."""


class Watch:
    """One VPS on its way: tells each change once."""

    def __init__(self, fleet: Fleet, line: Line, steps: Sequence[Step], say: Callable[[str], None]) -> None:
        self._fleet = fleet
        self._line = line
        self._say = say
        self._told: dict[str, str] = {}
        self._steps = list(steps)
        self._next_try = 0.0

    def until(self, ends: float) -> tuple[Heard, bool]:
        """What it said last, and whether it is delivered and the controller's part is done."""
        while True:
            asked = time.monotonic()
            heard = hear_one(self._fleet, self._line, deadline_s=PATIENCE_S)
            pause = max(LOOK_S, time.monotonic() - asked)
            self._tell(heard)
            if heard.report is not None:
                self._act(heard.report.delivery.is_done)
            is_done = heard.report is not None and heard.report.delivery.is_done and not self._steps
            hopeless = heard.power in (MISSING, "off")
            left = ends - time.monotonic()
            if is_done or hopeless or left <= 0:
                return heard, is_done
            time.sleep(min(pause, left))

    def _tell(self, heard: Heard) -> None:
        if heard.report is not None:
            self._once("guest", heard.report.delivery.words)
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
