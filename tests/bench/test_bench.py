"""The benchmark's own arithmetic, its fleets, and what it says when something can't be measured."""

import html
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from components.config.loader import load
from components.lab.example import CLIENT, make_fake_project
from tests.bench import __main__ as bench
from tests.bench import fleets, table
from tests.bench.downtime import Absence
from tests.bench.faults import sheet
from tests.bench.figures import Budget, CannotMeasure, Gap, Line, Sample, Sheet, Times, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command
from tests.bench.side_by_side import Pair
from tests.faults.report import PROPERTY, said
from tests.faults.view import LOST, Problem


def times(*walls):
    return Times(tuple(Sample(wall, wall / 2) for wall in walls))


def line(budget, **more):
    return Line(row="r", what="w", n=1000, times=times(1.0, 3.0, 2.0), budgets=(budget,), **more)


def test_median_is_of_walls_and_cpu_apart():
    found = times(5.0, 1.0, 2.0)
    assert (found.median, found.cpu) == (2.0, 1.0)


def test_ratio_pairs_runs_of_the_same_round():
    """A round in bad weather slows both: medians of columns would say 0.5 here, every pair says 2."""
    ours, base = times(2.0, 20.0, 2.0), times(1.0, 10.0, 1.0)
    assert ours.ratio(base) == 2.0
    assert times(2.0, 4.0).ratio(times(1.0, 1.0), scale=10) == 30.0


def test_ratio_refuses_runs_without_partner():
    with pytest.raises(ValueError, match="shorter"):
        times(1.0, 2.0).ratio(times(1.0))


def test_growth_beyond_the_budget_is_seen():
    assert growth(times(2.2), times(1.0)).is_kept
    assert not growth(times(2.4), times(1.0)).is_kept
    assert growth(times(15.9), times(1.0), factor=10).is_kept  # 2.3 for each of 3.32 doublings
    assert not growth(times(16.0), times(1.0), factor=10).is_kept


def test_rounds_are_in_turn_and_the_first_is_not_counted():
    log = []

    def action(name, wall):
        return lambda: (log.append(name), Sample(wall, 0.0))[1]

    first, second = in_turn([action("a", 1.0), action("b", 2.0)], 2, warm_up=True)
    assert log == ["a", "b"] * 3
    assert (first.walls, second.walls) == ([1.0, 1.0], [2.0, 2.0])


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([line(Budget(1.0, 1.0, "s"))], 0),
        ([line(Budget(1.01, 1.0, "s"))], table.OVER),
        ([line(Budget(1.01, 1.0, "s")), Gap(row="x", why="no root")], table.CANNOT),
    ],
)
def test_the_exit_status_tells_over_from_not_measured(results, status):
    assert table.status(results) == status
    document = table.document({"cores": "2"}, {"python": "3"}, results)
    assert json.loads(json.dumps(document))["status"] == status


def test_the_table_says_what_is_over_and_what_is_missing():
    shown = table.text([line(Budget(1.5, 1.0, "s")), line(Budget(1.0, 2.3, "x", "raw")), Gap(row="x", why="no root")])
    over, kept, gap = shown.splitlines()[2:]
    assert "OVER by 50%" in over
    assert "1.00 s - 3.00 s" in over
    assert kept.endswith("<= 2.3 x raw  ok")
    assert gap == "x  NOT MEASURED: no root"


def test_a_row_that_breaks_is_a_gap_after_the_lines_it_had(monkeypatch, tmp_path):
    """The rows after it are still measured, and nothing is left out in silence."""

    def row(options):
        yield line(Budget(1.0, 1.0, "s"))
        raise CannotMeasure("the lab needs root")

    monkeypatch.setitem(bench.ROWS, "row", row)
    options = Options(scratch=tmp_path, runs=1, quick=True, say=lambda _: None)
    measured, gap = bench._measured("row", options)
    assert isinstance(measured, Line)
    assert gap == Gap(row="row", why="the lab needs root")


def test_a_command_is_measured_with_its_descendants():
    """Two processes that hold 60 MiB each at the same time."""
    hold = "held = bytearray(b'1') * (60 << 20)"
    child = f"import time; {hold}; time.sleep(0.5)"
    parent = f"import subprocess, sys; {hold}; subprocess.run([sys.executable, '-c', {child!r}])"
    command = Command([sys.executable, "-c", parent])
    assert 120 < command.peak_mib() < 240
    sample = command.sample()
    assert sample.wall > 0.5
    assert 0 < sample.cpu < sample.wall * 2


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(CannotMeasure, match=r"ended with 3: the reason"):
        Command([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"]).sample()


def test_generated_fleets_are_clean_and_always_the_same(tmp_path):
    """A fleet with problems would measure the telling of problems. More than one host, so that hosts repeat too."""
    machines = fleets.generate(tmp_path / "a", 120)
    loaded = load(tmp_path / "a")
    assert [str(problem) for problem in loaded.problems] == []
    assert len(loaded.fleet.clients) == 120
    assert sum(1 for _ in loaded.fleet.machines()) == machines > 120
    assert len(loaded.fleet.hosts) == 2
    fleets.generate(tmp_path / "b", 120)
    assert subprocess.run(["diff", "-r", tmp_path / "a", tmp_path / "b"], timeout=30, check=False).returncode == 0


def test_one_client_may_have_as_many_machines_as_the_rows_need(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = make_fake_project(tmp_path / "project")
    fleets.one_client(project.fleet, 200)
    loaded = load(project.fleet)
    assert [str(problem) for problem in loaded.problems] == []
    assert len(loaded.fleet.clients[CLIENT].vps) == 200
    with pytest.raises(ValueError, match="more addresses"):
        fleets.one_client(project.fleet, 241)


def test_unknown_rows_are_refused_before_anything_runs():
    checkout = Path(bench.__file__).parents[2]
    command = [sys.executable, "-m", "tests.bench", "--only", "nothing"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=checkout)
    assert done.returncode == 2
    assert "invalid choice: 'nothing'" in done.stderr


def test_a_sheet_stands_below_the_lines_and_says_what_is_broken():
    sheet = Sheet(
        row="s", title="Two of a kind", head=("work", "ratio"), rows=(("create", "0.50"),), broken=("create: slow",)
    )
    shown = table.text([line(Budget(1.0, 1.0, "s")), sheet])
    assert shown.splitlines()[-4:] == ["work    ratio", "------  -----", "create  0.50", "BROKEN: create: slow"]
    assert table.text([sheet]).startswith("Two of a kind")
    assert table.status([sheet]) == table.OVER
    assert table.status([replace(sheet, broken=())]) == 0
    assert table.document({}, {}, [sheet])["sheets"][0]["broken"] == ["create: slow"]


def test_a_slower_or_absent_guest_of_ours_breaks_the_promise():
    still = Absence(seconds=0.0, rebooted=False, disk_lost=False)
    gone = Absence(seconds=12.0, rebooted=True, disk_lost=True)
    kept = Pair("memory", 1, [Sample(1.0, 0.1)], [Sample(2.0, 0.1)], (still, gone))
    assert kept.broken == []
    assert kept.cells()[3:8] == ("1.00 s", "2.00 s", "0.50", "0 s", "12.0 s, rebooted, DISK LOST")
    assert len(replace(kept, ours=[Sample(3.0, 0.1)], away=(gone, still)).broken) == 2


def test_faults_are_counted_from_what_the_tests_left(tmp_path):
    lost = Problem(LOST, "a disk")
    told = tmp_path / "told.xml"
    cases = "".join(
        f'<testcase name="{name}"><properties><property name="{PROPERTY}" value="{html.escape(count)}"/></properties>'
        f"{'<failure/>' if name == 'b' else ''}</testcase>"
        for name, count in (("a", said("fake", 3, [])), ("b", said("fake", 2, [lost])), ("c", said("real", 1, [])))
    )
    told.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    found = sheet(told)
    assert found.rows == (("fake", "5", "1", "0", "0", "0", "0"), ("real", "1", "0", "0", "0", "0", "0"))
    assert found.broken == ("b failed", "on fake: 1, 0, 0, 0, 0")
    assert found.notes == ("2 of 3 tests passed",)
