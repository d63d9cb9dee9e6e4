"""How a run of the benchmark was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`scratch` is a folder that is removed afterwards; `say` tells the one who waits what is going on.

    `fake`: there is no root and no hypervisor.
    """

    scratch: Path
    runs: int
    quick: bool
    say: Callable[[str], None]
    fake: bool = False

    @property
    def warm_up(self) -> bool:
        return not self.quick

    def few(self, most: int) -> int:
        """How often something slow runs: never more than `most`, once when quick."""
        return min(self.runs, most)
