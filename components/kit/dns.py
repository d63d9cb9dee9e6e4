"""DNS records of a client's VPSs: forward ones, which the client sets, and reverse ones (contract KIT-4)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

from components.domain.clients import Client, Vps
from components.domain.networks import Address, Network

TTL_S = 3600
"""How long resolvers may keep a record."""

CLIENT = "client"
PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record, by its full name without the dot at the end.

    `who` sets it, CLIENT or PROVIDER; `why` is a key of the kit's words: `host`, `site`, `mail` or `reverse`.
    """

    zone: str
    name: str
    type: str
    value: str
    who: str
    why: str
    vps: str


def forward(client: Client, *, own_mail: bool) -> list[Record]:
    """A and AAAA of every VPS and of every site that gets a certificate.

    Where VPSs send their `own_mail`, also that nobody else sends any under their names (SPF, RFC 7208).
    """
    names = [(vps, name) for vps in client.vps.values() for name in _names(vps)]
    taken = {name for _, name in names}
    found = []
    for vps, name in names:
        zone = _zone(name, taken)
        why = "host" if name == vps.fqdn else "site"
        for address in _addresses(vps):
            type_ = "A" if isinstance(address, IPv4Address) else "AAAA"
            found.append(_record(zone, name, type_, str(address), CLIENT, why, vps))
        if name == vps.fqdn and own_mail:
            found.append(_record(zone, name, "TXT", '"v=spf1 a -all"', CLIENT, "mail", vps))
    return found


def reverse(client: Client, networks: dict[str, Network]) -> list[Record]:
    """PTR of every address, each to the full name of its VPS."""
    return [
        _record(
            reverse_zone(address, networks[vps.network]),
            address.reverse_pointer,
            "PTR",
            f"{vps.fqdn}.",
            PROVIDER,
            "reverse",
            vps,
        )
        for vps in client.vps.values()
        for address in _addresses(vps)
    ]


def reverse_zone(address: Address, network: Network) -> str:
    """The zone that holds the address's reverse record: its network, up to the next whole label.

    A network of 192.0.2.0/26 lies in 2.0.192.in-addr.arpa, whoever delegates parts of it (RFC 2317).
    """
    whole = network.range_of(address)
    bits = 8 if isinstance(address, IPv4Address) else 4
    labels = address.reverse_pointer.split(".")
    prefix = whole.prefixlen if whole is not None else 0
    kept = max(1, min(prefix, address.max_prefixlen - bits) // bits)
    return ".".join(labels[address.max_prefixlen // bits - kept :])


def zone_files(records: Iterable[Record], client: str) -> Iterator[tuple[str, str]]:
    """A fragment for each zone: its file's name, and its text in master file format (RFC 1035, section 5)."""
    zones: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        zones.setdefault((record.who, record.zone), []).append(record)
    for (who, zone), found in zones.items():
        width = max(len(record.name) for record in found) + 1
        lines = [
            f"; {zone}: records of {client}, to be set by the {who}.",
            "; Names are whole, so they fit whichever zone of yours holds them.",
        ]
        lines += dict.fromkeys(
            f"{record.name + '.':<{width}} {TTL_S} IN {record.type:<4} {record.value}" for record in found
        )
        kind = "forward" if who == CLIENT else "reverse"
        yield f"dns/{kind}-{zone}.zone", "\n".join(lines) + "\n"


def _record(zone: str, name: str, type_: str, value: str, who: str, why: str, vps: Vps) -> Record:
    return Record(zone=zone, name=name, type=type_, value=value, who=who, why=why, vps=vps.key)


def _names(vps: Vps) -> list[str]:
    return list(dict.fromkeys([vps.fqdn, *(vps.panel.ssl_sites if vps.panel else ())]))


def _addresses(vps: Vps) -> list[Address]:
    return [ip_address(text) for text in (*vps.ipv4, *vps.ipv6)]


def _zone(name: str, names: set[str]) -> str:
    """The zone that likely holds `name`: itself when other names stand right below it, else what stands above it."""
    above = name.partition(".")[2]
    if "." not in above or any(other.partition(".")[2] == name for other in names):
        return name
    return above
