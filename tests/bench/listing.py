"""Row `list`: a fleet at a glance, as a whole process: `vps list` of everything, `vps show` of one VPS in it."""

from collections.abc import Iterator

from tests.bench import fleets
from tests.bench.command import CLIENTS, VPS
from tests.bench.figures import Budget, Line, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command

LIST_S, SHOW_S = 1.0, 1.0
SIZES = (CLIENTS, 2 * CLIENTS, 10 * CLIENTS)


def lines(options: Options) -> Iterator[Line]:
    """N, 2N and 10N clients in turn; `vps show` asks a host that holds nothing, so that only our own time is in it."""
    every, one, machines = [], [], []
    for clients in SIZES:
        fleet = options.scratch / f"list-{clients}"
        options.say(f"list: writing a fleet of {clients:,} clients")
        machines.append(fleets.generate(fleet, clients))
        first = min((fleet / "hosts").glob("*.yaml"))
        world = options.scratch / f"world-{clients}"
        world.mkdir()
        fleets.write(first, fleets.read(first) | {"driver": "fake", "uri": f"fake://{world}", "probe": ""})
        every.append(Command([VPS, "list", "--fleet", fleet]))
        one.append(Command([VPS, "show", "client-00000/web1", "--fleet", fleet], code=1))
    found = in_turn([command.sample for command in (*every, *one)], options.runs, warm_up=options.warm_up)
    listed, shown = found[: len(SIZES)], found[len(SIZES) :]
    grown = {2: growth(listed[1], listed[0]), 10: growth(listed[2], listed[0], factor=10)}
    for number, clients in enumerate(SIZES):
        ratio = grown.get(clients // CLIENTS)
        yield Line(
            row="list",
            what=f"vps list ({machines[number]:,} VPSs)",
            n=clients,
            times=listed[number],
            peak_mib=every[number].peak_mib(),
            ratio=f"{ratio.value:.2f} x t(N)" if ratio else "",
            budgets=(ratio,) if ratio else (Budget(listed[0].median, LIST_S, "s"),),
        )
    for number, clients in enumerate(SIZES):
        yield Line(
            row="list",
            what=f"vps show of one ({machines[number]:,} VPSs)",
            n=clients,
            times=shown[number],
            peak_mib=one[number].peak_mib(),
            budgets=(Budget(shown[number].median, SHOW_S, "s"),),
        )
