"""Row `faults`: the tests of faults, counted: how many struck, and how many machines, disks and promises they cost."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from components.engine.project import CHECKOUT
from tests.bench.figures import CannotMeasure, Sheet
from tests.bench.options import Options
from tests.faults.report import HEAD, PROPERTY, rows

DEADLINE_S = 1800


def sheets(options: Options) -> Iterator[Sheet]:
    """One table, from the tests' own counts; a test that fails breaks its promise. Quick: fake hosts alone."""
    options.say("faults: running the tests of faults")
    told = options.scratch / "faults.xml"
    left_out = ["lab"] * options.fake + ["lab", "engine"] * options.quick
    chosen = ["-m", " and ".join(f"not {mark}" for mark in dict.fromkeys(left_out))] if left_out else []
    command = [sys.executable, "-m", "pytest", "tests/faults", "-q", "-n", "2", "--dist", "loadfile", *chosen]
    done = subprocess.run(
        [*command, f"--junitxml={told}", "-p", "no:cacheprovider"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    if done.returncode not in (0, 1) or not told.exists():
        said = "; ".join(done.stdout.strip().splitlines()[-3:])
        raise CannotMeasure(f"the tests of faults can't be run: {said}")
    yield sheet(told)


def sheet(told: Path) -> Sheet:
    """The table of a run that pytest wrote down as JUnit's XML."""
    cases = list(ET.parse(told).getroot().iter("testcase"))
    counts = [
        found.attrib["value"] for case in cases for found in case.iter("property") if found.attrib["name"] == PROPERTY
    ]
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    table = rows(counts)
    broken = [f"{case.attrib['name']} failed" for case in failed]
    broken += [f"on {row[0]}: {', '.join(row[2:])}" for row in table if any(cell != "0" for cell in row[2:])]
    return Sheet(
        row="faults",
        title="Faults injected at every step of a driver, and what they cost after one more run",
        head=HEAD,
        rows=tuple(table),
        broken=tuple(broken),
        notes=(f"{len(cases) - len(failed)} of {len(cases)} tests passed",),
        values={"counts": [json.loads(count) for count in counts]},
    )
