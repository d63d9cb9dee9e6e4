"""Whether the VPSs of a host that fails find room on the others that carry their networks (N+1).

Judged by packing, the largest first: what it finds room for has room. Where it finds none there might be some after
all, which to find would take longer than anybody waits; such a fleet is too full in any case.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from components.domain.capacity import Amounts, Demand, Room, demands
from components.domain.fleet import Fleet
from components.domain.hosts import SHARED, Host
from components.domain.operations import NOTHING_KNOWN, HostState, Operations

Kind = tuple[Amounts, str, str]
"""VPSs that are alike to a packer: what each takes, its network, and its client where some host serves only one."""
_ENDLESS = 10**15
_NOTHING: Amounts = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evacuation:
    """The VPSs of a failed host on the others: what they take there, and those that find no room."""

    host: str
    vps: int
    used: Mapping[str, Amounts]
    stranded: Mapping[Kind, int]
    node: str = ""
    """The node of a cluster that fails; its VPSs go to the others."""

    @property
    def count(self) -> int:
        """How many find no room."""
        return sum(self.stranded.values())

    @property
    def lacking(self) -> Demand:
        """What those would need."""
        total = [0, 0, 0, 0]
        for (amounts, _, _), count in self.stranded.items():
            for index, amount in enumerate(amounts):
                total[index] += count * amount
        return Demand.of((total[0], total[1], total[2], total[3]))


class Standby:
    """All hosts with what is free on them, and who would take whose VPSs; `put` says that one more is placed."""

    def __init__(
        self,
        fleet: Fleet,
        rooms: Mapping[str, Room],
        operations: Operations,
        today: date,
        leaving: Collection[tuple[str, str]] = (),
    ) -> None:
        self._hosts = fleet.hosts
        self._owned = any(host.assigned != SHARED for host in fleet.hosts.values())
        self._free = {name: list(_bounded(room)) for name, room in rooms.items()}
        self._whole = [max(1, sum(room.sellable.amounts[index] for room in rooms.values())) for index in range(4)]
        self._able = [name for name in sorted(fleet.hosts) if _can_take(fleet.hosts[name], operations)]
        self._takers: dict[tuple[str, str], list[str]] = {}
        self._loads: dict[str, Counter[Kind]] = {name: Counter() for name in fleet.hosts}
        ids = {key: client.id for key, client in fleet.clients.items()}
        for client, host, vps, need in demands(fleet, today):
            if host in self._loads and (client, vps.key) not in leaving:
                self._loads[host][self.kind(need, vps.network, ids[client])] += 1
        lost = {name for name, host in fleet.hosts.items() if host.lost or operations.state(name) in _GONE}
        self._failing = [name for name in sorted(fleet.hosts) if name not in lost]
        self._known: dict[str, Evacuation] = {}

    def kind(self, need: Demand, network: str, client_id: str) -> Kind:
        """How a VPS looks to the packer."""
        return (need.amounts, network, client_id if self._owned else "")

    def takers(self, network: str, client_id: str, but: str = "") -> list[str]:
        """The hosts that may take a VPS of that client with that network, but for one."""
        key = (network, client_id if self._owned else "")
        if key not in self._takers:
            self._takers[key] = [
                name
                for name in self._able
                if network in self._hosts[name].networks and (not self._owned or self._hosts[name].serves(client_id))
            ]
        return [name for name in self._takers[key] if name != but]

    def all(self) -> Iterator[Evacuation]:
        """What would happen for each host that may fail."""
        for name in self._failing:
            if self._loads[name]:
                yield self.without(name)

    def without(self, host: str) -> Evacuation:
        """What would happen if that host failed; of a cluster, whichever node is hardest to do without."""
        if host not in self._known:
            self._known[host] = self._evacuated(host, self._loads[host], self._free)
        return self._known[host]

    def left(self, host: str) -> Demand:
        """What may still be sold on a host so that any one may fail, this one too; never more than is free.

        Of each resource alone: a VPS needs some of each, and whether it fits `strands` tells.
        """
        free = list(self._free[host])
        for other in self.all():
            if other.host != host and host in other.used:
                spared = self._evacuated(other.host, self._loads[other.host], self._free, last=host)
                taken = spared.used.get(host, _NOTHING)
                free = [min(now, have - use) for now, have, use in zip(free, self._free[host], taken, strict=True)]
        elsewhere = [one for one in self._able if one != host]
        if elsewhere and not self._hosts[host].nodes:
            used = self.without(host).used
            for index in range(4):
                rest = sum(max(0, self._free[one][index] - used.get(one, _NOTHING)[index]) for one in elsewhere)
                free[index] = min(free[index], rest)
        return Demand.of((free[0], free[1], free[2], free[3]))

    def left_in_all(self) -> Demand | None:
        """What of all hosts that take VPSs is free once any one has failed and its VPSs are on the others.

        None where those of some host would not all find room.
        """
        least = [_ENDLESS] * 4
        for name in self._able:
            gone = self.without(name)
            if gone.count:
                return None
            for index in range(4):
                rest = sum(max(0, self._free[one][index]) for one in self._able if one != name)
                least[index] = min(least[index], rest - sum(used[index] for used in gone.used.values()))
        return Demand.of((least[0], least[1], least[2], least[3]))

    def strands(self, host: str, kind: Kind) -> Iterator[Evacuation]:
        """Each host whose VPSs would no longer all find room, or fewer of them, with one more of `kind` on `host`."""
        amounts, network, owner = kind
        loads = self._loads[host] + Counter([kind])
        before = self.without(host)
        elsewhere = () if self._hosts[host].nodes else self.takers(network, owner, host)
        if not any(_fits(amounts, self._free[one], before.used.get(one)) for one in elsewhere):
            after = self._evacuated(host, loads, self._free)
            if after.count > before.count:
                yield after
        fuller = {**self._free, host: [have - take for have, take in zip(self._free[host], amounts, strict=True)]}
        for other in self._failing:
            if other == host or not self._loads[other]:
                continue
            before = self.without(other)
            if host in before.used and not _fits(amounts, self._free[host], before.used[host]):
                after = self._evacuated(other, self._loads[other], fuller)
                if after.count > before.count:
                    yield after

    def put(self, host: str, kind: Kind) -> None:
        """One more of `kind` is on `host`."""
        self._free[host] = [have - take for have, take in zip(self._free[host], kind[0], strict=True)]
        self._loads[host][kind] += 1
        for name, known in list(self._known.items()):
            if name == host or (host in known.used and not _fits(known.used[host], self._free[host], _NOTHING)):
                del self._known[name]

    def _evacuated(
        self, host: str, load: Mapping[Kind, int], free: Mapping[str, Sequence[int]], last: str = ""
    ) -> Evacuation:
        nodes = self._hosts[host].nodes
        if nodes:
            return self._without_a_node(self._hosts[host], load)
        best: Evacuation | None = None
        for emptiest in (True, False):
            found = self._packed(host, load, free, last, emptiest=emptiest)
            if best is None or found.count < best.count:
                best = found
            if not best.stranded:
                break
        assert best is not None
        return best

    def _packed(
        self, host: str, load: Mapping[Kind, int], free: Mapping[str, Sequence[int]], last: str, *, emptiest: bool
    ) -> Evacuation:
        left: dict[str, list[int]] = {}
        stranded: dict[Kind, int] = {}
        order: dict[tuple[str, str], list[str]] = {}
        least = [min((kind[0][index] for kind in load), default=0) for index in range(4)]
        for kind in sorted(load, key=lambda one: (-self._share(one[0]), one)):
            amounts, network, owner = kind
            rest = load[kind]
            if (network, owner) not in order:
                # Full hosts are looked at once, not for every kind.
                able = (name for name in self.takers(network, owner, host) if _fits(least, free[name], None))
                order[network, owner] = sorted(
                    able, key=lambda name: (name == last, -free[name][0] if emptiest else free[name][0], name)
                )
            for name in order[network, owner]:
                have = left.get(name) or free[name]
                many = min(rest, *(have[index] // amount for index, amount in enumerate(amounts) if amount), _ENDLESS)
                if many <= 0 or not _fits_a_node(amounts, self._hosts[name]):
                    continue
                left[name] = [now - many * amount for now, amount in zip(have, amounts, strict=True)]
                rest -= many
                if not rest:
                    break
            if rest:
                stranded[kind] = rest
        used = {name: _minus(free[name], now) for name, now in left.items()}
        return Evacuation(host=host, vps=sum(load.values()), used=used, stranded=stranded)

    def _without_a_node(self, host: Host, load: Mapping[Kind, int]) -> Evacuation:
        worst: Evacuation | None = None
        for down in sorted(host.nodes):
            bins = [list(host.sellable_on(name)) for name in sorted(host.nodes) if name != down]
            stranded: dict[Kind, int] = {}
            for kind in sorted(load, key=lambda one: (-self._share(one[0]), one)):
                rest = load[kind]
                for have in bins:
                    many = min(rest, *(have[index] // amount for index, amount in enumerate(kind[0][:3]) if amount))
                    if many > 0:
                        have[:] = [now - many * amount for now, amount in zip(have, kind[0][:3], strict=True)]
                        rest -= many
                if rest:
                    stranded[kind] = rest
            found = Evacuation(host=host.name, vps=sum(load.values()), used={}, stranded=stranded, node=down)
            if worst is None or found.count > worst.count:
                worst = found
        assert worst is not None
        return worst

    def _share(self, amounts: Amounts) -> float:
        return max(amount / whole for amount, whole in zip(amounts, self._whole, strict=True))


_GONE = (HostState.LOST, HostState.FAILED)


def without(
    fleet: Fleet, rooms: Mapping[str, Room], host: str, today: date, operations: Operations = NOTHING_KNOWN
) -> Evacuation:
    """Where the VPSs of that host would go if it failed, and how many of them find no room."""
    return Standby(fleet, rooms, operations, today).without(host)


def _can_take(host: Host, operations: Operations) -> bool:
    return host.lost is None and operations.state(host.name) is HostState.ACTIVE


def _bounded(room: Room) -> Amounts:
    memory, vcpus, disk, traffic = room.free.amounts
    return (memory, vcpus, disk, traffic if room.host.traffic_gb is not None else _ENDLESS)


def _fits(amounts: Sequence[int], free: Sequence[int], used: Amounts | None) -> bool:
    taken = used or _NOTHING
    return all(not need or need <= free[index] - taken[index] for index, need in enumerate(amounts))


def _fits_a_node(amounts: Amounts, host: Host) -> bool:
    if not host.nodes:
        return True
    return any(
        all(need <= have for need, have in zip(amounts[:3], host.sellable_on(one), strict=True)) for one in host.nodes
    )


def _minus(free: Sequence[int], left: Sequence[int]) -> Amounts:
    return (free[0] - left[0], free[1] - left[1], free[2] - left[2], free[3] - left[3])
