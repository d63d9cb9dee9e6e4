"""Row `list`: a fleet at a glance, as a whole process: `vps list` of everything, `vps show` of one VPS in it.

The first look reads every file; each later one has what unchanged files held in the user's cache.
"""

import os
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
    first: list[Command] = []
    again: list[Command] = []
    one: list[Command] = []
    machines = []
    nowhere = options.scratch / "no-cache"
    nowhere.write_text("a file, so that nothing is kept in it")
    for clients in SIZES:
        fleet = options.scratch / f"list-{clients}"
        options.say(f"list: writing a fleet of {clients:,} clients")
        machines.append(fleets.generate(fleet, clients))
        host = min((fleet / "hosts").glob("*.yaml"))
        world = options.scratch / f"world-{clients}"
        world.mkdir()
        fleets.write(host, fleets.read(host) | {"driver": "fake", "uri": f"fake://{world}", "probe": ""})
        for commands, cache in ((first, nowhere), (again, options.scratch / "cache")):
            environment = dict(os.environ) | {"XDG_CACHE_HOME": str(cache)}
            commands.append(Command([VPS, "list", "--fleet", fleet], env=environment))
        again[-1].sample()
        one.append(Command([VPS, "show", "client-00000/web1", "--fleet", fleet], code=1))
    found = in_turn([command.sample for command in (*first, *again, *one)], options.runs, warm_up=options.warm_up)
    for start, what, commands in ((0, "vps list, first look", first), (3, "vps list, again", again)):
        grown = {1: growth(found[start + 1], found[start]), 2: growth(found[start + 2], found[start], factor=10)}
        for number, clients in enumerate(SIZES):
            ratio = grown.get(number)
            yield Line(
                row="list",
                what=f"{what} ({machines[number]:,} VPSs)",
                n=clients,
                times=found[start + number],
                peak_mib=commands[number].peak_mib(),
                ratio=f"{ratio.value:.2f} x t(N)" if ratio else "",
                budgets=(ratio,) if ratio else (Budget(found[start].median, LIST_S, "s"),),
            )
    for number, clients in enumerate(SIZES):
        times = found[6 + number]
        yield Line(
            row="list",
            what=f"vps show of one ({machines[number]:,} VPSs)",
            n=clients,
            times=times,
            peak_mib=one[number].peak_mib(),
            budgets=(Budget(times.median, SHOW_S, "s"),),
        )
