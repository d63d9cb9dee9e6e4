"""What can go wrong with a host, each told as `Unable to <verb> <what> on <host>: <cause>`, with a remedy."""

# ruff: noqa: N818 - the errors are named as people say them: refused, missing, not ours

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.drivers.base import Machine


class DriverError(Exception):
    """A driver could not do what was asked. `cause` says why, `remedy` what the operator can do."""

    def __init__(self, what: str, cause: str, remedy: str = "") -> None:
        super().__init__(f"{what}: {cause}{'' if cause.endswith('.') else '.'}{' ' + remedy if remedy else ''}")
        self.cause = cause
        self.remedy = remedy


class HostUnreachable(DriverError):
    """The host did not answer: nothing is known of its machines, and nothing may be created for them elsewhere."""


class NotOurs(DriverError):
    """The object exists but its mark is missing, names another owner, or another incarnation: nothing was touched."""


class Changed(DriverError):
    """The machine's revision is not the one that was read: somebody changed it in between; nothing was touched."""


class Refused(DriverError):
    """Doing it would lose data or break a promise; nothing was touched."""


class Missing(DriverError):
    """Something that must be on the host is not there: the image, the pool, the network, a delivered machine."""


class HostFull(DriverError):
    """The host's pool or memory can't hold it; what was made so far stays marked and is resumed by the next call."""


class GuestSilent(DriverError):
    """A guest did not answer, or with what makes no sense: nothing is known of what it did meanwhile."""


class Interrupted(DriverError):
    """Creation began and did not end: `machine` says what exists, so that state keeps it and the next run resumes."""

    def __init__(self, what: str, cause: str, remedy: str, machine: "Machine | None") -> None:
        super().__init__(what, cause, remedy)
        self.machine = machine
