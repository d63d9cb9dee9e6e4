"""How long a guest was away: its page is asked for all the time, and says which boot it is.

`python -m tests.bench.downtime URL` runs inside the lab's network and writes a line for every answer.
"""

import itertools
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from components.engine.project import CHECKOUT
from components.lab.host import Lab
from tests.bench.figures import CannotMeasure

EVERY_S, WAIT_S = 0.05, 0.5
SILENCE_S = 1.5
"""An emulated guest on a busy machine may be slower than this to answer once; a longer silence was an absence."""
BOOT_S = 600


@dataclass(frozen=True, slots=True)
class Answer:
    """When (monotonic seconds) which boot and which disk answered."""

    at: float
    boot: str
    born: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Seconds without an answer, and whether another boot and another disk came back."""

    seconds: float
    rebooted: bool
    disk_lost: bool

    def __str__(self) -> str:
        words = ", rebooted" * self.rebooted + ", DISK LOST" * self.disk_lost
        return f"{self.seconds:.1f} s{words}" if self.seconds else f"0 s{words}"


class Watch:
    """Asks one guest as long as it is open."""

    def __init__(self, lab: Lab, address: str) -> None:
        command = [*lab.places.enter_network, sys.executable, "-m", "tests.bench.downtime", f"http://{address}/"]
        self._process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
        self._address = address
        self._answers: list[Answer] = []

    def answered(self, after: float = 0.0) -> Answer:
        """The next answer that came after that moment. Raises CannotMeasure when none comes."""
        assert self._process.stdout is not None
        began = time.monotonic()
        for line in self._process.stdout:
            found = json.loads(line)
            if found["boot"]:
                self._answers.append(Answer(found["at"], found["boot"], found["born"]))
                if found["at"] > after:
                    return self._answers[-1]
            elif found["at"] - began > BOOT_S:
                break
        raise CannotMeasure(f"the guest at {self._address} did not answer within {BOOT_S} s")

    def absence(self, since: float) -> Absence:
        """The longest silence from `since` until the guest answers again."""
        last = self.answered(time.monotonic())
        seen = [answer for answer in self._answers if answer.at >= since - SILENCE_S]
        gaps = [later.at - sooner.at for sooner, later in itertools.pairwise(seen)]
        rebooted = seen[0].boot != last.boot
        longest = max(gaps, default=0.0)
        return Absence(
            seconds=longest if rebooted or longest > SILENCE_S else 0.0,
            rebooted=rebooted,
            disk_lost=seen[0].born != last.born,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def first_answer(address: str, lab: Lab) -> Answer:
    """Wait until the guest answers for the first time."""
    with Watch(lab, address) as watch:
        return watch.answered()


def main(arguments: Sequence[str]) -> None:
    """Ask until killed; a line of JSON for each answer, and for each second of silence."""
    url, told = arguments[0], 0.0
    while True:
        began = time.monotonic()
        boot = born = ""
        try:
            with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
                page = dict(line.split("=", 1) for line in answer.read(4096).decode().splitlines() if "=" in line)
            boot, born = page["boot-id"], page["born"]
        except (OSError, urllib.error.URLError, KeyError, ValueError):
            pass
        if boot or began - told > 1:
            told = began
            sys.stdout.write(json.dumps({"at": time.monotonic(), "boot": boot, "born": born}) + "\n")
            sys.stdout.flush()
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main(sys.argv[1:])
