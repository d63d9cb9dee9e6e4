"""Rows `place` and `placement`: how long a place for a VPS takes to find, and how well the places are chosen.

Quality is judged on sequences of sales with fixed seeds: every strategy gets the same VPSs in the same order, one at a
time, as they are sold. The lower bound is what no strategy can beat: the sum of each resource over what a host has.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from components.config.loader import load
from components.domain.fleet import Fleet
from components.domain.operations import NOTHING_KNOWN
from components.domain.placement import Placed, Wish, place
from components.domain.sales import Sale
from tests.bench import fleets
from tests.bench.command import VPS
from tests.bench.figures import GROWTH, Budget, CannotMeasure, Line, Sample, Sheet, Times, growth, in_turn
from tests.bench.options import Options
from tests.bench.packing import SIMPLE, TODAY, Shape, chosen, crowded, emptied, imbalance, lower_bound, ours, sequence
from tests.bench.processes import Command

CLIENTS = (800, 1_600, 8_000)
"""About 1,000, 2,000 and 10,000 VPSs."""
PLACE_S = 0.5
"""For one VPS among 10,000, the declared files being read."""
HOSTS_S = 1.0
"""For 1,000 VPSs, as `vps check`."""
REPEATED = 5
"""A few milliseconds alone would measure the machine's other work."""
SEEDS = (1, 2, 3)
SOLD = 400
"""VPSs of one sequence; 150 with --quick, of one seed."""
WORSE = 1.15
"""So many times the hosts of the best simple strategy that keeps a client's VPSs apart may be used, by one that keeps
them apart by cabinet as well, where no host is kept spare."""


def lines(options: Options) -> Iterator[Line]:
    """`place` for one new VPS in this process, and `vps hosts` as a whole one, at each size."""
    sizes = CLIENTS[:2] if options.quick else CLIENTS
    folders, machines, known = [], [], []
    for clients in sizes:
        folder = options.scratch / f"place-{clients}"
        options.say(f"place: writing a fleet of {clients:,} clients")
        machines.append(fleets.generate(folder, clients))
        folders.append(folder)
        known.append(load(folder, judge=False).fleet)
    times = in_turn([_placing(fleet) for fleet in known], options.runs, warm_up=options.warm_up)
    yield from _lines("place", "place() one VPS", machines, times, [])
    options.say("place: vps hosts")
    commands = [Command([VPS, "hosts", "--fleet", folder]) for folder in folders]
    times = in_turn([command.sample for command in commands], options.runs, warm_up=options.warm_up)
    yield from _lines("place", "vps hosts", machines, times, [command.peak_mib() for command in commands])


def _lines(
    row: str, what: str, machines: Sequence[int], times: Sequence[Times], peaks: Sequence[float]
) -> Iterator[Line]:
    for index, (count, measured) in enumerate(zip(machines, times, strict=True)):
        budgets: list[Budget] = []
        ratio = ""
        if index == 1:
            budgets.append(growth(measured, times[0]))
            ratio = f"{budgets[0].value:.2f} x t(N)"
        elif index == 2:
            # Five times as many: no more than what doubling may cost, as often as that is.
            most = GROWTH ** (2.3219)  # 2 ** 2.3219 is 5
            budgets.append(Budget(measured.ratio(times[1]), most, "x", "t(2N)"))
            ratio = f"{budgets[0].value:.2f} x t(2N)"
        if peaks and index == 0:
            budgets.append(Budget(measured.median, HOSTS_S, "s"))
        if not peaks and index == len(machines) - 1:
            budgets.append(Budget(measured.median, PLACE_S, "s"))
        yield Line(
            row=row,
            what=what,
            n=count,
            times=measured,
            peak_mib=peaks[index] if peaks else None,
            ratio=ratio,
            budgets=tuple(budgets),
        )


def _placing(fleet: Fleet) -> Callable[[], Sample]:
    wish = Wish(client="new", client_id="c-new0", name="web1", sale=Sale(package=next(iter(fleet.packages))), ipv6=1)

    def sample() -> Sample:
        begun, spent = time.perf_counter(), time.process_time()
        for _ in range(REPEATED):
            (found,) = place(fleet, [wish], NOTHING_KNOWN, TODAY)
            if not isinstance(found, Placed):
                raise CannotMeasure(f"no place was found: {found}")
        return Sample((time.perf_counter() - begun) / REPEATED, (time.process_time() - spent) / REPEATED)

    return sample


def sheets(options: Options) -> Iterator[Sheet]:
    """The same sales by every strategy, for each seed."""
    template = load(_example(options.scratch), judge=False).fleet
    seeds, sold = (SEEDS[:1], 150) if options.quick else (SEEDS, SOLD)
    rows, broken, values = [], [], {}
    for seed in seeds:
        options.say(f"placement: {sold} sales with seed {seed}")
        empty = emptied(template, sold)
        sales = sequence(empty, sold, seed)
        bound = lower_bound(sales)
        results = {name: chosen(sales, strategy) for name, strategy in SIMPLE.items()}
        results |= {f"{name}, apart": chosen(sales, strategy, apart=True) for name, strategy in SIMPLE.items()}
        best = min(len(set(hosts)) for name, hosts in results.items() if name.endswith(", apart"))
        results["place, no host spare"] = ours(empty, sales, keeps_spare=False)
        results["place"] = ours(empty, sales, keeps_spare=True)
        for name, hosts in results.items():
            rows.append((str(seed), name, *_cells(sales, hosts, bound)))
            values[f"{seed} {name}"] = {"hosts": len(set(hosts)), "imbalance": imbalance(sales, hosts), "bound": bound}
        used = len(set(results["place, no host spare"]))
        if used > WORSE * best:
            broken.append(f"seed {seed}: {used} hosts used where a simple strategy keeps clients apart on {best}")
        if crowded(sales, results["place"]):
            broken.append(f"seed {seed}: VPSs of one client share a host while others had room")
    yield Sheet(
        row="placement",
        title=f"Quality of placement, {sold} VPSs sold one after the other (lower bound: no strategy uses fewer hosts)",
        head=(
            "seed",
            "strategy",
            "hosts used",
            "over bound",
            "largest imbalance",
            "mean imbalance",
            "clients together",
        ),
        rows=tuple(rows),
        broken=tuple(broken),
        notes=(
            "apart: no host takes two VPSs of one client, as `place` sees to, by cabinet as well;",
            "imbalance: of one host, the share of its fullest resource less that of its emptiest;",
            "clients together: clients with two VPSs on one host. `place` keeps room for any one host down.",
        ),
        values=values,
    )


def _cells(sales: Sequence[Shape], hosts: Sequence[int], bound: int) -> tuple[str, ...]:
    used, (worst, mean) = len(set(hosts)), imbalance(sales, hosts)
    return (str(used), f"{used / bound - 1:+.0%}", f"{worst:.2f}", f"{mean:.2f}", str(crowded(sales, hosts)))


def _example(scratch: Path) -> Path:
    folder = scratch / "placement"
    if not folder.exists():
        fleets.generate(folder, 1)
    return folder
