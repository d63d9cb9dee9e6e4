"""Rules against holding a thing twice: ids, UUIDs, addresses, names, serial numbers.

A clash is reported at each of its places, so it stops every stack concerned: which of two VPSs may hold an address
can't be told from the files, and two machines with one address harm both clients.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from components.domain.fleet import Fleet
from components.domain.networks import address_of
from components.domain.problems import Problem
from components.domain.rules.references import Steps

Holding = tuple[str, Steps, str]


def problems(fleet: Fleet) -> Iterator[Problem]:
    """Everything that is held twice."""
    yield from _clashes(
        _client_ids(fleet), "The id {0} is also that of {1}.", "Ids never repeat: make a new one.", code="id-twice"
    )
    yield from _clashes(
        _vps_ids(fleet), "The id {0} is also that of {1}.", "Ids never repeat: make a new one.", code="id-twice"
    )
    yield from _clashes(
        _uuids(fleet), "The UUID {0} is also that of {1}.", "Pin the UUID where the machine has it.", code="uuid-twice"
    )
    yield from _clashes(
        _macs(fleet), "The MAC {0} is also that of {1}.", "Pin the MAC where the machine has it.", code="mac-twice"
    )
    yield from _clashes(
        _names(fleet), "{0} is also the name of {1}.", "Give each VPS a name of its own.", code="name-twice"
    )
    yield from _clashes(
        _addresses(fleet),
        "{0} also belongs to {1}.",
        "If this is the newer one: `vps new --again {0}` gives it a free one.",
        code="address-twice",
    )
    yield from _clashes(
        _uris(fleet),
        "The host {1} is reached by the same URI.",
        "Declare each host once.",
        code="host-twice",
        blocks=False,
    )
    yield from _clashes(
        _serials(fleet),
        "The serial number {0} is also in {1}.",
        "List each piece where it is.",
        code="serial-twice",
        blocks=False,
    )


def _clashes(
    holdings: Iterable[Holding], message: str, remedy: str, *, code: str, blocks: bool = True
) -> Iterator[Problem]:
    held: defaultdict[str, list[tuple[Steps, str]]] = defaultdict(list)
    for what, path, holder in holdings:
        held[what].append((path, holder))
    for what, holders in held.items():
        if len(holders) < 2:
            continue
        for index, (path, holder) in enumerate(holders):
            others = [name for number, (_, name) in enumerate(holders) if number != index]
            more = f" and {len(others) - 3} more" if len(others) > 3 else ""
            yield Problem(
                code=code,
                blocks=blocks,
                path=path,
                message=message.format(what, ", ".join(others[:3]) + more),
                remedy=remedy.format(holder),
            )


def _client_ids(fleet: Fleet) -> Iterator[Holding]:
    for client in fleet.clients.values():
        yield client.id, ("clients", client.key, "id"), client.key


def _vps_ids(fleet: Fleet) -> Iterator[Holding]:
    for client, vps in fleet.machines():
        yield vps.id, ("clients", client.key, "vps", vps.key, "id"), f"{client.key}/{vps.key}"


def _uuids(fleet: Fleet) -> Iterator[Holding]:
    pinned = {vps.uuid for _, vps in fleet.machines() if vps.uuid is not None}
    if not pinned:
        return
    for client, vps in fleet.machines():
        uuid = vps.machine_uuid(fleet.id, client.id)
        if uuid in pinned:
            key = "uuid" if vps.uuid else "id"
            yield uuid, ("clients", client.key, "vps", vps.key, key), f"{client.key}/{vps.key}"


def _macs(fleet: Fleet) -> Iterator[Holding]:
    """Pinned ones; the others are made from UUIDs, which never repeat."""
    for client, vps in fleet.machines():
        if vps.mac is not None:
            yield vps.mac, ("clients", client.key, "vps", vps.key, "mac"), f"{client.key}/{vps.key}"


def _names(fleet: Fleet) -> Iterator[Holding]:
    for client, vps in fleet.machines():
        yield vps.fqdn, ("clients", client.key, "vps", vps.key, "fqdn"), f"{client.key}/{vps.key}"


def _addresses(fleet: Fleet) -> Iterator[Holding]:
    for client, vps in fleet.machines():
        for family, addresses in (("ipv4", vps.ipv4), ("ipv6", vps.ipv6)):
            for index, address in enumerate(addresses):
                try:
                    canonical = str(address_of(address))
                except ValueError:
                    continue
                yield canonical, ("clients", client.key, "vps", vps.key, family, index), f"{client.key}/{vps.key}"


def _uris(fleet: Fleet) -> Iterator[Holding]:
    for name, host in fleet.hosts.items():
        yield f"{host.driver} {host.uri}", ("hosts", name, "uri"), name


def _serials(fleet: Fleet) -> Iterator[Holding]:
    for name, host in fleet.hosts.items():
        for index, part in enumerate(host.inventory):
            holder = f"{name} ({part.kind} {index + 1})"
            yield f"{part.model} {part.serial}", ("hosts", name, "inventory", index, "serial"), holder
