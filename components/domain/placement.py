"""Where new VPSs go: `place` finds host and addresses for each, and says of every refused host why.

A client's VPSs stand apart (hosts, then cabinets, then datacentres) as far as there is room, and a host with an open
fault comes after all without. Among hosts that are equal in that, empty ones come last, and the one is taken that has
most of what the VPS takes most of (README, decision 12).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import islice

from components.domain import addresses
from components.domain.capacity import RESOURCES, Demand, Room, of_sale, rooms, worded
from components.domain.failover import Evacuation, Standby
from components.domain.fleet import Fleet
from components.domain.operations import Operations
from components.domain.problems import Problem
from components.domain.standing import barred
from components.domain.wishes import Placed, Refusal, Unplaced, Wish

__all__ = ["Placed", "Refusal", "Unplaced", "Wish", "place", "place_each"]

Given = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A network, and the addresses that it has for a VPS."""


def place(
    fleet: Fleet, wishes: Sequence[Wish], operations: Operations, today: date
) -> tuple[Placed, ...] | tuple[Problem, ...]:
    """A place for all of them, in the order of the wishes, or what stands against it: then none is placed.

    The same for any order of wishes, hosts and clients: the largest is placed first, among equals the first by name.
    """
    found = place_each(fleet, wishes, operations, today)
    problems = tuple(one.problem for one in found if isinstance(one, Unplaced))
    return problems or tuple(one for one in found if isinstance(one, Placed))


def place_each(
    fleet: Fleet, wishes: Sequence[Wish], operations: Operations, today: date
) -> tuple[Placed | Unplaced, ...]:
    """As `place`, but what fits is placed whatever does not."""
    search = _Search(fleet, wishes, operations, today)
    needs = [_need(fleet, wish) for wish in wishes]
    found: dict[int, Placed | Unplaced] = {}
    for index in sorted(range(len(wishes)), key=lambda one: (-search.share(needs[one]), wishes[one].title)):
        need = needs[index]
        found[index] = _unsold(wishes[index]) if need is None else search.one(wishes[index], need)
    return tuple(found[index] for index in range(len(wishes)))


def _need(fleet: Fleet, wish: Wish) -> Demand | None:
    try:
        return of_sale(fleet, wish.sale)
    except KeyError:
        return None


class _Search:
    """What is left of the fleet while VPSs are placed one after the other."""

    def __init__(self, fleet: Fleet, wishes: Sequence[Wish], operations: Operations, today: date) -> None:
        self._fleet, self._operations, self._today = fleet, operations, today
        leaving = {(wish.client, wish.name) for wish in wishes if wish.leaves}
        self._rooms = dict(rooms(fleet, today, leaving))
        every = self._rooms.values()
        self._whole = {key: max(1, sum(getattr(room.sellable, key) for room in every)) for key in RESOURCES}
        self._standby = Standby(fleet, self._rooms, operations, today, leaving)
        self._held = addresses.taken(fleet, operations.quarantine, today)
        self._offers: dict[tuple[str, int, int], Given | None] = {}
        self._below: dict[tuple[str, int], int] = {}
        self._near: dict[str, Counter[str]] = {}
        self._leaving = leaving
        self._faulty = {fault.host: fault for fault in operations.faults}
        self._barred = {name: barred(fleet, host, operations, today) for name, host in fleet.hosts.items()}

    def share(self, need: Demand | None) -> float:
        """How large a VPS is: the largest of its shares of what all hosts sell."""
        if need is None:
            return 0.0
        shares: list[float] = [getattr(need, key) / self._whole[key] for key in RESOURCES[:-1]]
        return max(shares)

    def one(self, wish: Wish, need: Demand) -> Placed | Unplaced:
        """A place for one VPS, and what is left afterwards."""
        if wish.host is not None and wish.host not in self._rooms:
            known = ", ".join(sorted(self._rooms)) or "none"
            problem = _problem(wish, f"There is no host {wish.host}.", f"Known: {known}.", "unknown-host")
            return Unplaced(wish=wish, problem=problem)
        among = self._rooms.keys() if wish.among is None else wish.among & self._rooms.keys()
        asked = [wish.host] if wish.host is not None else sorted(among)
        refused = {}
        able: dict[str, Given] = {}
        for name in asked:
            refusal = self._refusal(name, wish, need)
            if refusal is not None:
                refused[name] = refusal
                continue
            found = self._network(name, wish)
            if isinstance(found, Refusal):
                refused[name] = found
            else:
                able[name] = found
        order = sorted(able, key=lambda name: (*self._rank(wish, name), *self._score(name, need), name))
        for name in order:
            network, *given = able[name]
            notes, refusal = self._spare(name, wish, need, network)
            if refusal is not None:
                refused[name] = refusal
                continue
            takers = [one for one in order if one not in refused]
            spared = self._spares_empty(wish, name, takers)
            self._take(name, wish, need, network, given)
            return Placed(
                wish=wish,
                host=name,
                network=network,
                ipv4=given[0],
                ipv6=given[1],
                why=self._why(name, wish, takers, spared=spared),
                refused=tuple(refused[one] for one in sorted(refused)),
                notes=(*notes, *self._faults(name)),
            )
        every = tuple(refused[one] for one in sorted(refused))
        return Unplaced(wish=wish, problem=_nowhere(wish, need, every), refused=every)

    def _refusal(self, name: str, wish: Wish, need: Demand) -> Refusal | None:
        room = self._rooms[name]
        found = self._barred[name]
        if found is not None:
            return Refusal(host=name, code=found[0], why=found[1])
        if not room.host.serves(wish.client_id):
            why = f"it serves the client {room.host.assigned} alone (contract HW-8)"
            return Refusal(host=name, code="host-of-another-client", why=why)
        if wish.network is not None and wish.network not in self._carried(name):
            why = f"it does not carry the network {wish.network}"
            return Refusal(host=name, code="network-not-carried", why=why)
        lacking = [*room.lacks(need), *room.lacks_on_a_node(need)]
        if lacking:
            return Refusal(host=name, code="no-room", why="; ".join(map(str, lacking)))
        return None

    def _carried(self, name: str) -> list[str]:
        return sorted(one for one in self._rooms[name].host.networks if one in self._fleet.networks)

    def _network(self, name: str, wish: Wish) -> Given | Refusal:
        """The first network that the host carries and that has the addresses."""
        short = []
        for network in [wish.network] if wish.network is not None else self._carried(name):
            given = self._given(network, wish)
            if given is not None:
                return given
            short.append(network)
        what = " and ".join(f"{count} IPv{family}" for family, count in ((4, wish.ipv4), (6, wish.ipv6)) if count)
        where = f"{', '.join(short)} has too few free addresses: {what} needed" if short else "it carries no network"
        return Refusal(host=name, code="no-address", why=where)

    def _given(self, network: str, wish: Wish) -> Given | None:
        asked = (network, wish.ipv4, wish.ipv6)
        if asked not in self._offers:
            self._offers[asked] = self._addresses(network, wish)
        return self._offers[asked]

    def _addresses(self, network: str, wish: Wish) -> Given | None:
        found = []
        for family, count in ((4, wish.ipv4), (6, wish.ipv6)):
            below = self._below.get((network, family), 0)
            some = list(islice(addresses.free(self._fleet.networks[network], family, self._held, below), count))
            if len(some) < count:
                return None
            if some:
                self._below[network, family] = int(some[0])
            found.append(tuple(map(str, some)))
        return (network, found[0], found[1])

    def _rank(self, wish: Wish, name: str) -> tuple[int, ...]:
        """What comes before any question of room."""
        return (name in self._faulty, *self._spread(wish.client, name))

    def _spread(self, client: str, name: str) -> tuple[int, int, int]:
        """How many of the client's VPSs stand on the host, in its cabinet, in its datacentre."""
        if client not in self._near:
            self._near[client] = Counter()
            owner = self._fleet.clients.get(client)
            for vps in owner.vps.values() if owner else ():
                if (client, vps.key) not in self._leaving and vps.host in self._rooms:
                    self._near[client].update(self._places(vps.host))
        host, cabinet, datacentre = self._places(name)
        near = self._near[client]
        return near[host], near[cabinet], near[datacentre]

    def _places(self, name: str) -> tuple[str, str, str]:
        host = self._rooms[name].host
        return (f"host {name}", f"cabinet {host.datacentre} {host.cabinet}", f"datacentre {host.datacentre}")

    def _score(self, name: str, need: Demand) -> tuple[float, ...]:
        room = self._rooms[name]
        return (room.vps == 0, misfit(room, need))

    def _spare(self, name: str, wish: Wish, need: Demand, network: str) -> tuple[tuple[str, ...], Refusal | None]:
        if not wish.keeps_spare:
            return (), None
        kind = self._standby.kind(need, network, wish.client_id)
        if not self._rooms[name].host.nodes and not self._standby.takers(network, wish.client_id, name):
            note = f"no other host could take it if {name} failed: none that takes VPSs carries {network}"
            return (note,), None
        found = next(self._standby.strands(name, kind), None)
        if found is None:
            return (), None
        return (), Refusal(host=name, code="no-room-for-a-host-down", why=_stranding(found))

    def _faults(self, name: str) -> tuple[str, ...]:
        fault = self._faulty.get(name)
        return (f"{name} has an open fault: {fault.part} ({fault.id})",) if fault is not None else ()

    def _take(self, name: str, wish: Wish, need: Demand, network: str, given: Sequence[tuple[str, ...]]) -> None:
        self._rooms[name] = self._rooms[name].with_one_more(need)
        self._standby.put(name, self._standby.kind(need, network, wish.client_id))
        self._near[wish.client].update(self._places(name))
        if any(given):
            self._offers.clear()
        for text in (one for family in given for one in family):
            found = addresses.number(text)
            assert found is not None
            self._held[found[0]].add(found[1])

    def _spares_empty(self, wish: Wish, name: str, able: Sequence[str]) -> bool:
        """Whether a host with VPSs was taken though one without is as good otherwise."""
        rank = self._rank(wish, name)
        return self._rooms[name].vps > 0 and any(
            self._rooms[one].vps == 0 and self._rank(wish, one) == rank for one in able
        )

    def _why(self, name: str, wish: Wish, able: Sequence[str], *, spared: bool) -> str:
        if wish.host is not None:
            return f"{name} was asked for, and takes it"
        if len(able) == 1:
            return f"{name} alone takes it"
        host, cabinet, datacentre = (count - 1 for count in self._spread(wish.client, name))
        return (
            f"of {len(able)} hosts that take it {name} has the fewest of {wish.client}'s VPSs near: {host} on it, "
            f"{cabinet} in its cabinet, {datacentre} in its datacentre; of such, "
            f"{'empty ones come last, and ' if spared else ''}what is free there suits it best"
        )


def misfit(room: Room, need: Demand) -> float:
    """How badly a VPS suits a host, each resource as a share of what the host may sell; smaller is better.

    Little of what it takes is free there, or memory, processors and disk would be used up more unevenly than they are.
    """
    free = room.free
    shares: list[float] = []
    taken: list[float] = []
    for key in RESOURCES[:-1]:
        whole = max(1, getattr(room.sellable, key))
        shares.append(getattr(free, key) / whole)
        taken.append(getattr(need, key) / whole)
    left = [have - take for have, take in zip(shares, taken, strict=True)]
    alike = sum(have * take for have, take in zip(shares, taken, strict=True))
    return (max(left) - min(left)) - (max(shares) - min(shares)) - alike


def _stranding(found: Evacuation) -> str:
    lost = f"{found.node} of {found.host}" if found.node else found.host
    return f"if {lost} failed, {found.count} of the {found.vps} VPSs then there would find no room elsewhere"


def _unsold(wish: Wish) -> Unplaced:
    sold = " with ".join([wish.sale.package, *([", ".join(wish.sale.extras)] if wish.sale.extras else [])])
    remedy = "Choose a package, and extras, of catalogue.yaml."
    return Unplaced(wish=wish, problem=_problem(wish, f"{sold} is not in the catalogue.", remedy, "unknown-package"))


def _nowhere(wish: Wish, need: Demand, refused: Sequence[Refusal]) -> Problem:
    whys = "; ".join(map(str, refused[:_MOST])) or "there is no host"
    if len(refused) > _MOST:
        more = Counter(one.code for one in refused[_MOST:])
        whys += "; " + ", ".join(f"{count} more: {code}" for code, count in sorted(more.items()))
    message = f"{wish.host or 'No host'} can{'not' if wish.host else ''} take {wish.title} ({worded(need)}). {whys}."
    remedy = "Add a host, make room with `vps move`, `vps drain` or `vps end`, or sell something smaller."
    return _problem(wish, message, remedy, "no-host-takes-it")


_MOST = 12
"""Refused hosts that one message names."""


def _problem(wish: Wish, message: str, remedy: str, code: str) -> Problem:
    path = ("clients", wish.client, "vps", wish.name)
    return Problem(path=path, message=message, remedy=remedy, code=code)
