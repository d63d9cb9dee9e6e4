"""Rules for what all share: the fleet's id, networks, datacentres (contract SEC-1 to SEC-5), spares."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from components.domain import hardware
from components.domain.fleet import Fleet
from components.domain.names import is_fleet_id, is_label
from components.domain.networks import Address, Network, address_of
from components.domain.problems import Problem, Severity
from components.domain.rules.references import NOTHING, Unread, choice

LABEL_REMEDY = "Use 1 to 63 lower-case letters, digits and hyphens, with none of the hyphens at an end."


def problems(fleet: Fleet, unread: Unread = NOTHING) -> Iterator[Problem]:
    """What is wrong with fleet.yaml."""
    if not is_fleet_id(fleet.id):
        yield Problem(
            code="bad-id",
            path=("id",),
            message=f'"{fleet.id}" is no fleet id.',
            remedy="Use 2 to 8 lower-case letters and digits, a letter first; it can never change afterwards.",
        )
    if not re.fullmatch(r"[A-Z]{3}", fleet.currency):
        message = f'"{fleet.currency}" is no currency.'
        yield Problem(
            code="bad-currency",
            blocks=False,
            path=("currency",),
            message=message,
            remedy="Use the three letters of ISO 4217, like EUR.",
        )
    yield from _datacentres(fleet)
    for name, network in fleet.networks.items():
        yield from _network(("networks", name), network, unread)
    yield from _overlaps(fleet)
    for name, spare in fleet.spares.items():
        yield from _spare(("spares", name), spare)


def _datacentres(fleet: Fleet) -> Iterator[Problem]:
    lacking = {name: list(one.shortfalls()) for name, one in fleet.datacentres.items()}
    lacking = {name: found for name, found in lacking.items() if found}
    if not lacking:
        return
    hosts = {name: host.datacentre for name, host in fleet.hosts.items()}
    sold = Counter(hosts.get(vps.host) for _, vps in fleet.machines())
    for name, found in lacking.items():
        told = ", ".join(f"{what} ({requirement})" for requirement, what in found)
        there = f" {sold[name]} VPS{'s' * (sold[name] != 1)} live there." if sold[name] else ""
        yield Problem(
            code="datacentre-insecure" if sold[name] else "datacentre-unsold",
            severity=Severity.ERROR if sold[name] else Severity.WARNING,
            blocks=False,
            path=("datacentres", name),
            message=f"It lacks what the contract promises: {told}.{there}",
            remedy="Put it in place and say so here, or take VPSs elsewhere: none may be sold from here (SEC-5).",
            measure=len(found) * max(1, sold[name]),
        )


def _network(path: tuple[str, ...], network: Network, unread: Unread) -> Iterator[Problem]:
    if not is_label(network.name):
        yield Problem(
            code="bad-name", path=path, message=f'"{network.name}" is no name for a network.', remedy=LABEL_REMEDY
        )
    ranges_known = not any(unread.covers(*path, family) for family in ("ipv4", "ipv6"))
    if network.ipv4 is None and network.ipv6 is None and ranges_known:
        yield Problem(
            code="network-without-addresses",
            path=path,
            message="It has no addresses.",
            remedy="Add ipv4, ipv6 or both: range and gateway.",
        )
    for family, whole, gateway in (
        ("ipv4", network.ipv4, network.ipv4_gateway),
        ("ipv6", network.ipv6, network.ipv6_gateway),
    ):
        if whole is not None and gateway is not None and (gateway not in whole or unusable(network, gateway)):
            yield Problem(
                code="bad-gateway",
                path=(*path, family, "gateway"),
                message=f"The gateway {gateway} is no usable address of {whole}.",
                remedy="Write the address of the router inside the range.",
            )
    ranges = [whole for whole in (network.ipv4, network.ipv6) if whole is not None]
    for index, reserved in enumerate(network.reserved):
        if ranges_known and not any(reserved.first in whole and reserved.last in whole for whole in ranges):
            yield Problem(
                code="reserved-outside-network",
                path=(*path, "reserved", index),
                message=f"{reserved} lies outside the network.",
                remedy="Reserve addresses inside its ranges.",
            )
    for index, resolver in enumerate(network.dns):
        try:
            address_of(resolver)
        except ValueError:
            remedy = "Write the address of a resolver."
            yield Problem(
                code="bad-resolver", path=(*path, "dns", index), message=f'"{resolver}" is no address.', remedy=remedy
            )


def unusable(network: Network, address: Address) -> bool:
    """Whether no machine may hold `address` because it names the range itself or everybody in it."""
    whole = network.range_of(address)
    if whole is None or whole.num_addresses <= 2:
        return False
    return address == whole.network_address or (address.version == 4 and address == whole.broadcast_address)


def _overlaps(fleet: Fleet) -> Iterator[Problem]:
    for one, other in combinations(fleet.networks.values(), 2):
        for family, first, second in (("ipv4", one.ipv4, other.ipv4), ("ipv6", one.ipv6, other.ipv6)):
            if (
                first is not None
                and second is not None
                and int(first[0]) <= int(second[-1])
                and int(second[0]) <= int(first[-1])
            ):
                yield Problem(
                    code="networks-overlap",
                    path=("networks", other.name, family, "range"),
                    message=f"{second} overlaps with {first} of {one.name}.",
                    remedy="Give each network a range of its own.",
                )


def _spare(path: tuple[str, ...], spare: hardware.Spare) -> Iterator[Problem]:
    yield from choice(
        (*path, "kind"),
        spare.kind,
        hardware.KINDS,
        "kind of equipment (contract HW-2)",
        code="unknown-equipment",
        blocks=False,
    )
    on_shelf = spare.count > 0 and spare.place
    on_order = spare.supplier and spare.lead_time_hours is not None
    if not on_shelf and not on_order:
        is_empty = bool(spare.place) and spare.count < 1
        within = f"within {hardware.WITHIN_HOURS} h (contract HW-1)"
        yield Problem(
            code="spare-without-source",
            blocks=False,
            path=path,
            message=f"None is left at {spare.place}, and no supplier is named: its parts can't be replaced {within}."
            if is_empty
            else "It doesn't say where a replacement comes from.",
            remedy="Buy one for the shelf, or give supplier and lead_time."
            if is_empty
            else "Give count and place, or supplier and lead_time.",
        )
