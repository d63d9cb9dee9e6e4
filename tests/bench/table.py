"""The table that people read, and the same as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.figures import Gap, Line, Sheet

Result = Line | Sheet | Gap

HEAD = ("row", "what", "N", "median", "min - max", "runs", "cpu", "peak MiB", "ratio", "budget", "verdict")
OVER, CANNOT = 1, 3
"""Exit statuses: a budget is exceeded; something could not be measured. 0 is neither."""


def status(results: Sequence[Result]) -> int:
    """What the whole run ends with."""
    if any(isinstance(result, Gap) for result in results):
        return CANNOT
    over = [result for result in results if isinstance(result, Line) and not result.is_kept]
    return OVER if over or any(isinstance(result, Sheet) and result.broken for result in results) else 0


def text(results: Sequence[Result]) -> str:
    """Columns, one line per measurement; gaps and notes below their row's lines."""
    lines = [_cells(result) for result in results if isinstance(result, Line)]
    widths = [max(map(len, column)) for column in zip(HEAD, *lines, strict=True)]
    shown = [_row(HEAD, widths), _row(["-" * width for width in widths], widths)]
    for result in results:
        if isinstance(result, Gap):
            shown.append(f"{result.row}  NOT MEASURED: {result.why}")
        elif isinstance(result, Line):
            shown.append(_row(_cells(result), widths))
            if result.note:
                shown.append(f"{'':{widths[0]}}  {result.note}")
    sheets = [_sheet(result) for result in results if isinstance(result, Sheet)]
    return "\n\n".join(["\n".join(shown), *sheets] if len(shown) > 2 or not sheets else sheets)


def _row(columns: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(columns, widths, strict=True)).rstrip()


def _sheet(sheet: Sheet) -> str:
    widths = [max(map(len, column)) for column in zip(sheet.head, *sheet.rows, strict=True)]
    shown = [sheet.title, _row(sheet.head, widths), _row(["-" * width for width in widths], widths)]
    shown += [_row(row, widths) for row in sheet.rows]
    shown += [f"BROKEN: {words}" for words in sheet.broken]
    return "\n".join([*shown, *sheet.notes])


def document(machine: Mapping[str, str], versions: Mapping[str, str], results: Sequence[Result]) -> dict[str, Any]:
    """Everything, raw times included."""
    return {
        "machine": dict(machine),
        "versions": dict(versions),
        "lines": [_values(result) for result in results if isinstance(result, Line)],
        "sheets": [
            {"row": result.row, "title": result.title, "broken": list(result.broken), **result.values}
            for result in results
            if isinstance(result, Sheet)
        ],
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
