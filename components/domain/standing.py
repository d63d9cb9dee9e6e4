"""Whether a host may take any VPS at all: where it stands, what state it is in, whether it can be repaired in time."""

from datetime import date

from components.domain.fleet import Fleet
from components.domain.hardware import delays
from components.domain.hosts import Host
from components.domain.operations import HostState, Operations

_STATES = {
    HostState.DRAINING: ("host-draining", "it is being drained"),
    HostState.MAINTENANCE: ("host-in-maintenance", "it is in maintenance"),
    HostState.FAILED: ("host-failed", "it has failed"),
    HostState.LOST: ("host-lost", "it is lost"),
}


def barred(fleet: Fleet, host: Host, operations: Operations, today: date) -> tuple[str, str] | None:
    """Why no VPS may be placed there, as a stable code and in words; None when it may."""
    if host.lost is not None:
        return "host-lost", f"it is lost since {host.lost.since}"
    state = operations.state(host.name)
    if state in _STATES:
        return _STATES[state]
    overdue = operations.overdue(host.name, today)
    if overdue:
        parts = ", ".join(f"{fault.part} ({fault.id})" for fault in overdue)
        due = min(fault.due for fault in overdue if fault.due is not None)
        return "fault-overdue", f"a fault is overdue since {due:%Y-%m-%d %H:%M}: {parts} (contract HW-1)"
    datacentre = fleet.datacentres.get(host.datacentre)
    if datacentre is None or not host.cabinet.strip():
        what = "no cabinet" if datacentre is not None else "no datacentre that is known"
        return "no-place", f"it names {what} (contract VPS-3)"
    short = list(datacentre.shortfalls())
    if short:
        words = ", ".join(f"{what} ({requirement})" for requirement, what in short)
        return "datacentre-not-secure", f"{datacentre.title} lacks {words} (contract SEC-5)"
    late = delays(host.inventory, fleet.spares)
    if late:
        return "not-replaceable", f"it can't be repaired within 24 hours: {'; '.join(late)} (contract HW-1, HW-8)"
    return None
