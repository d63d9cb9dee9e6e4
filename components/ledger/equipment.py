"""Hosts and their parts in the ledger: which events there are, and what they come to when they are read in order."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from components.domain.faults import Fault, Waiting
from components.domain.operations import HostState, OpenFault, Operations
from components.ledger.events import Event, LedgerError

HOST_STATE = "host.state"
"""data: {state, was}."""
REPORTED = "fault.reported"
"""data: {fault, kind, serial, model, spare, assigned}."""
DIAGNOSED = "fault.diagnosed"
"""data of this and what follows: {fault, …}."""
PAUSED = "fault.paused"
"""data: {fault, waiting}."""
RESUMED = "fault.resumed"
"""data: {fault, pause}: its number."""
REPLACED = "fault.replaced"
"""data: {fault, old, new, spare, count}; `count` is the spare's before and after, or null."""
RESTORED = "fault.restored"
WITHDRAWN = "fault.withdrawn"


def subject(host: str) -> str:
    """Whom events of a host and its parts are about."""
    return f"host {host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an operator last said of a host."""

    state: HostState
    since: dt.datetime
    actor: str
    reason: str


def standings(events: Iterable[Event]) -> dict[str, Standing]:
    """The last word about each host; one that nobody spoke of is active."""
    found: dict[str, Standing] = {}
    for event in events:
        if event.kind == HOST_STATE:
            found[event.subject.removeprefix(subject(""))] = Standing(
                state=_known(event, HostState), since=event.at, actor=event.actor, reason=event.reason
            )
    return found


def faults(events: Iterable[Event]) -> dict[str, Fault]:
    """Every fault by its id, in the order of their reports. Raises LedgerError for events that can't follow."""
    found: dict[str, Fault] = {}
    for event in events:
        if not event.kind.startswith("fault."):
            continue
        data = {key: str(value) for key, value in event.data.items()}
        try:
            if event.kind == REPORTED:
                found[data["fault"]] = Fault(
                    id=data["fault"],
                    host=event.subject.removeprefix(subject("")),
                    kind=data["kind"],
                    serial=data["serial"],
                    model=data.get("model", ""),
                    spare=data.get("spare", ""),
                    assigned=data["assigned"],
                    reported=event.at,
                )
            else:
                found[data["fault"]] = _followed(found[data["fault"]], event, data)
        except (KeyError, ValueError) as cause:
            raise LedgerError(
                f"Unable to read event {event.number} of the ledger ({event.kind}): {cause}.",
                "It can't follow what stands before it. Compare with a backup of the ledger.",
            ) from cause
    return found


def operations_of(events: Iterable[Event], now: dt.datetime) -> Operations:
    """What rules and placement need to know, at `now`."""
    told = tuple(events)
    return Operations(
        host_states={host: standing.state for host, standing in standings(told).items()},
        faults=tuple(
            OpenFault(id=one.id, host=one.host, part=one.part, since=one.reported, due=one.clock(now).due)
            for one in faults(told).values()
            if one.is_open
        ),
        at=now,
    )


def _followed(fault: Fault, event: Event, data: dict[str, str]) -> Fault:
    match event.kind:
        case "fault.diagnosed":
            return fault.diagnose(event.at)
        case "fault.paused":
            return fault.pause(event.at, Waiting(data["waiting"]))
        case "fault.resumed":
            return fault.resume(event.at, int(data["pause"]))
        case "fault.replaced":
            return fault.replace(event.at, data["new"])
        case "fault.restored":
            return fault.restore(event.at)
        case "fault.withdrawn":
            return fault.withdraw(event.at)
        case _:
            return fault


def _known(event: Event, kinds: type[HostState]) -> HostState:
    try:
        return kinds(str(event.data.get("state")))
    except ValueError as cause:
        raise LedgerError(
            f"Unable to read event {event.number} of the ledger: {event.data.get('state')} is no state of a host.",
            f"Known: {', '.join(kinds)}.",
        ) from cause
