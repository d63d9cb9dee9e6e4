"""A VPS that was placed before others came between: what of its place clashes now, and another for that alone."""

from dataclasses import dataclass, replace
from datetime import date
from ipaddress import ip_address
from itertools import islice

from components.domain import addresses
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.operations import Operations
from components.domain.placement import place_each
from components.domain.rules.common_ground import unusable
from components.domain.wishes import Placed, Unplaced, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """The VPS with its new place, where it came from, and why; `placed` is what the search says of the new one."""

    vps: Vps
    placed: Placed
    why: tuple[str, ...]


def anew(fleet: Fleet, client: Client, vps: Vps, operations: Operations, today: date) -> Anew | Unplaced | None:
    """Another place for what clashes of the VPS's host and addresses; None when nothing does.

    Its host is kept while it has the room, an address while nobody else may have it.
    """
    wish = Wish(
        client=client.key,
        client_id=client.id,
        name=vps.key,
        sale=vps.sale(max(today, vps.term.start)),
        ipv4=0,
        network=vps.network,
        leaves=True,
        keeps_spare=False,
    )
    (stays,) = place_each(fleet, [replace(wish, host=vps.host)], operations, today)
    why = [] if isinstance(stays, Placed) else _whys(stays)
    good = {4: _good(fleet, client, vps, 4, operations, today), 6: _good(fleet, client, vps, 6, operations, today)}
    lacking = {4: len(vps.ipv4) - len(good[4]), 6: len(vps.ipv6) - len(good[6])}
    why += [f"{one} is taken" for one in (*vps.ipv4, *vps.ipv6) if one not in (*good[4], *good[6])]
    if not why:
        return None
    wish = replace(wish, ipv4=lacking[4], ipv6=lacking[6], keeps_spare=not isinstance(stays, Placed))
    if isinstance(stays, Placed):
        wish = replace(wish, host=vps.host)
    (found,) = place_each(fleet, [wish], operations, today)
    if isinstance(found, Unplaced):
        # No host of its network: then all its addresses are of another one.
        good = {4: (), 6: ()}
        wish = replace(wish, host=None, network=None, ipv4=len(vps.ipv4), ipv6=len(vps.ipv6), keeps_spare=True)
        (found,) = place_each(fleet, [wish], operations, today)
        if isinstance(found, Unplaced):
            return found
    ipv4, ipv6 = _filled(vps.ipv4, good[4], found.ipv4), _filled(vps.ipv6, good[6], found.ipv6)
    moved = replace(vps, host=found.host, network=found.network, ipv4=ipv4, ipv6=ipv6)
    return Anew(vps=moved, placed=found, why=tuple(why))


def _whys(stays: Unplaced) -> list[str]:
    return [str(one) for one in stays.refused] or [stays.problem.message]


def _good(fleet: Fleet, client: Client, vps: Vps, family: int, operations: Operations, today: date) -> tuple[str, ...]:
    """The VPS's addresses of a family that it may keep."""
    rest = {key: one for key, one in client.vps.items() if key != vps.key}
    others = replace(fleet, clients={**fleet.clients, client.key: replace(client, vps=rest)})
    taken = addresses.taken(others, operations.quarantine, today)
    network = fleet.networks.get(vps.network)
    found = []
    for text in vps.ipv4 if family == 4 else vps.ipv6:
        known = addresses.number(text)
        if network is None or known is None or known[0] != family or known[1] in taken[family]:
            continue
        address = ip_address(text)
        whole = network.range_of(address)
        reserved = any(address in one for one in network.reserved) or unusable(network, address)
        if whole is not None and address in whole and address != network.gateway_of(address) and not reserved:
            found.append(text)
    return tuple(found)


def _filled(before: tuple[str, ...], good: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses in their order: what is good stays where it stands, what is not gives way to a new one."""
    fresh = iter(new)
    return tuple(one if one in good else next(fresh) for one in islice(before, len(good) + len(new)))
