"""What every `vps fault …` shares: the fleet, its ledger, the fault that is meant, and how it is told."""

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from components.cli.host_state import affected, declared
from components.config import ids
from components.config.loader import Loaded, find_fleet, load
from components.domain.faults import Fault, FaultState, Verdict
from components.domain.hardware import Part, delay
from components.domain.hosts import SHARED, Host
from components.domain.instants import duration, past, second, shown
from components.domain.inventory import part_of
from components.domain.problems import DomainError
from components.ledger import equipment
from components.ledger.events import Entry, Event
from components.ledger.opened import Ledger, open_ledger
from components.ledger.witness import actor, commit, note, why

OPEN = frozenset({FaultState.REPORTED, FaultState.DIAGNOSED, FaultState.WAITING_CLIENT, FaultState.RESTORING})
"""The part waits for its replacement."""
IN, OVER = frozenset({FaultState.REPLACED}), frozenset({FaultState.RESTORED})
"""The new part is in; and service is back as well."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A ledger at hand, read once: what is decided hangs on exactly these events."""

    loaded: Loaded
    ledger: Ledger
    events: tuple[Event, ...]
    now: dt.datetime

    @property
    def faults(self) -> dict[str, Fault]:
        """Every fault by its id."""
        return equipment.faults(self.events)

    def at(self, said: str | None) -> dt.datetime:
        """The instant that somebody gave, or now. Raises DomainError for one that can't be."""
        return second(self.now) if said is None else past(said, self.now)

    def find(self, named: str, part: str | None, *tiers: frozenset[FaultState]) -> Fault:
        """The fault with this id, or that of a host, or of its part: of those in the first of `tiers` where one is.

        Without tiers only open ones are meant. Raises DomainError when that is none, or several.
        """
        faults = self.faults
        if named in faults and part is None:
            return faults[named]
        mine = [one for one in faults.values() if one.host == named]
        if part is not None:
            mine = [one for one in mine if part in {one.serial, one.kind, one.replacement}]
        tiers = tiers or (OPEN,)
        meant = next((found for tier in tiers if (found := [one for one in mine if one.state in tier])), [])
        if len(meant) == 1:
            return meant[0]
        if meant:
            told = ", ".join(f"{one.id} ({one.part}, {one.state.words})" for one in meant)
            raise DomainError(f"Several faults of {named} could be meant: {told}.", "Name one by its id.")
        known = ", ".join(f"{one.id} ({one.host} {one.part})" for one in faults.values() if one.is_open) or "none"
        words = f"{named} {part}" if part is not None else named
        raise DomainError(f"No open fault is known by {words}.", f"Open: {known}.")

    def note(self, host: str, kind: str, at: dt.datetime, reason: str, data: Mapping[str, object]) -> Event:
        """Note an event of a host's part. Raises LedgerError when somebody noted another of this host meanwhile."""
        subject = equipment.subject(host)
        last = max((event.number for event in self.events if event.subject == subject), default=0)
        entry = Entry(
            at=at,
            kind=kind,
            subject=subject,
            actor=actor(os.environ),
            reason=note(reason),
            commit=commit(self.loaded.folder),
            data=data,
        )
        return self.ledger.record(entry, after=last)


@contextmanager
def desk(fleet: Path | None) -> Iterator[Desk]:
    """The fleet that you stand in, with its ledger. Raises LedgerError when that can't be used."""
    loaded = load(find_fleet(fleet), judge=False)
    with open_ledger(loaded.folder, os.environ) as ledger:
        yield Desk(loaded, ledger, ledger.events(), dt.datetime.now(dt.UTC))


def opened(here: Desk, host_name: str, called: str, reason: str, said: str | None) -> Fault:
    """A new fault of a part, noted. Raises DomainError when the part has an open one."""
    host, reason = declared(here.loaded, host_name), why(reason)
    part = part_of(host, called)
    for one in here.faults.values():
        if one.is_open and one.host == host.name and one.serial == part.serial:
            raise DomainError(
                f"{part.kind} {part.serial} of {host.name} is faulty already: {one.id}, {one.state.words} since "
                f"{shown(one.last)}.",
                "Nothing was noted. One fault has one clock.",
            )
    made = Fault(
        id=ids.fresh("f", here.faults.keys()),
        host=host.name,
        kind=part.kind,
        serial=part.serial,
        model=part.model,
        spare=part.spare,
        assigned=host.assigned,
        reported=here.at(said),
    )
    names = ("kind", "serial", "model", "spare", "assigned")
    data = {"fault": made.id} | {name: str(getattr(made, name)) for name in names}
    here.note(host.name, equipment.REPORTED, made.reported, reason, data)
    return made


def tell(here: Desk, fault: Fault) -> None:
    """The fault as it stands, its clock, its spare, who is affected."""
    host = here.loaded.fleet.hosts.get(fault.host)
    model = f" ({fault.model})" if fault.model else ""
    typer.echo(f"{fault.id}: {fault.part}{model} of {fault.host} is {fault.state.words} since {shown(fault.last)}")
    typer.echo(f"clock     {clock_words(fault, here.now)}; {promise_words(fault)}")
    if fault.is_open and host is not None:
        typer.echo(f"spare     {_spare(here, host, fault)}")
        typer.echo(f"where     {_place(here, host, fault)}")
    if fault.is_open:
        typer.echo(f"affected  {affected(here.loaded, fault.host)}")


def clock_words(fault: Fault, now: dt.datetime) -> str:
    """The clock for people."""
    clock = fault.clock(now)
    match clock.verdict:
        case Verdict.NOT_COVERED:
            return "none: the contract does not cover this kind (HW-2)"
        case Verdict.NOT_BEGUN:
            return "none" if fault.withdrawn else "not begun: it starts with the diagnosis (HW-3)"
    paused = f", {duration(clock.paused_s)} paused" if clock.paused_s else ""
    ran = f"{duration(clock.net_s)} of 24 h{paused}"
    if not fault.is_open:
        late = f" by {duration(-clock.left_s)}" if clock.left_s < 0 else ""
        return f"{clock.verdict}{late}: {ran}"
    if clock.left_s < 0:
        return f"OVERDUE by {duration(-clock.left_s)}: {ran}"
    if fault.open_pauses:
        return f"stands still for {fault.open_pauses[0].waiting}: {duration(clock.left_s)} left; {ran}"
    due = f" (until {shown(clock.due)})" if clock.due else ""
    return f"{duration(clock.left_s)} left{due}; {ran}"


def promise_words(fault: Fault) -> str:
    """To whom it is promised (HW-9)."""
    if not fault.is_covered:
        return "no promise"
    return f"a commitment to client {fault.assigned}" if fault.assigned != SHARED else "our own objective, shared host"


def _spare(here: Desk, host: Host, fault: Fault) -> str:
    part = next((one for one in host.inventory if one.serial == fault.serial), None)
    if part is None:
        return f"the inventory of {host.name} does not list {fault.serial} any more"
    late = delay(part, here.loaded.fleet.spares)
    return f"{late} (contract HW-1)" if late else _where(here, part)


def _place(here: Desk, host: Host, fault: Fault) -> str:
    """Where somebody goes, whom they ask, and who pays (HW-8)."""
    reached = ", ".join(word for word in (host.contact.email, host.contact.phone) if word)
    part = next((one for one in host.inventory if one.serial == fault.serial), None)
    words = f"{host.datacentre} {host.cabinet}; {host.contact.name} is responsible ({reached})"
    if part is None:
        return words
    ended = part.warranty < here.now.date()
    return f"{words}; warranty {'ended' if ended else 'until'} {part.warranty}"


def _where(here: Desk, part: Part) -> str:
    spare = here.loaded.fleet.spares[part.spare]
    if spare.count > 0:
        return f"{spare.name}: {spare.count} at {spare.place}"
    return f"{spare.name}: {spare.supplier} delivers within {spare.lead_time_hours} h"


def stepped(here: Desk, fault: Fault, kind: str, at: dt.datetime, reason: str, **data: object) -> None:
    """Note a step that the fault's own rules have allowed, and tell how it stands then."""
    here.note(fault.host, kind, at, reason, {"fault": fault.id, **data})
    tell(replace(here, now=dt.datetime.now(dt.UTC)), fault)
