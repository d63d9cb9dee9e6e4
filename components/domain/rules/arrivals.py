"""Rules that judge a change: what is new, grows or comes to a host must be right, what was there before stays.

"Before" is what state records where something is about to be applied, and an earlier commit where files are compared.
Moving away, restoring, suspending, stopping, shrinking and ending are never stopped here by capacity, spares, warranty
or expiry (design 7).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from components.domain import capacity
from components.domain.capacity import Demand
from components.domain.clients import Client, Quota, Vps
from components.domain.fleet import Fleet
from components.domain.hardware import WITHIN_HOURS
from components.domain.hosts import SHARED
from components.domain.operations import NOTHING_KNOWN, HostState, Operations
from components.domain.problems import Problem
from components.domain.rules import quotas
from components.domain.rules.hardware import irreplaceable
from components.domain.rules.images import closed
from components.domain.rules.references import Steps

Key = tuple[str, str]
"""The ids of client and VPS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Had:
    """What was there of one VPS: its host and sizes, with its addresses and its name."""

    host: str
    vcpus: int = 0
    memory_mib: int = 0
    disk_gib: int = 0
    addresses: frozenset[str] = frozenset()
    fqdn: str = ""


Before = Mapping[Key, Had]


def declared(fleet: Fleet) -> Before:
    """What was there as an earlier commit declared it; of sizes nothing, which `blamed` compares."""
    return {(client.id, vps.id): Had(host=vps.host) for client, vps in fleet.machines()}


def problems(
    fleet: Fleet,
    before: Before,
    today: date,
    *,
    clients: Collection[str] | None = None,
    operations: Operations = NOTHING_KNOWN,
    retired: Mapping[str, str] | None = None,
) -> Iterator[Problem]:
    """What stands against VPSs that are new, or come to another host; only of `clients`, by name, if they are given.

    `retired` are images that nobody mends any more, by name, each with why.
    """
    shut: dict[str, tuple[str, str]] = {name: ("new-from-retired-image", why) for name, why in (retired or {}).items()}
    shut |= closed(fleet, today)
    for client in fleet.clients.values():
        if clients is not None and client.key not in clients:
            continue
        for vps in client.vps.values():
            had = before.get((client.id, vps.id))
            if (had is not None and had.host == vps.host) or (vps.ends is not None and vps.ends <= today):
                continue
            path: Steps = ("clients", client.key, "vps", vps.key)
            if had is None and not vps.is_adopted:
                yield from _image((*path, "image"), vps, shut)
            yield from _host((*path, "host"), client, vps, fleet, operations, is_new=had is None)


def _image(path: Steps, vps: Vps, shut: Mapping[str, tuple[str, str]]) -> Iterator[Problem]:
    code, why = shut.get(vps.image, ("", ""))
    if code:
        yield Problem(
            code=code,
            path=path,
            message=f"{why} This VPS would be new.",
            remedy="Choose an image that is kept up; `vps image list` names them.",
        )


def _host(
    path: Steps, client: Client, vps: Vps, fleet: Fleet, operations: Operations, *, is_new: bool
) -> Iterator[Problem]:
    host = fleet.hosts.get(vps.host)
    if host is None or vps.is_adopted:
        return
    datacentre = fleet.datacentres.get(host.datacentre)
    facts = datacentre.shortfalls() if datacentre is not None else [("SEC-5", "a declaration in fleet.yaml")]
    told = ", ".join(f"{what} ({requirement})" for requirement, what in facts)
    if told:
        message = f"{host.name} stands in {host.datacentre}, which lacks: {told} (contract SEC-5)."
        yield Problem(code="new-on-insecure-host", path=path, message=message, remedy="Choose a host elsewhere.")
    if not host.cabinet.strip():
        message = f"{host.name} stands in no cabinet of ours (contract VPS-3)."
        yield Problem(
            code="new-on-unknown-place", path=path, message=message, remedy=f"Name it in hosts/{host.name}.yaml."
        )
    state = HostState.LOST if host.lost else operations.state(host.name)
    if state is not HostState.ACTIVE:
        message = f"{host.name} is {state}: it takes no VPS."
        yield Problem(
            code="new-on-inactive-host",
            path=path,
            message=message,
            remedy=f"Choose another host, or `vps host set {host.name} active` once it is well.",
        )
    if host.assigned not in (SHARED, client.id):
        message = f"{host.name} serves the client {host.assigned} alone (contract HW-8)."
        yield Problem(code="new-on-foreign-host", path=path, message=message, remedy="Choose a host that is shared.")
    late = irreplaceable(fleet, host) if is_new else ()
    if late:
        more = f" and {len(late) - 4} more" if len(late) > 4 else ""
        told = ", ".join(late[:4]) + more
        yield Problem(
            code="new-on-irreplaceable-host",
            path=path,
            message=f"Of {host.name} can't be replaced within {WITHIN_HOURS} h: {told} (contract HW-1).",
            remedy="Get spares for it, or choose another host.",
            measure=len(late),
        )


def growth(fleet: Fleet, client: Client, before: Before, today: date) -> Iterator[Problem]:
    """What this client's VPSs newly take of hosts that have no room for it, and of a quota that is used up.

    Only what they take more than before counts, and only by what is in force `today`: an upgrade for a later day is
    judged on that day, and of a VPS whose end is reached nothing is: it takes no more. A VPS that comes from another
    host brings what it had, and what it gives up is free there.
    """
    yield from _overfilled(fleet, client, before, today)
    quota = client.quota or fleet.quota
    if quota == Quota():
        return
    now = quotas.total(quotas.has(fleet, vps, today) for vps in client.vps.values())
    was = quotas.total((one.vcpus, one.memory_mib, one.disk_gib) for key, one in before.items() if key[0] == client.id)
    for problem in quotas.beyond(client, quota, now):
        if now[str(problem.path[-1])] > was[str(problem.path[-1])]:
            yield problem


def _overfilled(fleet: Fleet, client: Client, before: Before, today: date) -> Iterator[Problem]:
    more: defaultdict[str, Demand] = defaultdict(Demand)
    due: dict[str, str] = {}
    for vps in client.vps.values():
        had = before.get((client.id, vps.id))
        if had is None and vps.is_adopted:
            continue  # It runs there already.
        try:
            need = capacity.of_sale(fleet, vps.sale(today))
        except KeyError:
            continue  # Other rules tell it.
        if vps.ends is not None and vps.ends <= today:
            need = Demand(disk_gib=min(need.disk_gib, had.disk_gib) if had is not None else 0)
        if had is not None:
            overhead = capacity.OVERHEAD_MIB if need.memory_mib else 0
            need = need - Demand(
                memory_mib=had.memory_mib + overhead,
                vcpus=had.vcpus,
                disk_gib=had.disk_gib,
                traffic_gb=need.traffic_gb,
            )
            if had.host != vps.host:
                need |= Demand()
            if vps.before and any(amount > 0 for amount in need.amounts):
                due[vps.host] = vps.key
        more[vps.host] = more[vps.host] + need
    if not any(amount > 0 for need in more.values() for amount in need.amounts):
        return
    rooms = capacity.rooms(fleet, today)
    for name, need in more.items():
        room = rooms.get(name)
        for key in room.counted if room is not None else ():
            assert room is not None
            free, wanted = getattr(room.free, key), getattr(need, key)
            if free < 0 < wanted:
                word = capacity.WORDS[key]
                yield Problem(
                    code="host-overfilled",
                    path=("clients", client.key, "vps"),
                    message=f"{name} has no room: with {capacity.shown(key, wanted)} more for this client, "
                    f"{capacity.shown(key, -free)} of {word} more would be sold there than may be.",
                    remedy="Choose another host (`vps hosts` shows their room), or take less."
                    + (f" What fell due for {due[name]} may wait: give it a later `since`." if name in due else ""),
                    measure=-free,
                )
