"""Rows `place` and `placement`: how long a place for a VPS takes to find, and how well the places are chosen.

Quality is judged on sequences of sales with fixed seeds: every strategy gets the same VPSs in the same order, one at a
time, as they are sold. The lower bound is what no strategy can beat: the sum of each resource over what a host has.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from components.config.loader import load
from components.domain.capacity import OVERHEAD_MIB
from components.domain.clients import Client, Contract, Vps
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.domain.operations import NOTHING_KNOWN
from components.domain.packages import Package
from components.domain.placement import Placed, Wish, place
from components.domain.sales import Sale
from components.domain.terms import Term
from tests.bench import fleets
from tests.bench.command import VPS
from tests.bench.figures import GROWTH, Budget, CannotMeasure, Line, Sample, Sheet, Times, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command

CLIENTS = (800, 1_600, 8_000)
"""About 1,000, 2,000 and 10,000 VPSs."""
PLACE_S = 0.5
"""For one VPS among 10,000, the declared files being read."""
HOSTS_S = 1.0
"""For 1,000 VPSs, as `vps check`."""
REPEATED = 5
"""A few milliseconds alone would measure the machine's other work."""
TODAY = date(2026, 12, 1)
SEEDS = (1, 2, 3)
SOLD = 400
"""VPSs of one sequence; 150 with --quick, of one seed."""
WORSE = 1.15
"""So many times the hosts of the best simple strategy that keeps a client's VPSs apart may be used, by one that keeps
them apart by cabinet as well, where no host is kept spare."""

Shares = tuple[float, float, float]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one VPS takes as a share of a host: memory, vcpus, disk; and whose it is."""

    client: int
    package: str
    shares: Shares


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


PACKAGES = {
    "tiny": (1024, 1, 10),
    "small": (2048, 2, 20),
    "medium": (4096, 2, 60),
    "compute": (4096, 8, 20),
    "large": (8192, 4, 80),
    "memory": (16384, 4, 40),
    "storage": (4096, 2, 400),
}
"""Memory in MiB, vcpus, disk in GiB: some that want mostly one thing."""
WEIGHTS = (6, 8, 6, 3, 4, 2, 2)
HOST = (128 * 1024, 88, 2000)
"""What one host sells of each."""


def emptied(template: Fleet, sold: int) -> Fleet:
    """A fleet of so many equal, empty hosts that any strategy finds room."""
    (host,) = template.hosts.values()
    (package,) = list(template.packages.values())[:1]
    packages: dict[str, Package] = {}
    for name, (memory_mib, vcpus, disk_gib) in PACKAGES.items():
        limits = replace(package.limits, memory_mib=memory_mib, vcpus=vcpus, disk_gib=disk_gib)
        one = replace(package, name=name, limits=limits)
        packages[one.key] = one
    hosts: dict[str, Host] = {}
    for number in range(sold // 6 + 4):
        name = f"kvm{number + 1:03d}"
        hosts[name] = replace(
            host,
            name=name,
            cabinet=f"A{number // 4}",
            memory_mib=HOST[0],
            free_memory_mib=0,
            sells_memory=100,
            vcpus=HOST[1],
            sells_vcpus=100,
            disk_gib=HOST[2],
            free_disk_gib=0,
            sells_disk=100,
        )
    return replace(template, packages=packages, hosts=hosts, clients={})


def sequence(fleet: Fleet, sold: int, seed: int) -> list[Shape]:
    """So many sales in a row; a client buys one to four."""
    dice = random.Random(seed)
    keys = list(fleet.packages)
    found: list[Shape] = []
    client = 0
    while len(found) < sold:
        client += 1
        for key in dice.choices(keys, WEIGHTS, k=dice.choice((1, 1, 1, 2, 2, 3, 4))):
            memory_mib, vcpus, disk_gib = PACKAGES[key.partition("@")[0]]
            shares = ((memory_mib + OVERHEAD_MIB) / HOST[0], vcpus / HOST[1], disk_gib / HOST[2])
            found.append(Shape(client=client, package=key, shares=shares))
    return found[:sold]


Strategy = Callable[[Sequence[Shares], Shares], int]


def _first(able: Sequence[Shares], need: Shares) -> int:
    return 0


def _best(able: Sequence[Shares], need: Shares) -> int:
    """Where least is left."""
    return min(range(len(able)), key=lambda index: (sum(able[index]), index))


def _worst(able: Sequence[Shares], need: Shares) -> int:
    """Where most is left."""
    return max(range(len(able)), key=lambda index: (sum(able[index]), -index))


SIMPLE: dict[str, Strategy] = {"first-fit": _first, "best-fit": _best, "worst-fit": _worst}


def chosen(sales: Sequence[Shape], strategy: Strategy, *, apart: bool = False) -> list[int]:
    """The host of each sale; another one is opened only when none that is open takes it.

    With `apart` no host takes two VPSs of one client.
    """
    free: list[Shares] = []
    hosts: list[int] = []
    holds: set[tuple[int, int]] = set()
    for sale in sales:
        able = [
            index
            for index, left in enumerate(free)
            if _fits(sale.shares, left) and not (apart and (sale.client, index) in holds)
        ]
        if able:
            index = able[strategy([free[one] for one in able], sale.shares)]
        else:
            index = len(free)
            free.append((1.0, 1.0, 1.0))
        memory, vcpus, disk = (left - need for left, need in zip(free[index], sale.shares, strict=True))
        free[index] = (memory, vcpus, disk)
        holds.add((sale.client, index))
        hosts.append(index)
    return hosts


def _fits(need: Shares, left: Shares) -> bool:
    return all(one <= have + 1e-9 for one, have in zip(need, left, strict=True))


def ours(empty: Fleet, sales: Sequence[Shape], *, keeps_spare: bool) -> list[int]:
    """The host that `place` chose for each sale, each found in the fleet as it was then."""
    fleet, names = empty, list(empty.hosts)
    hosts = []
    for number, sale in enumerate(sales):
        (found,) = place(fleet, [_wish(number, sale, keeps_spare=keeps_spare)], NOTHING_KNOWN, TODAY)
        if not isinstance(found, Placed):
            raise CannotMeasure(f"sale {number} has no place: {found}")
        hosts.append(names.index(found.host))
        fleet = _with(fleet, sale, number, found)
    return hosts


def _wish(number: int, sale: Shape, *, keeps_spare: bool) -> Wish:
    client = f"client-{sale.client}"
    sold = Sale(package=sale.package)
    return Wish(
        client=client, client_id=f"c-{sale.client:05d}", name=f"w{number:04d}", sale=sold, keeps_spare=keeps_spare
    )


def _with(fleet: Fleet, sale: Shape, number: int, found: Placed) -> Fleet:
    key = f"client-{sale.client}"
    vps = Vps(
        id=f"v-{number:06d}",
        key=found.wish.name,
        package=sale.package,
        term=Term(months=1, start=TODAY, renew=True),
        power="managed",
        host=found.host,
        network=found.network,
        ipv4=found.ipv4,
        ipv6=found.ipv6,
        fqdn=f"w{number}.example",
        image="base-debian-13",
    )
    contract = Contract(version="standard@2026-01", signed=TODAY, support="standard")
    client = fleet.clients.get(key) or Client(
        id=f"c-{sale.client:05d}", key=key, name=key, language="en", contacts={}, contract=contract, vps={}
    )
    return replace(fleet, clients={**fleet.clients, key: replace(client, vps={**client.vps, vps.key: vps})})


def lower_bound(sales: Sequence[Shape]) -> int:
    """No strategy uses fewer hosts."""
    return max(-int(-sum(sale.shares[index] for sale in sales) // 1) for index in range(3))


def imbalance(sales: Sequence[Shape], hosts: Sequence[int]) -> tuple[float, float]:
    """Of all used hosts the largest and the mean difference between the fullest and the emptiest resource."""
    used: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for sale, host in zip(sales, hosts, strict=True):
        for index in range(3):
            used[host][index] += sale.shares[index]
    differences = [max(shares) - min(shares) for shares in used.values()]
    return max(differences), sum(differences) / len(differences)


def crowded(sales: Sequence[Shape], hosts: Sequence[int]) -> int:
    """How many clients have two VPSs on one host."""
    pairs = Counter((sale.client, host) for sale, host in zip(sales, hosts, strict=True))
    return len({client for (client, _), count in pairs.items() if count > 1})
