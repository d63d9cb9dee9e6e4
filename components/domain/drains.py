"""How a host is emptied: who moves where, in which order, at which hour; what stays there, and why.

Planning only: nothing here knows how far a plan was carried out. Decisions stand in README.md of this folder.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from components.domain.capacity import Room, rooms
from components.domain.clients import Client, Vps
from components.domain.departures import Stay, is_vip, leaving, moved, placed
from components.domain.fleet import Fleet
from components.domain.operations import NOTHING_KNOWN, HostState, OpenFault, Operations
from components.domain.timetables import Timetable

NOTICE = dt.timedelta(hours=24)
"""Work that was announced this long before is no downtime (contract UPT-7, R-11)."""
TELLING = dt.timedelta(hours=1)
"""What there is at least to look a plan over and to write to everybody, before that notice has to be given."""
GIB_PER_HOUR = 200
"""What goes over in an hour where nobody said otherwise: a network of 1 Gbit/s, every byte read back on arrival."""
BESIDE = dt.timedelta(minutes=5)
"""What a move takes beside copying: shutdown or migration, the engine's run, the guest's boot."""
ROUNDED = dt.timedelta(minutes=5)

Key = tuple[str, str]
"""A VPS by the keys of its client and its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One VPS that moves. `live`: its guest keeps running; `off`: it is declared to be off, so nobody misses it.

    It may begin at `opens`, and is thought to begin at `planned`, when those before it are through. A guest that is
    shut down is back by `closes`, the end of its maintenance window.
    """

    client: str
    vps: str
    id: str
    to: str
    live: bool
    off: bool
    vip: bool
    disk_gib: int
    lasts: dt.timedelta
    opens: dt.datetime
    planned: dt.datetime
    closes: dt.datetime | None = None
    declared: bool = False
    """Its file says it already: only `vps up` is left."""
    made: bool = True
    """Its machine is there; else only its file is changed, and it waits for no hour unless it is made meanwhile."""
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """CLIENT/VPS."""
        return f"{self.client}/{self.vps}"

    @property
    def ends(self) -> dt.datetime:
        """When it is thought to be through."""
        return self.planned + self.lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything about emptying one host; instants are UTC. `before` and `after` are rooms of it and of all targets."""

    host: str
    made: dt.datetime
    earliest: dt.datetime
    gib_per_hour: int
    steps: tuple[Step, ...]
    stays: tuple[Stay, ...] = ()
    faults: tuple[OpenFault, ...] = ()
    before: Mapping[str, Room] = field(default_factory=dict)
    after: Mapping[str, Room] = field(default_factory=dict)
    trash_days: int = 0

    @property
    def gib(self) -> int:
        """What goes over in all."""
        return sum(step.disk_gib for step in self.going)

    @property
    def busy(self) -> dt.timedelta:
        """How long copying takes in all, one after the other."""
        return sum((step.lasts for step in self.going), dt.timedelta())

    @property
    def ends(self) -> dt.datetime:
        """When the last step is through."""
        return max((step.ends for step in self.going), default=self.earliest)

    @property
    def going(self) -> tuple[Step, ...]:
        """The steps with a machine that goes over."""
        return tuple(step for step in self.steps if step.made)


@dataclass(frozen=True, slots=True)
class _Going:
    """A VPS and where it goes."""

    client: Client
    vps: Vps
    to: str
    declared: bool = False
    notes: tuple[str, ...] = ()


def plan(
    fleet: Fleet,
    host: str,
    operations: Operations = NOTHING_KNOWN,
    *,
    now: dt.datetime,
    targets: Collection[str] = (),
    live: bool = True,
    gib_per_hour: int = GIB_PER_HOUR,
    under_way: Collection[Key] = (),
    unmade: Collection[Key] = (),
) -> Plan:
    """A plan to empty `host`, to any hosts or to `targets` only. Raises KeyError for a host that is not declared.

    `under_way` are VPSs that are declared elsewhere and that state still knows here, `unmade` those it never knew.
    """
    today, earliest = now.date(), _whole_hour(now + TELLING) + NOTICE
    standing, stays = leaving(fleet, host, today)
    places, unplaced = placed(fleet, host, standing, operations, today, targets)
    here = [(fleet.clients[client], fleet.clients[client].vps[vps]) for client, vps in under_way]
    going = [_Going(client, vps, vps.host, declared=True) for client, vps in here]
    for client, vps in standing:
        found = places.get(f"{client.key}/{vps.key}")
        if found is not None:
            going.append(_Going(client, vps, found.host, notes=found.notes))
    faults = tuple(fault for fault in operations.faults if fault.host == host)
    hurried = bool(faults) or operations.state(host) is HostState.FAILED
    going.sort(key=lambda one: _risk(fleet, one.client, one.vps, today, hurried=hurried))
    steps = tuple(_scheduled(fleet, going, earliest, unmade, live=live, gib_per_hour=gib_per_hour))
    elsewhere = moved(fleet, places.values())
    concerned = {host, *(step.to for step in steps)}
    return Plan(
        host=host,
        made=now,
        earliest=earliest,
        gib_per_hour=gib_per_hour,
        steps=steps,
        stays=tuple(sorted((*stays, *unplaced), key=lambda one: one.title)),
        faults=faults,
        before={name: room for name, room in rooms(fleet, today).items() if name in concerned},
        after={name: room for name, room in rooms(elsewhere, today).items() if name in concerned},
        trash_days=fleet.trash_days,
    )


def _risk(fleet: Fleet, client: Client, vps: Vps, today: dt.date, *, hurried: bool) -> tuple[object, ...]:
    """Least risk first: small standard ones show whether the way is good; on a host that fails VIP must not wait."""
    return (is_vip(client) is not hurried, fleet.limits(vps.sale(today)).disk_gib, client.key, vps.key)


def _whole_hour(at: dt.datetime) -> dt.datetime:
    """The first whole hour from then on: one that people write into a mail."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if hour == at else hour + dt.timedelta(hours=1)


def _scheduled(
    fleet: Fleet,
    going: Sequence[_Going],
    earliest: dt.datetime,
    unmade: Collection[Key],
    *,
    live: bool,
    gib_per_hour: int,
) -> list[Step]:
    """Every step at its hour, never two at once; in the order of hours. Those without a machine come first."""
    whole, steps = Timetable(earliest), []
    for one in going:
        client, vps = one.client, one.vps
        made = (client.key, vps.key) not in unmade
        table = whole if made else Timetable(earliest)
        limits = fleet.limits(vps.sale(earliest.date()))
        off = vps.power != "managed"
        runs = (vps.move.live if one.declared and vps.move else live) and not off
        gib = limits.disk_gib + (-(-limits.memory_mib // 1024) if runs else 0)
        lasts = -(-(dt.timedelta(hours=1) * gib / gib_per_hour + BESIDE) // ROUNDED) * ROUNDED
        window = vps.maintenance or fleet.guests.maintenance
        slot = table.at_any_time(lasts) if runs or off else table.within(window, lasts)
        step = Step(
            client=client.key,
            vps=vps.key,
            id=vps.id,
            to=one.to,
            live=runs,
            off=off,
            vip=is_vip(client),
            disk_gib=limits.disk_gib,
            lasts=lasts,
            opens=slot.since,
            planned=slot.opens,
            closes=slot.closes,
            declared=one.declared,
            made=made,
            notes=(*one.notes, slot.trouble) if slot.trouble else one.notes,
        )
        steps.append(step)
    return sorted(steps, key=lambda step: (step.made, step.planned))
