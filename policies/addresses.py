"""A machine has addresses of its network that are nobody else's (contract KIT-3): in range, not reserved."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from policies import census, declared, lines
from policies.declared import DeclaredError
from policies.lines import Line
from policies.machine import Resource, mapping, text
from policies.rule import Rule

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def own(found: Resource) -> Iterator[str]:
    """Every address of every NIC is one that the machine may hold; all that its line declares are there."""
    if not found.is_machine:
        return
    base, line = declared.folder(), lines.of(found)
    held: list[str] = []
    for nic in mapping(found.properties.get("nics")).values():
        network, listed = text(mapping(nic).get("network")), mapping(nic).get("addresses")
        for written in listed if isinstance(listed, list | tuple) else _plain(listed):
            address, _, prefix = text(written).partition("/")
            held.append(census.canonical(address))
            yield from (f"{found.title}: {problem}" for problem in _judged(base, network, address, prefix, line))
    declares = census.addresses(line.vps)
    if sorted(held) != sorted(declares):
        yield (
            f"{found.title}: it has {', '.join(held) or 'no address'}, but its line declares "
            f"{', '.join(declares) or 'none'}. Declare it from its file."
        )
    elif not held:
        yield f"{found.title}: it has no address, so nobody can reach it. Add one to its line."


def _plain(listed: object) -> Iterator[object]:
    """The items of a list that the engine shows in its own clothes."""
    if isinstance(listed, str) or not hasattr(listed, "__iter__"):
        return
    yield from listed


@declared.kept
def _judged(base: Path, network: str, address: str, prefix: str, line: Line) -> tuple[str, ...]:
    return tuple(_problems(base, network, address, prefix, line))


def _problems(base: Path, network: str, address: str, prefix: str, line: Line) -> Iterator[str]:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        yield f'"{address}" is no address. Write one like 192.0.2.10.'
        return
    whole, gateways, reserved = _network(base, network)
    mine = next((one for one in whole if parsed.version == one.version), None)
    choose = f"Choose a free one of {network}."
    if mine is None or parsed not in mine:
        yield f"{address} lies outside the network {network}. {choose}"
    elif prefix != str(mine.prefixlen):
        yield f"{address} has the prefix /{prefix}, but {network} has /{mine.prefixlen}. Declare it from its file."
    elif str(parsed) in gateways:
        yield f"{address} is the gateway of {network}. {choose}"
    elif any(first <= int(parsed) <= last for version, first, last in reserved if version == parsed.version):
        yield f"{address} is reserved in {network}. {choose}"
    elif mine.num_addresses > 2 and parsed in (mine[0], *((mine[-1],) if mine.version == 4 else ())):
        yield f"{address} names the network {network} itself, or everybody in it. {choose}"
    others = [one.title for one in census.holders(base, str(parsed)) if one.title != line.title]
    twice = census.addresses(line.vps).count(str(parsed)) > 1
    if others or twice:
        names = ", ".join(others[:3]) or "its own line a second time"
        yield f"{address} is also declared for {names} (KIT-3: none is assigned twice). {choose}"
    if str(parsed) in _of_drills(base):
        yield f"{address} is the one on which restores of backups are tried. {choose}"


@declared.kept
def _network(base: Path, name: str) -> tuple[tuple[_Network, ...], frozenset[str], tuple[tuple[int, int, int], ...]]:
    """Ranges, gateways and reserved spans (family, first, last) of a network. Raises DeclaredError."""
    networks = declared.lines(declared.fleet(base).get("networks"))
    if name not in networks:
        raise DeclaredError(f"fleet.yaml has no network {name or '(none is named)'}. Declare it, or name another.")
    file = declared.lines(networks[name])
    families = [declared.lines(file.get(key)) for key in ("ipv4", "ipv6")]
    try:
        return (
            tuple(ipaddress.ip_network(text(one.get("range"))) for one in families if one),
            frozenset(census.canonical(text(one.get("gateway"))) for one in families if one),
            tuple(_span(text(one)) for one in declared.listed(file.get("reserved"))),
        )
    except ValueError as error:
        raise DeclaredError(f"fleet.yaml, network {name}: {error}. Run `vps check` and mend it.") from error


def _span(written: str) -> tuple[int, int, int]:
    if "/" in written:
        whole = ipaddress.ip_network(written)
        return whole.version, int(whole[0]), int(whole[-1])
    first, _, last = (part.strip() for part in written.partition("-"))
    start: _Address = ipaddress.ip_address(first)
    return start.version, int(start), int(ipaddress.ip_address(last or first))


@declared.kept
def _of_drills(base: Path) -> frozenset[str]:
    drill = declared.lines(declared.lines(declared.fleet(base).get("backups")).get("drill"))
    return frozenset(filter(None, (census.canonical(text(drill.get(key))) for key in ("ipv4", "ipv6"))))


RULES = (
    Rule("addresses-are-its-own", "A machine's addresses are of its network, free for it, and nobody else's", own),
)
"""The rule about addresses; `neighbours` holds a guest to them."""
