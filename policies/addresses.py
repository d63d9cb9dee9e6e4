"""A machine has addresses of its network that are nobody else's (contract KIT-3): in range, not reserved."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from policies import census, declared, known, lines
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
        for written in _items(listed):
            address, _, prefix = text(written).partition("/")
            form = census.canonical(address)
            held.append(form)
            wrong = _wrong(base, network, address, prefix)
            claims = () if wrong else _claimed(base, network, form, line)
            # Two who hold one address harm each other: it is the newcomer who is stopped.
            if wrong:
                yield f"{found.title}: {wrong}"
            elif claims and form not in _before(found):
                yield from (f"{found.title}: {claim}" for claim in claims)
    declares = _declared_by(line)
    if held != list(declares) and sorted(held) != sorted(declares):
        yield (
            f"{found.title}: it has {', '.join(held) or 'no address'}, but its line declares "
            f"{', '.join(declares) or 'none'}. Declare it from its file."
        )
    elif not held:
        yield f"{found.title}: it has no address, so nobody can reach it. Add one to its line."


@declared.kept
def _declared_by(line: Line) -> tuple[str, ...]:
    return census.addresses(line.vps)


def _before(found: Resource) -> frozenset[str]:
    """The addresses that the machine had before, as far as somebody says."""
    try:
        had = known.before(found.properties.get("uuid")).get("addresses")
    except DeclaredError:
        return frozenset()
    return frozenset(map(text, had if isinstance(had, list) else ()))


def _items(listed: object) -> Iterator[object]:
    """The items of a list that the engine shows in its own clothes."""
    if isinstance(listed, str) or not hasattr(listed, "__iter__"):
        return
    yield from listed


@declared.kept
def _wrong(base: Path, network: str, address: str, prefix: str) -> str:
    """Why nobody could use the address in this network; empty when anybody could."""
    form = census.canonical(address)
    if not form:
        return f'"{address}" is no address. Write one like 192.0.2.10.'
    parsed, (whole, _, _) = ipaddress.ip_address(form), _network(base, network)
    mine = next((one for one in whole if parsed.version == one.version), None)
    choose = f"Choose a free one of {network}."
    if mine is None or parsed not in mine:
        return f"{address} lies outside the network {network}. {choose}"
    if prefix != str(mine.prefixlen):
        return f"{address} has the prefix /{prefix}, but {network} has /{mine.prefixlen}. Declare it from its file."
    return ""


@declared.kept
def _claimed(base: Path, network: str, address: str, line: Line) -> tuple[str, ...]:
    """Who else has a claim on the address, in words: the network itself, its gateway, another VPS."""
    parsed = ipaddress.ip_address(address)
    whole, gateways, reserved = _network(base, network)
    mine = next(one for one in whole if parsed.version == one.version)
    found = []
    if address in gateways:
        found.append(f"{address} is the gateway of {network}.")
    if mine.num_addresses > 2 and parsed in (mine[0], *((mine[-1],) if mine.version == 4 else ())):
        found.append(f"{address} names the network {network} itself, or everybody in it.")
    if any(version == parsed.version and first <= int(parsed) <= last for version, first, last in reserved):
        found.append(f"{address} is reserved in {network}.")
    others = [one.title for one in census.holders(base, str(parsed)) if one.title != line.title]
    if others or census.addresses(line.vps).count(str(parsed)) > 1:
        names = ", ".join(others[:3]) or "its own line a second time"
        found.append(f"{address} is also declared for {names} (KIT-3: none is assigned twice).")
    if str(parsed) in _of_drills(base):
        found.append(f"{address} is the one on which restores of backups are tried.")
    return tuple(f"{one} Choose a free one of {network}." for one in found)


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
