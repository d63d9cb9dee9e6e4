"""What a run of these tests says in the end: how many faults struck, and what was lost by them."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.faults.view import KINDS, Problem

PROPERTY = "faults"
"""Under this name each test leaves its count: where, how many struck, and what was found by kind."""

HEAD = ("on", "faults injected", *(f"{kind}s" if kind in ("orphan", "twin") else kind for kind in KINDS))


def said(on: str, injected: int, found: Iterable[Problem]) -> str:
    """One test's count, as text that survives every way to the report."""
    return json.dumps({"on": on, "injected": injected, **Counter(problem.kind for problem in found)})


def rows(counts: Sequence[str]) -> list[tuple[str, ...]]:
    """The table: a row for each kind of host."""
    added: dict[str, Counter[str]] = {}
    for count in counts:
        values = json.loads(count)
        added.setdefault(values.pop("on"), Counter()).update(values)
    return [(on, str(sums["injected"]), *(str(sums[kind]) for kind in KINDS)) for on, sums in sorted(added.items())]
