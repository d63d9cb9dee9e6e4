"""The addresses that a client's VPSs have, none of them assigned twice (contract KIT-3)."""

import contextlib
from collections import defaultdict
from ipaddress import ip_address

from components.domain.clients import Client
from components.domain.fleet import Fleet
from components.domain.problems import DomainError

Owners = dict[str, list[str]]


def owners(fleet: Fleet) -> Owners:
    """Every address in its shortest form, with each CLIENT/VPS that declares it; made once for a whole fleet."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for client, vps in fleet.machines():
        for text in (*vps.ipv4, *vps.ipv6):
            with contextlib.suppress(ValueError):  # `vps check` names what is no address
                found[str(ip_address(text))].append(f"{client.key}/{vps.key}")
    return found


def assigned(fleet: Fleet, client: Client, owned: Owners) -> list[dict[str, str]]:
    """A row for each address of each VPS: vps, address, prefix, gateway, family, network.

    Raises DomainError that names every address which somebody else has too.
    """
    rows, clashes = [], []
    for vps in client.vps.values():
        network = fleet.networks[vps.network]
        for text in (*vps.ipv4, *vps.ipv6):
            address = ip_address(text)
            holders = owned[str(address)]
            if len(holders) > 1:
                clashes.append(f"{address} is assigned to {' and '.join(holders)}")
            whole = network.range_of(address)
            rows.append(
                {
                    "vps": vps.key,
                    "fqdn": vps.fqdn,
                    "address": str(address),
                    "family": f"IPv{address.version}",
                    "prefix": str(whole.prefixlen) if whole else "",
                    "gateway": str(network.gateway_of(address) or ""),
                    "network": network.name,
                }
            )
    if clashes:
        raise DomainError(
            f"Unable to write the kit of {client.key}: {'; '.join(dict.fromkeys(clashes))}.",
            "Choose a free address for one of them. Nothing was written.",
        )
    return rows
