"""The table that people read, and the same as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.figures import Gap, Line

HEAD = ("row", "what", "N", "median", "min - max", "runs", "cpu", "peak MiB", "ratio", "budget", "verdict")
OVER, CANNOT = 1, 3
"""Exit statuses: a budget is exceeded; something could not be measured. 0 is neither."""


def status(results: Sequence[Line | Gap]) -> int:
    """What the whole run ends with."""
    if any(isinstance(result, Gap) for result in results):
        return CANNOT
    return OVER if any(isinstance(result, Line) and not result.is_kept for result in results) else 0


def text(results: Sequence[Line | Gap]) -> str:
    """Columns, one line per measurement; gaps and notes below their row's lines."""
    cells = [HEAD, *(_cells(result) for result in results if isinstance(result, Line))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    def row(columns: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(columns, widths, strict=True)).rstrip()

    shown = [row(HEAD), row(["-" * width for width in widths])]
    for result in results:
        if isinstance(result, Gap):
            shown.append(f"{result.row}  NOT MEASURED: {result.why}")
            continue
        shown.append(row(_cells(result)))
        if result.note:
            shown.append(f"{'':{widths[0]}}  {result.note}")
    return "\n".join(shown)


def document(machine: Mapping[str, str], versions: Mapping[str, str], results: Sequence[Line | Gap]) -> dict[str, Any]:
    """Everything, raw times included."""
    return {
        "machine": dict(machine),
        "versions": dict(versions),
        "lines": [_values(result) for result in results if isinstance(result, Line)],
        "not_measured": [{"row": result.row, "why": result.why} for result in results if isinstance(result, Gap)],
        "status": status(results),
    }


def _cells(line: Line) -> tuple[str, ...]:
    times = line.times
    over = [
        f"OVER by {budget.value / budget.limit - 1:.0%}" if budget.unit != "x" else f"OVER: {budget.value:.2f}"
        for budget in line.budgets
        if not budget.is_kept
    ]
    return (
        line.row,
        line.what,
        f"{line.n:,}",
        _seconds(times.median),
        f"{_seconds(min(times.walls))} - {_seconds(max(times.walls))}",
        str(len(times.runs)),
        _seconds(times.cpu),
        "" if line.peak_mib is None else f"{line.peak_mib:.0f}",
        line.ratio,
        ", ".join(map(str, line.budgets)),
        ", ".join(over) or ("ok" if line.budgets else ""),
    )


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 100 else f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def _values(line: Line) -> dict[str, Any]:
    return {
        "row": line.row,
        "what": line.what,
        "n": line.n,
        "seconds": line.times.walls,
        "cpu_seconds": [run.cpu for run in line.times.runs],
        "median_s": line.times.median,
        "peak_mib": line.peak_mib,
        "ratio": line.ratio,
        "budgets": [
            {"value": budget.value, "limit": budget.limit, "unit": budget.unit, "of": budget.of, "ok": budget.is_kept}
            for budget in line.budgets
        ],
        "note": line.note,
    }
