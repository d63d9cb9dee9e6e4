"""Times, their ratios and their budgets: what one line of the benchmark says, and whether it is good enough."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

GROWTH = 2.3
"""The most that t(2N)/t(N) may be: more means that something grows faster than the work."""


class CannotMeasure(Exception):  # noqa: N818 - named as the table says it
    """A row can't be measured on this machine; the message says why and what would help."""


class Sample(NamedTuple):
    """One run: seconds that passed, and seconds of processor that it and the processes that it started took."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Times:
    """Every counted run, in the order in which they ran."""

    runs: tuple[Sample, ...]

    @property
    def walls(self) -> list[float]:
        return [run.wall for run in self.runs]

    @property
    def median(self) -> float:
        """Seconds that passed: what budgets speak of."""
        return statistics.median(self.walls)

    @property
    def cpu(self) -> float:
        """Processor seconds, median: on a busy machine the figure to compare."""
        return statistics.median(run.cpu for run in self.runs)

    def ratio(self, base: "Times", *, scale: float = 1.0) -> float:
        """How many times `base` this took: the median of the pairs that ran one after the other.

        Pairs, because a shared machine's speed drifts: two medians may come from different weathers. `scale` is
        multiplied in, for ratios per item.
        """
        pairs = zip(self.walls, base.walls, strict=True)
        return statistics.median(ours / other for ours, other in pairs) * scale


@dataclass(frozen=True, slots=True)
class Budget:
    """One promise: `value` may be at most `limit`, both in `unit` (`s`, `MiB`, `x` for a ratio)."""

    value: float
    limit: float
    unit: str
    of: str = ""

    @property
    def is_kept(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        number = f"{self.limit:.3g}"
        text = f"{number} x {self.of}".strip() if self.unit == "x" else f"{number} {self.unit}"
        return f"<= {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measured line of the table. `peak_mib` is the sum over all processes of one run; None when not asked."""

    row: str
    what: str
    n: int
    times: Times
    peak_mib: float | None = None
    ratio: str = ""
    budgets: tuple[Budget, ...] = field(default=())
    note: str = ""

    @property
    def is_kept(self) -> bool:
        return all(budget.is_kept for budget in self.budgets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of its own below the lines: a comparison, or counts. `broken` says in words which promises it breaks."""

    row: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    """Raw figures, for the JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A row, or its rest, that could not be measured, and why."""

    row: str
    why: str


def growth(more: Times, once: Times, factor: int = 2) -> Budget:
    """The promise on t(2N)/t(N); of `factor` times as much, that of so many doublings one after the other."""
    return Budget(more.ratio(once), GROWTH ** math.log2(factor), "x", "t(N)")


def in_turn(actions: Sequence[Callable[[], Sample]], runs: int, *, warm_up: bool) -> list[Times]:
    """Run all actions one after the other, `runs` times round; each says what it took.

    With `warm_up` one more round comes first and is not counted.
    """
    if warm_up:
        for action in actions:
            action()
    rounds = [[action() for action in actions] for _ in range(runs)]
    return [Times(tuple(column)) for column in zip(*rounds, strict=True)]
