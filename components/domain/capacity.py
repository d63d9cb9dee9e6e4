"""What VPSs take of hosts, and what of hosts may be sold: the sums behind placement, rules and `vps hosts`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import reduce

from components.domain.clients import Vps
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.domain.sales import Sale
from components.domain.units import DISK, MEMORY, TRAFFIC

OVERHEAD_MIB = 64
"""What each QEMU needs beside its guest's memory."""

Amounts = tuple[int, int, int, int]
"""A demand as plain numbers, in the order of its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is taken of a host, or offered by one; traffic is per month, memory holds QEMU's own."""

    memory_mib: int = 0
    vcpus: int = 0
    disk_gib: int = 0
    traffic_gb: int = 0

    @property
    def amounts(self) -> Amounts:
        """As plain numbers."""
        return (self.memory_mib, self.vcpus, self.disk_gib, self.traffic_gb)

    @classmethod
    def of(cls, amounts: Amounts) -> "Demand":
        """From plain numbers."""
        memory_mib, vcpus, disk_gib, traffic_gb = amounts
        return cls(memory_mib=memory_mib, vcpus=vcpus, disk_gib=disk_gib, traffic_gb=traffic_gb)

    def __add__(self, other: "Demand") -> "Demand":
        """Both together."""
        return Demand(**{key: getattr(self, key) + getattr(other, key) for key in RESOURCES})

    def __sub__(self, other: "Demand") -> "Demand":
        """What is left; may be below zero."""
        return Demand(**{key: getattr(self, key) - getattr(other, key) for key in RESOURCES})

    def __or__(self, other: "Demand") -> "Demand":
        """The larger of both, of each resource."""
        return Demand(**{key: max(getattr(self, key), getattr(other, key)) for key in RESOURCES})


RESOURCES = tuple(field.name for field in fields(Demand))
WORDS = {"memory_mib": "memory", "vcpus": "vcpus", "disk_gib": "disk", "traffic_gb": "traffic"}
"""What people call each of them, as files do."""
_TEXTS = {
    "memory_mib": MEMORY.format,
    "vcpus": "{} vcpus".format,
    "disk_gib": DISK.format,
    "traffic_gb": TRAFFIC.format,
}


def shown(resource: str, amount: int) -> str:
    """An amount with its unit: `("memory_mib", 2112)` → `2112 MiB`."""
    return f"-{_TEXTS[resource](-amount)}" if amount < 0 else _TEXTS[resource](amount)


def worded(need: Demand) -> str:
    """What machines have, in words: `2112 MiB of memory, 2 vcpus, 10 GiB of disk`."""
    return ", ".join(
        (
            shown("memory_mib", need.memory_mib) + " of memory",
            shown("vcpus", need.vcpus),
            f"{need.disk_gib} GiB of disk",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Of one resource more is needed than is free; `free` may be below zero."""

    resource: str
    need: int
    free: int

    def __str__(self) -> str:
        """`memory: 2112 MiB are needed, 1 GiB is free`."""
        if self.free <= 0:
            return f"{WORDS[self.resource]}: {shown(self.resource, self.need)} needed, none free"
        return (
            f"{WORDS[self.resource]}: {shown(self.resource, self.need)} needed, {shown(self.resource, self.free)} free"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What of one host may be sold in all, and what is sold to how many VPSs."""

    host: Host
    sellable: Demand
    sold: Demand = Demand()
    vps: int = 0

    @property
    def free(self) -> Demand:
        """What may still be sold; below zero where the host is oversold."""
        return self.sellable - self.sold

    @property
    def counted(self) -> tuple[str, ...]:
        """The resources that have a limit here: traffic only where the host declares it."""
        return RESOURCES if self.host.traffic_gb is not None else RESOURCES[:-1]

    def lacks(self, need: Demand) -> Iterator[Lack]:
        """What is missing for `need`; nothing when it fits. What is not needed is not missing."""
        free = self.free
        for key in self.counted:
            wanted, left = getattr(need, key), getattr(free, key)
            if wanted > max(left, 0):
                yield Lack(resource=key, need=wanted, free=left)

    def lacks_on_a_node(self, need: Demand) -> Iterator[Lack]:
        """What is missing on the largest node of a cluster, where no single node could carry `need`."""
        nodes = [self.host.sellable_on(name) for name in self.host.nodes]
        if nodes and not any(
            all(wanted <= have for wanted, have in zip(need.amounts[:3], node, strict=True)) for node in nodes
        ):
            for key, wanted, have in zip(RESOURCES[:-1], need.amounts[:3], max(nodes), strict=True):
                if wanted > have:
                    yield Lack(resource=key, need=wanted, free=have)

    def with_one_more(self, need: Demand) -> "Room":
        """The room once one VPS more is there."""
        return replace(self, sold=self.sold + need, vps=self.vps + 1)


def of_sale(fleet: Fleet, sale: Sale) -> Demand:
    """What a VPS of that sale takes of its host. Raises KeyError for a package or extra that is not sold."""
    limits = fleet.limits(sale)
    return Demand(
        memory_mib=limits.memory_mib + OVERHEAD_MIB,
        vcpus=limits.vcpus,
        disk_gib=limits.disk_gib,
        traffic_gb=fleet.packages[sale.package].traffic_gb
        + sum(count * fleet.extras[key].adds.traffic_gb for key, count in sale.extras.items()),
    )


def of_vps(fleet: Fleet, vps: Vps, today: date) -> Demand:
    """What a VPS takes, of each resource the most from `today` on: what was sold for later counts already.

    One that is stopped or suspended takes all, as it may be started; of one whose end is reached only the disk counts,
    which lies in the trash. Raises KeyError for a package or extra that is not sold.
    """
    now = vps.sale(today)
    later = [sale for sale in vps.sales if sale.since is not None and sale.since > today]
    most = reduce(Demand.__or__, [of_sale(fleet, sale) for sale in (now, *later)])
    return Demand(disk_gib=most.disk_gib) if vps.ends is not None and vps.ends <= today else most


def sellable(host: Host) -> Demand:
    """What of a host may be sold in all; no traffic where it declares none."""
    return Demand(
        memory_mib=host.sellable_memory_mib,
        vcpus=host.sellable_vcpus,
        disk_gib=host.sellable_disk_gib,
        traffic_gb=host.traffic_gb or 0,
    )


def demands(fleet: Fleet, today: date) -> Iterator[tuple[str, str, Vps, Demand]]:
    """Every VPS whose package is known: client key, host, VPS, what it takes. Fast: equal sales are added up once."""
    known: dict[object, Demand] = {}
    for client, vps in fleet.machines():
        plain = not vps.before and vps.ends is None
        shape = (vps.package, tuple(sorted(vps.extras.items())) if vps.extras else ()) if plain else vps.id
        found = known.get(shape) if plain else None
        if found is None:
            try:
                found = of_vps(fleet, vps, today)
            except KeyError:
                continue  # Other rules tell it.
            known[shape] = found
        yield client.key, vps.host, vps, found


def rooms(fleet: Fleet, today: date, leaving: Collection[tuple[str, str]] = ()) -> Mapping[str, Room]:
    """The room of every host, by its name; VPSs on hosts that nobody knows count nowhere.

    `leaving` are VPSs, by client and name, that are counted on no host.
    """
    sums: dict[str, list[int]] = {name: [0, 0, 0, 0, 0] for name in fleet.hosts}
    for client, host, vps, need in demands(fleet, today):
        total = sums.get(host)
        if total is None or (leaving and (client, vps.key) in leaving):
            continue
        for index, amount in enumerate(need.amounts):
            total[index] += amount
        total[4] += 1
    return {
        name: Room(host=host, sellable=sellable(host), sold=Demand.of((one[0], one[1], one[2], one[3])), vps=one[4])
        for name, host in fleet.hosts.items()
        for one in (sums[name],)
    }
