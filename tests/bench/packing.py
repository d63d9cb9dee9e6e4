"""Sales with a fixed seed, and the strategies that pack them: simple ones beside `place`, and what each is worth."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from components.domain.capacity import OVERHEAD_MIB
from components.domain.clients import Client, Contract, Vps
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.domain.operations import NOTHING_KNOWN
from components.domain.packages import Package
from components.domain.placement import Placed, Wish, place
from components.domain.sales import Sale
from components.domain.terms import Term
from tests.bench.figures import CannotMeasure

TODAY = date(2026, 12, 1)
Shares = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one VPS takes as a share of a host: memory, vcpus, disk; and whose it is."""

    client: int
    package: str
    shares: Shares


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
