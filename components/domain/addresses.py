"""Which addresses of a network may be given to a VPS: nobody's, not reserved, in no quarantine; the lowest first."""

import socket
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from ipaddress import IPv4Address, IPv6Address

from components.domain.fleet import Fleet
from components.domain.networks import Address, Network

Taken = Mapping[int, Collection[int]]
"""Addresses as numbers, by their family (4 or 6)."""
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_KINDS: Mapping[int, type[IPv4Address] | type[IPv6Address]] = {4: IPv4Address, 6: IPv6Address}


def number(text: str) -> tuple[int, int] | None:
    """Family and number of an address, however it is written; None when it is none. Fast, for thousands."""
    family = 6 if ":" in text else 4
    try:
        return family, int.from_bytes(socket.inet_pton(_FAMILIES[family], text))
    except (OSError, ValueError):
        return None


def canonical(text: str) -> str:
    """An address as it is written in short: `2001:DB8:0::1` → `2001:db8::1`; what is none stays."""
    found = number(text)
    return text if found is None else str(_KINDS[found[0]](found[1]))


def declared(fleet: Fleet) -> dict[int, set[int]]:
    """Every address that a file gives to somebody: VPSs, ended ones too, and the restored guest of drills."""
    taken: dict[int, set[int]] = {4: set(), 6: set()}
    texts = [text for _, vps in fleet.machines() for text in (*vps.ipv4, *vps.ipv6)]
    if fleet.backups is not None and fleet.backups.drill is not None:
        texts += [fleet.backups.drill.ipv4, fleet.backups.drill.ipv6]
    for text in texts:
        found = number(text)
        if found is not None:
            taken[found[0]].add(found[1])
    return taken


def taken(fleet: Fleet, quarantine: Mapping[str, date], today: date) -> dict[int, set[int]]:
    """What may not be given now: what is declared, and what is in quarantine beyond `today`."""
    found = declared(fleet)
    for text, until in quarantine.items():
        known = number(text)
        if known is not None and until > today:
            found[known[0]].add(known[1])
    return found


def free(network: Network, family: int, held: Taken, start: int = 0) -> Iterator[Address]:
    """The free addresses of that family (4 or 6), lowest first; nothing where the network has none of it.

    `start` is a number below which nothing is free any more, for whoever looks again and again.
    """
    whole = network.ipv4 if family == 4 else network.ipv6
    if whole is None:
        return
    kind, barred, mine = _KINDS[family], _barred(network, family), held[family]
    starts = [first for first, _ in barred]
    at, end = max(start, int(whole[0])), int(whole[-1])
    while at <= end:
        index = bisect_right(starts, at) - 1
        if index >= 0 and at <= barred[index][1]:
            at = barred[index][1] + 1
        elif at in mine:
            at += 1
        else:
            yield kind(at)
            at += 1


def _barred(network: Network, family: int) -> list[tuple[int, int]]:
    """First and last of each stretch that no VPS gets, in order and without overlaps."""
    whole = network.ipv4 if family == 4 else network.ipv6
    gateway = network.ipv4_gateway if family == 4 else network.ipv6_gateway
    assert whole is not None
    stretches = [(int(one.first), int(one.last)) for one in network.reserved if one.first.version == family]
    single = [gateway] if gateway is not None else []
    if whole.num_addresses > 2:
        single.append(whole.network_address)
        if family == 4:
            single.append(whole.broadcast_address)
    stretches += [(int(one), int(one)) for one in single]
    stretches += [(found[1], found[1]) for one in network.dns if (found := number(one)) and found[0] == family]
    merged: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
