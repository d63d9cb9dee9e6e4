"""What is known of the running fleet and is no declaration: states of hosts, faults, addresses in quarantine.

Plain data, so that placement and rules stay pure: the ledger says it, whoever calls them hands it over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class HostState(StrEnum):
    """What an operator wants with a host, or knows of it. Only an active one takes new VPSs."""

    ACTIVE = "active"
    DRAINING = "draining"
    MAINTENANCE = "maintenance"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFault:
    """A fault of a part that is not replaced yet; `due` is None while its clock has not begun (contract HW-3)."""

    id: str
    host: str
    part: str
    """Kind and serial number, as people say it."""
    since: datetime
    due: datetime | None = None
    """When the 24 hours are over, pauses so far included (contract HW-1, HW-5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """All of it at one instant. A host without a state is active."""

    host_states: Mapping[str, HostState] = field(default_factory=dict)
    faults: tuple[OpenFault, ...] = ()
    quarantine: Mapping[str, date] = field(default_factory=dict)
    """Addresses, canonical, of ended VPSs: until the day on which they may be given again."""
    at: datetime | None = None
    """The instant; None: only the day is known to whoever asks."""

    def overdue(self, host: str, today: date) -> tuple[OpenFault, ...]:
        """The host's faults whose 24 hours are over; without an instant those that were due before `today`."""
        return tuple(
            fault
            for fault in self.faults
            if fault.host == host
            and fault.due is not None
            and (fault.due < self.at if self.at is not None else fault.due.date() < today)
        )

    def state(self, host: str) -> HostState:
        """The state of a host."""
        return self.host_states.get(host, HostState.ACTIVE)


NOTHING_KNOWN = Operations()
"""What is assumed where no ledger is: every host is active, and nothing is faulty."""
