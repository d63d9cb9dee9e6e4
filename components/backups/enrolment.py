"""Who may add to which repository: a guest's key is read from the guest and authorised for its own VPS alone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.backups.guest_side import GuestSide
from components.backups.target import Target
from components.domain.backups import Backups
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.packages import Backup
from components.domain.problems import DomainError
from components.drivers.base import HostRef
from components.drivers.registry import connect

if TYPE_CHECKING:
    from components.guest.hearing import Line

ROOM = 4
"""How many times its disk a VPS may keep at the target: enough for many days of changes, too little to fill it."""
GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """One VPS to be backed up: which, where to, and what its package promises."""

    fleet: Fleet
    client: Client
    vps: Vps
    backups: Backups
    promise: Backup

    @classmethod
    def of(cls, fleet: Fleet, client: Client, vps: Vps) -> "Enrolled | None":
        """None when its package promises no backup. Raises DomainError when one is promised and nothing declared."""
        promise = fleet.packages[vps.package].backup
        if promise is None:
            return None
        if fleet.backups is None:
            raise DomainError(
                f"{client.key}/{vps.key}: {vps.package} promises backups, and fleet.yaml declares no target.",
                "Set one up with `vps backups target` and declare it under `backups:`.",
            )
        return cls(fleet=fleet, client=client, vps=vps, backups=fleet.backups, promise=promise)

    @property
    def title(self) -> str:
        """CLIENT/VPS."""
        return f"{self.client.key}/{self.vps.key}"

    @property
    def uuid(self) -> str:
        """The name of its repository."""
        return self.vps.machine_uuid(self.fleet.id, self.client.id)

    @property
    def limit_bytes(self) -> int:
        """What it may keep at the target."""
        return self.fleet.packages[self.vps.package].limits.disk_gib * GIB * ROOM

    def authorise(self, side: GuestSide, target: Target, *, anew: bool = False) -> str:
        """Read the guest's key and let it add: `new`, `same` or `replaced`. Raises DomainError for a second key.

        What is being restored never begins a new repository: it waits for the hand-over, which gives it the former one.
        Nor does a guest whose file declares another installation than the one that runs: it is not that one yet.
        """
        if side.reinstall != self.vps.reinstall:
            raise DomainError(
                f"Unable to enrol {self.title}: installation {side.reinstall} of it runs, and its file says "
                f"reinstall: {self.vps.reinstall}.",
                f"Its repository stays as it is. First: vps up client.{self.client.key}",
            )
        key = side.prepare(self.backups.settings(self.promise))
        restored = self.vps.restore is not None and bool(self.vps.restore.backup)
        generation = 0 if restored and not anew else self.vps.reinstall
        return target.enrol(self.uuid, self.title, self.limit_bytes, key, generation=generation, anew=anew)


@contextmanager
def guest_of(fleet: Fleet, client: Client, vps: Vps) -> Iterator[GuestSide]:
    """The running guest of a VPS. Raises DomainError when its host lacks it or it isn't ours, DriverError if silent."""
    host = fleet.hosts[vps.host]
    title = f"{client.key}/{vps.key}"
    ref = HostRef(name=host.name, driver=host.driver, uri=host.uri, probe=host.probe)
    with closing(connect(ref)) as driver:
        machine = driver.read(vps.machine_uuid(fleet.id, client.id))
        if machine is None or machine.mark is None:
            raise DomainError(f"{title}: {host.name} does not hold it as ours.", f"See: vps drift client.{client.key}")
        uuid, mark, guest = machine.uuid, machine.mark, driver.guest()
        yield GuestSide(
            title=title,
            ask=lambda words, stdin, deadline_s: guest.run(uuid, mark, words, stdin, deadline_s=deadline_s),
            reinstall=mark.reinstall,
        )


def installation(fleet: Fleet, client: Client, vps: Vps) -> int:
    """The number of its installation, as its host has it. Raises DomainError or DriverError when it can't be told."""
    with guest_of(fleet, client, vps) as side:
        return side.reinstall


def enrol(fleet: Fleet, line: "Line") -> str:
    """Authorise one VPS and have its first backup made; words of what was done, none when it was so before.

    Raises DomainError or DriverError while it can't be done; what is being restored waits for `vps restore --run`.
    """
    enrolled = None if fleet.backups is None else Enrolled.of(fleet, line.client, line.vps)
    if enrolled is None:
        return ""  # What is promised and can't be kept is told by `vps backups` and `vps kit`.
    target = Target(enrolled.backups)
    with guest_of(fleet, line.client, line.vps) as side:
        done = enrolled.authorise(side, target)
        kept = target.status(enrolled.uuid).get(enrolled.uuid)
        if kept is not None and not kept.runs:
            side.begin()
    return "" if done == "same" else f"backups: its key was authorised ({done}) at {enrolled.backups.place.host}"
