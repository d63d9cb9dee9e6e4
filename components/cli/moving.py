"""Whether a host takes a VPS that comes to it, judged before `vps move` writes; and what stays as it is."""

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.clients import Client, Vps
    from components.domain.operations import Operations
    from components.domain.placement import Refusal
    from components.domain.sales import Sale

NO_ROOM = ("no-room",)
"""Why a host refuses that concern a VPS's size; whether it takes new ones just now is another matter."""


def need_taker(loaded: "Loaded", client: "Client", vps: "Vps", host: str, what: str) -> None:
    """Raises DomainError that begins with `what` when `host` may not take the VPS, and names those that have room."""
    from components.cli.placing import refusals, states
    from components.domain.problems import DomainError
    from components.domain.rules import arrivals

    today = dt.datetime.now(dt.UTC).date()
    operations = states(loaded.folder)
    sale = vps.sale(max(today, vps.term.start))
    refused, able = room(loaded, client, vps, sale, host, operations, today)
    if refused:
        told = "\n".join([f"{what}: it has no room there.", *refusals(refused)])
        raise DomainError(f"{told}\n{_others(able)} Nothing was written.")
    moved = replace(client, vps={**client.vps, vps.key: replace(vps, host=host)})
    after = replace(loaded.fleet, clients={**loaded.fleet.clients, client.key: moved})
    before = arrivals.declared(loaded.fleet)
    found = list(arrivals.problems(after, before, today, clients=(client.key,), operations=operations))
    for problem in found:
        if problem.path[3:4] == (vps.key,):
            raise DomainError(f"{what}: {problem.message}", f"{problem.remedy} Nothing was written.")


def room(
    loaded: "Loaded", client: "Client", vps: "Vps", sale: "Sale", host: str, operations: "Operations", today: dt.date
) -> "tuple[tuple[Refusal, ...], list[str]]":
    """Why `host` has no room for a VPS of that sale, empty when it has; else the hosts that would take it."""
    from components.domain.placement import place_each
    from components.domain.wishes import Unplaced, Wish

    wish = Wish(
        client=client.key,
        client_id=client.id,
        name=vps.key,
        sale=sale,
        ipv4=0,
        network=vps.network,
        leaves=True,
        keeps_spare=False,
    )
    (here,) = place_each(loaded.fleet, [replace(wish, host=host)], operations, today)
    if not isinstance(here, Unplaced) or not here.refused or any(one.code not in NO_ROOM for one in here.refused):
        return (), []
    (anywhere,) = place_each(loaded.fleet, [wish], operations, today)
    barred = {host, vps.host, *(one.host for one in anywhere.refused)}
    return here.refused, [name for name in sorted(loaded.fleet.hosts) if name not in barred]


def _others(able: list[str]) -> str:
    if not able:
        return "No host of its network has room: add one, or make room with `vps move` or `vps drain`."
    return f"Hosts that have: {', '.join(able)}."


def stays(vps: "Vps") -> str:
    """What a move leaves as it is."""
    addresses = ", ".join((*vps.ipv4, *vps.ipv6))
    return f"stays: {vps.package} and its price, {addresses}, its backups"
