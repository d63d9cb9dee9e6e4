"""A drain plan for people: steps with their hours, room before and after, what stays, clocks, and whom to tell."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from components.domain.capacity import Room, shown
from components.domain.clients import Client, Contact
from components.domain.drains import BESIDE, NOTICE, ROUNDED, Plan, Step
from components.domain.fleet import Fleet

TOLD = ("owner", "technical")
"""Roles of those who are told of work on their VPS."""


def text(plan: Plan, fleet: Fleet) -> str:
    """The whole plan, a line for each fact, no line wider than a terminal."""
    parts = (_steps(plan), _stays(plan), _room(plan), _clocks(plan), _notices(plan, fleet))
    return "\n".join("\n".join(part) + "\n" for part in map(list, parts) if part)


def document(plan: Plan, fleet: Fleet) -> dict[str, Any]:
    """The whole plan, as data; instants are UTC, lengths in minutes."""
    return {
        "host": plan.host,
        "made": instant(plan.made),
        "earliest": instant(plan.earliest),
        "ends": instant(plan.ends),
        "gib": plan.gib,
        "minutes": minutes(plan.busy),
        "steps": [_step(step) for step in plan.steps],
        "stays": [
            {"vps": stay.title, "why": stay.why, "refused": {no.host: no.why for no in stay.refused}}
            for stay in plan.stays
        ],
        "faults": [
            {"id": fault.id, "part": fault.part, "due": instant(fault.due) if fault.due else ""}
            for fault in plan.faults
        ],
        "tell": [
            {
                "client": client.key,
                "language": client.language,
                "contacts": [{"name": one.name, "email": one.email, "roles": list(one.roles)} for one in contacts],
                "vps": [step.title for step in steps],
            }
            for client, contacts, steps in told(plan, fleet)
        ],
    }


def told(plan: Plan, fleet: Fleet) -> Iterator[tuple[Client, list[Contact], list[Step]]]:
    """Each client that is concerned, with whom to tell, and its steps; in the order of the first step."""
    by_client: dict[str, list[Step]] = {}
    for step in plan.going:
        by_client.setdefault(step.client, []).append(step)
    for key, steps in by_client.items():
        client = fleet.clients[key]
        people = list(client.contacts.values())
        yield client, [one for one in people if set(one.roles) & set(TOLD)] or people, steps


def instant(at: dt.datetime) -> str:
    """As files have it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def hour(at: dt.datetime) -> str:
    """As people read it."""
    return at.strftime("%a %Y-%m-%d %H:%M UTC")


def minutes(lasts: dt.timedelta) -> int:
    """Whole minutes."""
    return int(lasts / dt.timedelta(minutes=1))


def _until(since: dt.datetime, until: dt.datetime) -> str:
    """The end of a span that begins at `since`: with its day where that is another one."""
    return f"{until:%H:%M} UTC" if until.date() == since.date() else hour(until)


def long(lasts: dt.timedelta) -> str:
    """`45 min`, `3 h 05 min`, `2 days 4 h`."""
    total = minutes(lasts)
    if total < 60:
        return f"{total} min"
    if total < 48 * 60:
        return f"{total // 60} h {total % 60:02} min"
    return f"{total // 1440} days {total % 1440 // 60} h"


def kind(step: Step) -> str:
    """How its guest fares; `new`: there is none yet."""
    if not step.made:
        return "new"
    return "live" if step.live else "off" if step.off else "stopped"


def _step(step: Step) -> dict[str, Any]:
    return {
        "vps": step.title,
        "to": step.to,
        "how": kind(step),
        "gib": step.disk_gib if step.made else 0,
        "minutes": minutes(step.lasts) if step.made else 0,
        "opens": instant(step.opens),
        "planned": instant(step.planned),
        "closes": instant(step.closes) if step.closes else "",
        "support": "vip" if step.vip else "standard",
        "declared": step.declared,
        "notes": list(step.notes),
    }


def _steps(plan: Plan) -> Iterator[str]:
    many = len(plan.steps)
    if not many:
        yield f"{plan.host}: no file places a VPS there." if not plan.stays else f"{plan.host}: nobody can move."
        return
    yield (
        f"{plan.host}: {many} VPS{'s' * (many != 1)} to move, {plan.gib} GiB of disk, {long(plan.busy)} in all, "
        "one after the other."
    )
    if plan.going:
        yield (
            f"  At {plan.gib_per_hour} GiB an hour, memory too where a guest keeps running; {minutes(BESIDE)} min "
            f"beside it for each; rounded up to {minutes(ROUNDED)} min."
        )
    for number, step in enumerate(plan.steps, 1):
        if not step.made:
            yield f"  {number}. {step.title} to {step.to}, new: no machine yet, so only its file is changed, at once"
            yield from (f"     note: {note}" for note in step.notes)
            continue
        when = f"{hour(step.opens)} to {_until(step.opens, step.closes)}" if step.closes else ""
        when = when or f"about {hour(step.planned)}"
        vip = " VIP" if step.vip else ""
        yield (
            f"  {number}. {step.title}{vip} to {step.to}, {kind(step)}, {step.disk_gib} GiB, {long(step.lasts)}, {when}"
        )
        if step.declared:
            yield "     its file says so already: only `vps up` is left"
        yield from (f"     note: {note}" for note in step.notes)
    if plan.going:
        yield f"  From {hour(plan.earliest)} on; the last one is through about {hour(plan.ends)}."


def _stays(plan: Plan) -> Iterator[str]:
    if plan.stays:
        many = len(plan.stays)
        yield f"Stay{'s' * (many == 1)} on {plan.host}: {many}. It will not be empty."
    for stay in plan.stays:
        yield f"  {stay.title}: {stay.why}"
        yield from (f"    not {refusal}" for refusal in stay.refused)


def _room(plan: Plan) -> Iterator[str]:
    if not plan.steps:
        return
    yield "Room sold, before and after:"
    names = sorted(plan.after, key=lambda name: (name == plan.host, name))
    for name in names:
        yield f"  {name}: {_sold(plan.before[name], plan.after[name])}"
    if not plan.going:
        return
    largest = max(step.disk_gib for step in plan.going)
    until = (plan.ends + dt.timedelta(days=plan.trash_days)).date()
    yield f"  While it goes over a disk is held on both hosts, at most {largest} GiB. Then the trash of {plan.host}"
    yield f"  keeps the former copies, {plan.gib} GiB, for {plan.trash_days} days; the last is due on {until}."


def _sold(before: Room, after: Room) -> str:
    words = [f"{before.vps} to {after.vps} VPSs"]
    for key, name in (("memory_mib", "memory"), ("disk_gib", "disk"), ("vcpus", "vcpus")):
        amounts = [getattr(room.sold, key) for room in (before, after)]
        most = getattr(after.sellable, key)
        first, then, of = (str(one) if key == "vcpus" else shown(key, one) for one in (*amounts, most))
        words.append(f"{name} {first} to {then} of {of}{' OVERSOLD' if amounts[1] > most else ''}")
    return "; ".join(words)


def _clocks(plan: Plan) -> Iterator[str]:
    if plan.faults:
        yield f"Clocks that run for {plan.host} (contract HW-1), counted from now:"
    for fault in plan.faults:
        if fault.due is None:
            yield f"  {fault.id}: {fault.part}: reported {hour(fault.since)}, not diagnosed: its clock has not begun"
            continue
        left = fault.due - plan.made
        state = f"{long(left)} left" if left >= dt.timedelta() else f"OVERDUE by {long(-left)}"
        late = ", before this plan is through" if plan.going and plan.made < fault.due < plan.ends else ""
        yield f"  {fault.id}: {fault.part}: to be replaced by {hour(fault.due)}, {state}{late}"


def _notices(plan: Plan, fleet: Fleet) -> Iterator[str]:
    if not plan.going:
        return
    yield f"Whom to tell, {minutes(NOTICE) // 60} h ahead: unannounced minutes are downtime (contract UPT-7). Drafts:"
    last = max((step.ends for step in plan.going if step.closes is None), default=plan.ends)
    for client, contacts, steps in told(plan, fleet):
        by = min(step.opens for step in steps) - NOTICE
        yield f"  {client.name} ({client.key}), by {hour(by)}; its language: {client.language}"
        yield from (f"    {one.name} <{one.email}>, {', '.join(one.roles)}" for one in contacts)
        yield from (f"    | {line}".rstrip() for line in announcement(client, steps, last))


def announcement(client: Client, steps: Sequence[Step], last: dt.datetime) -> Iterator[str]:
    """A draft in English of what a client is told: what, from when to when, what it means.

    A guest that keeps running goes over at any time up to `last`, when all of them are through: none waits for a slot.
    """
    yield f"Subject: planned maintenance of {_listed([client.vps[step.vps].fqdn for step in steps])}"
    yield ""
    yield "We move your service to other equipment. Addresses, data and settings stay as they are."
    for step in steps:
        name = client.vps[step.vps].fqdn
        until = step.closes or last
        when = f"{hour(step.opens)} to {_until(step.opens, until)}"
        means = {
            "live": "it keeps running; for a moment it may answer slowly",
            "stopped": f"it is shut down, about {long(step.lasts)}, and started again",
            "off": "it is switched off and stays so",
        }[kind(step)]
        yield f"- {name} ({step.title}), {when}:"
        yield f"  {means}."
    yield "You need not do anything. If the time does not suit you, answer this message."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def remarks(told: str) -> str:
    """The text as comments of a file."""
    return "".join(f"# {line}".rstrip() + "\n" for line in told.splitlines())
