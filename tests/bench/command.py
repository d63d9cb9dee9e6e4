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
    """`vps check` of N, 2N and 10N generated clients, all of them right."""
    commands, machines, sizes = [], [], (CLIENTS, 2 * CLIENTS, 10 * CLIENTS)
    for clients in sizes:
        fleet = options.scratch / f"check-{clients}"
        options.say(f"check: writing a fleet of {clients:,} clients")
        machines.append(fleets.generate(fleet, clients))
        commands.append(Command([VPS, "check", "--fleet", fleet]))
    found = in_turn([command.sample for command in commands], options.runs, warm_up=options.warm_up)
    grown = [growth(found[1], found[0]), growth(found[2], found[0], factor=10)]
    for number, clients in enumerate(sizes):
        yield Line(
            row="check",
            what=f"vps check ({machines[number]:,} VPSs)",
            n=clients,
            times=found[number],
            peak_mib=commands[number].peak_mib(),
            ratio=f"{grown[number - 1].value:.2f} x t(N)" if number else "",
            budgets=(grown[number - 1],) if number else (Budget(found[0].median, CHECK_S, "s"),),
        )
