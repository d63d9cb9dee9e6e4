"""Who leaves a host, and which other host takes each; who stays, and why."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from components.domain.capacity import of_sale
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.operations import HostState, Operations
from components.domain.placement import Placed, Refusal, Wish, place_each

Standing = tuple[Client, Vps]
NO_SPARE = "with it no other host may fail: its machines would find no room"
_STRANGE = "it is of another kind, and hosts of different kinds can't hand a machine over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One VPS that no other host takes, or that need not move; `refused` says of every host why."""

    client: str
    vps: str
    why: str
    refused: tuple[Refusal, ...] = ()

    @property
    def title(self) -> str:
        """CLIENT/VPS."""
        return f"{self.client}/{self.vps}"


def is_vip(client: Client) -> bool:
    """Whether VIP Administration was agreed on with the client."""
    return client.contract.support == "vip"


def leaving(fleet: Fleet, host: str, today: date) -> tuple[list[Standing], list[Stay]]:
    """The VPSs on `host` that can be moved, and those that can't or need not."""
    found, stays = [], []
    for client, vps in fleet.machines():
        if vps.host != host:
            continue
        known = all(sale.package in fleet.packages and sale.extras.keys() <= fleet.extras.keys() for sale in vps.sales)
        if vps.ends is not None and vps.ends <= today:
            why = f"its end was reached on {vps.ends}: vps up client.{client.key} ends it"
            stays.append(Stay(client=client.key, vps=vps.key, why=why))
        elif not known:
            stays.append(Stay(client=client.key, vps=vps.key, why="the catalogue lacks what was sold: vps check"))
        else:
            found.append((client, vps))
    return found, stays


def wish(
    fleet: Fleet,
    client: Client,
    vps: Vps,
    today: date,
    *,
    among: frozenset[str] | None = None,
    host: str | None = None,
    keeps_spare: bool = True,
) -> Wish:
    """What a VPS that leaves its host asks of others: the most that was sold; its addresses go with it.

    Raises KeyError for a package or extra that is not sold.
    """
    sales = [vps.sale(today), *(sale for sale in vps.sales if sale.since is not None and sale.since > today)]
    return Wish(
        client=client.key,
        client_id=client.id,
        name=vps.key,
        sale=max(sales, key=lambda sale: of_sale(fleet, sale).amounts),
        ipv4=0,
        network=vps.network,
        among=among,
        host=host,
        leaves=True,
        keeps_spare=keeps_spare,
    )


def placed(
    fleet: Fleet,
    host: str,
    standing: Sequence[Standing],
    operations: Operations,
    today: date,
    targets: Collection[str] = (),
) -> tuple[Mapping[str, Placed], list[Stay]]:
    """Places by CLIENT/VPS, so that any host could fail still; where not all find one, wherever there is room.

    Then VIP comes first, though it may pack worse. `targets` are the only hosts that are asked, unless there is none.
    """
    known = replace(operations, host_states={**operations.host_states, host: HostState.DRAINING})
    asked = [name for name in fleet.hosts if name != host and (not targets or name in targets)]
    among = frozenset(name for name in asked if fleet.hosts[name].driver == fleet.hosts[host].driver)
    strange = [Refusal(host=name, code="other-driver", why=_STRANGE) for name in asked if name not in among]
    everybody = [wish(fleet, client, vps, today, among=among) for client, vps in standing]
    found = {one.wish.title: one for one in place_each(fleet, everybody, known, today) if isinstance(one, Placed)}
    if len(found) == len(everybody):
        return found, []
    found, stays = {}, []
    vip = {f"{client.key}/{vps.key}" for client, vps in standing if is_vip(client)}
    for spare in (True, False):
        for first in (True, False):
            group = [
                replace(one, keeps_spare=spare)
                for one in everybody
                if (one.title in vip) is first and one.title not in found
            ]
            for one in place_each(moved(fleet, found.values()), group, known, today) if group else ():
                if isinstance(one, Placed):
                    found[one.wish.title] = one if spare else replace(one, notes=(*one.notes, NO_SPARE))
                elif not spare:
                    refused = tuple(sorted((*one.refused, *strange), key=lambda no: no.host))
                    why = f"none of {', '.join(sorted(targets))} takes it" if targets else "no other host takes it"
                    stays.append(Stay(client=one.wish.client, vps=one.wish.name, why=why, refused=refused))
    return found, stays


def moved(fleet: Fleet, places: Iterable[Placed]) -> Fleet:
    """The fleet with VPSs on other hosts."""
    clients = dict(fleet.clients)
    for one in places:
        client = clients[one.wish.client]
        vps = replace(client.vps[one.wish.name], host=one.host)
        clients[client.key] = replace(client, vps={**client.vps, vps.key: vps})
    return replace(fleet, clients=clients)
