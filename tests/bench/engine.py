"""Row `engine`: the real engine over the fake driver, N machines in one client's stack.

What is timed is what an operator types: `pulumi up --yes` (which previews first), a `pulumi preview` without changes,
and `pulumi refresh --preview-only`. Peak memory is the sum of engine, language host and plugin.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from components.engine.project import Project
from components.engine.run import POLICIES
from components.lab.example import CLIENT, HOST, make_fake_project
from tests.bench import fleets
from tests.bench.command import VPS
from tests.bench.figures import Budget, Line, Sample, Times, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command

STACK, HOST_STACK = f"client.{CLIENT}", f"host.{HOST}"
COUNTS = (1, 100, 200)
UP_S = {1: 2.5, 100: 5.0}
PREVIEW = ("preview", "--expect-no-changes")
REFRESH = ("refresh", "--preview-only", "--expect-no-changes")


class Stacks:
    """A project whose host is applied and whose client's stack is made and empty: the moment before `up`."""

    def __init__(self, project: Project, inherited: Mapping[str, str] | None = None) -> None:
        self.project = project
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "VPS_"))}
        extra = {"PULUMI_CONFIG_PASSPHRASE": "for measuring", **(inherited or {})}
        self.environment = project.environment({**clean, **extra})
        project.prepare(self.environment)
        Command(
            [VPS, "init", HOST_STACK, STACK, "--fleet", project.fleet], cwd=project.folder, env=self.environment
        ).sample()
        self.pulumi("up", "--yes", stack=HOST_STACK).sample()
        self._before = project.folder / "before"
        shutil.copytree(project.work, self._before)

    def pulumi(self, *arguments: str | Path, stack: str = STACK) -> Command:
        """A run of the engine on one stack."""
        command = ["pulumi", *arguments, "--stack", stack, "--non-interactive"]
        return Command(command, cwd=self.project.folder, env=self.environment)

    def rewind(self) -> None:
        """Back to the moment before `up`: state, and the fake driver's world."""
        shutil.rmtree(self.project.work)
        shutil.copytree(self._before, self.project.work)

    def up(self, *more: str | Path) -> Sample:
        """An `up` that makes every machine."""
        self.rewind()
        return self.pulumi("up", "--yes", *more).sample()

    def up_peak_mib(self) -> float:
        """Peak memory of such an `up`."""
        self.rewind()
        return self.pulumi("up", "--yes").peak_mib()


def fake(folder: Path, machines: int) -> Stacks:
    """A new project on the fake driver whose client declares so many machines."""
    project = make_fake_project(folder)
    fleets.one_client(project.fleet, machines)
    return Stacks(project)


def lines(options: Options) -> Iterator[Line]:
    """Every command at every size, sizes in turn."""
    runs = options.few(3)
    stacks = []
    for count in COUNTS:
        options.say(f"engine: making a project of {count} machines on the fake driver")
        stacks.append(fake(options.scratch / f"engine-{count}", count))
    options.say("engine: up")
    actions = [one.up for one in stacks]
    yield from _lines("pulumi up", in_turn(actions, runs, warm_up=options.warm_up), stacks, None)
    options.say("engine: up with the policy pack")
    audited = [lambda one=one: one.up("--policy-pack", POLICIES) for one in stacks[:2]]
    for count, times in zip(COUNTS, in_turn(audited, runs, warm_up=False), strict=False):
        yield Line(row="engine", what="pulumi up --policy-pack policies", n=count, times=times)
    for what, arguments in (("pulumi preview, no change", PREVIEW), ("pulumi refresh --preview-only", REFRESH)):
        options.say(f"engine: {what}")
        commands = [one.pulumi(*arguments) for one in stacks]
        measured = in_turn([one.sample for one in commands], runs, warm_up=options.warm_up)
        yield from _lines(what, measured, stacks, arguments)


def _lines(what: str, measured: list[Times], stacks: list[Stacks], arguments: tuple[str, ...] | None) -> Iterator[Line]:
    for index, (count, times, one) in enumerate(zip(COUNTS, measured, stacks, strict=True)):
        budgets = []
        ratio = ""
        if arguments is None and count in UP_S:
            budgets.append(Budget(times.median, UP_S[count], "s"))
        if index and count == 2 * COUNTS[index - 1]:
            grown = growth(times, measured[index - 1])
            budgets.append(grown)
            ratio = f"{grown.value:.2f} x t(N)"
        peak = one.up_peak_mib() if arguments is None else one.pulumi(*arguments).peak_mib()
        yield Line(row="engine", what=what, n=count, times=times, peak_mib=peak, ratio=ratio, budgets=tuple(budgets))
