"""Rows `help` and `check`: our command as a whole process."""

from collections.abc import Iterator

from components.engine.project import CHECKOUT
from tests.bench import fleets
from tests.bench.figures import Budget, Line, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command

VPS = CHECKOUT / ".venv" / "bin" / "vps"
CLIENTS = 1000
HELP_S, CHECK_S = 0.15, 1.0


def help_line(options: Options) -> Iterator[Line]:
    """`vps --help`, which nobody should wait for."""
    command = Command([VPS, "--help"])
    (times,) = in_turn([command.sample], options.runs, warm_up=options.warm_up)
    budget = Budget(times.median, HELP_S, "s")
    yield Line(row="help", what="vps --help", n=1, times=times, peak_mib=command.peak_mib(), budgets=(budget,))


def check_lines(options: Options) -> Iterator[Line]:
    """`vps check` of N and 2N generated clients, all of them right."""
    commands, machines = [], []
    for clients in (CLIENTS, 2 * CLIENTS):
        fleet = options.scratch / f"check-{clients}"
        options.say(f"check: writing a fleet of {clients:,} clients")
        machines.append(fleets.generate(fleet, clients))
        commands.append(Command([VPS, "check", "--fleet", fleet]))
    once, twice = in_turn([command.sample for command in commands], options.runs, warm_up=options.warm_up)
    what = "vps check"
    yield Line(
        row="check",
        what=f"{what} ({machines[0]:,} VPSs)",
        n=CLIENTS,
        times=once,
        peak_mib=commands[0].peak_mib(),
        budgets=(Budget(once.median, CHECK_S, "s"),),
    )
    grown = growth(twice, once)
    yield Line(
        row="check",
        what=f"{what} ({machines[1]:,} VPSs)",
        n=2 * CLIENTS,
        times=twice,
        peak_mib=commands[1].peak_mib(),
        ratio=f"{grown.value:.2f} x t(N)",
        budgets=(grown,),
    )
