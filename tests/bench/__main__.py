"""`./run bench`: what the budgets promise, measured.

Prints the machine, the versions and one line per measurement: runs in turn, median, spread, peak memory, ratio to a
peer or to half the work, budget. Exit status: 0 every budget is kept, 1 one is not, 3 something could not be measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from components.domain.problems import DomainError
from components.engine.location import EngineError
from tests.bench import (
    command,
    engine,
    faults,
    guests,
    lab,
    listing,
    machine,
    placing,
    policies,
    scan,
    seeds,
    side_by_side,
    table,
)
from tests.bench.figures import CannotMeasure, Gap, Line, Sheet
from tests.bench.options import Options

ROWS: dict[str, Callable[[Options], Iterator[Line | Sheet]]] = {
    "help": command.help_line,
    "check": command.check_lines,
    "list": listing.lines,
    "place": placing.lines,
    "placement": placing.sheets,
    "policies": policies.lines,
    "seeds": seeds.lines,
    "engine": engine.lines,
    "scan": scan.lines,
    "lab": lab.lines,
    "peers": side_by_side.sheets,
    "guests": guests.lines,
    "faults": faults.sheets,
}

NEED_ROOT = ("scan", "lab", "peers", "guests")
"""Rows that bring up a lab."""


def main() -> int:
    """Measure what was asked for; the exit status."""
    parser = argparse.ArgumentParser(
        prog="./run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="ROW", action="append", choices=ROWS, help=f"one of {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="every run once, fewer machines in the lab")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each line (slow ones: at most 3)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything, raw times included")
    parser.add_argument(
        "--fake", action="store_true", help="no root, no hypervisor: without the rows scan, lab, peers and guests"
    )
    asked = parser.parse_args()
    if asked.runs < 1:
        parser.error("--runs must be at least 1")
    rows = asked.only or [row for row in ROWS if not (asked.fake and row in NEED_ROOT)]
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begun:5.0f} s] {text}", file=sys.stderr, flush=True)

    say("looking at the machine")
    found, versions = machine.machine(), machine.versions()
    with tempfile.TemporaryDirectory(prefix="vps-bench-") as scratch:
        runs = 1 if asked.quick else asked.runs
        options = Options(scratch=Path(scratch), runs=runs, quick=asked.quick, fake=asked.fake, say=say)
        results = [result for row in rows for result in _measured(row, options)]
    found["load"] += f" before, {machine.load()} after"
    for title, facts in (("machine", found), ("versions", versions)):
        print("\n".join([title, *(f"  {name:<13} {text}" for name, text in facts.items()), ""]))
    print(table.text(results))
    if asked.fake:
        print(f"\nNot asked for because of --fake: the rows {', '.join(NEED_ROOT)}.")
    if asked.json:
        asked.json.write_text(json.dumps(table.document(found, versions, results), indent=1) + "\n", encoding="utf-8")
    return table.status(results)


def _measured(row: str, options: Options) -> Iterator[table.Result]:
    """The lines of a row as far as it comes; why it comes no further is one of them."""
    options.say(row)
    try:
        yield from ROWS[row](options)
    except (CannotMeasure, DomainError, EngineError, OSError, subprocess.SubprocessError) as error:
        yield Gap(row=row, why=str(error))
    except Exception as error:  # the other rows are still worth having
        yield Gap(row=row, why=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
