"""A host's part in a move: what `moving` asks of the host that a machine leaves and of the one where it arrives.

A machine's drives can be *parked*: they stand in its definition as a note and not as devices, so that nothing that
starts it can run on them. At every instant at most one of the two definitions has its drives attached in what the next
boot uses, and the other one's are parked.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from components.drivers.base import MachineSpec, Mark, Power, Say

SEED = "seed"
"""The name of the part that holds the first boot's seed; disks keep their own names."""

PAUSED = "its guest is paused, and what stands in its memory would be lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a machine stands on one host. `armed`: its next boot has its drives. `busy`: a live migration is at work."""

    mark: Mark
    power: Power
    armed: bool
    busy: bool = False

    @property
    def is_off(self) -> bool:
        """Whether no guest runs or waits here."""
        return self.power in {Power.OFF, Power.CRASHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """A machine as it leaves: its mark, its disks (and `seed`, where it has one), and its host's own description."""

    uuid: str
    mark: Mark
    parts: tuple[str, ...]
    described: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One part on its way: how many bytes, and the bytes."""

    length: int
    pieces: Iterator[bytes]


class Gate(Protocol):
    """One host. Every method that changes something checks the incarnation first, and is done when done before.

    Methods raise as those of `Driver`: HostUnreachable, NotOurs, Refused, Missing, HostFull.
    """

    host: str

    def look(self, uuid: str) -> Standing | None:
        """How the machine stands here; None when the host answered and holds none. Raises NotOurs without a mark."""
        ...

    # Where it leaves.
    def note(self, uuid: str, mark: Mark, to: str) -> Passport:
        """Write into the mark that it goes to host `to`, and whether it ran. Raises Refused for what can't travel.

        One that was noted before keeps what was noted, unless somebody has started it since.
        `mark` is the one that was read; Changed when its revision is not the one found.
        """
        ...

    def halt(self, uuid: str, incarnation: str) -> None:
        """Shut the guest down gracefully, then by force."""
        ...

    def send(self, uuid: str, incarnation: str, part: str) -> Parcel:
        """The bytes of a part, whole in themselves: a disk on a golden image is made one of its own first."""
        ...

    def park(self, uuid: str, incarnation: str, *, left: bool) -> None:
        """Park the drives; `left` says as well that the machine is another host's from here on (it must be off)."""
        ...

    def stay(self, uuid: str, incarnation: str, *, back: bool = False) -> None:
        """The move is off: attach the drives and take the note away, start it again if it ran, free what was made.

        Raises Refused for a machine that has left, unless it comes `back`: its target put its own drives aside.
        """
        ...

    def clear(self, uuid: str, incarnation: str, to: str, due: str) -> None:
        """Forget a machine that has left for `to`; its former disks stay as trash until the day `due`."""
        ...

    def migrate(self, uuid: str, incarnation: str, target: Self, say: Say) -> None:
        """Bring the running guest with its disks to `target`, where it has arrived with parked drives.

        Raises Refused with the reason when it stays here, running: not converged in time, or not possible.
        """
        ...

    # Where it arrives.
    def arrive(self, passport: Passport, spec: MachineSpec, source: str) -> None:
        """Define it with parked drives, within what the host can still take. Raises HostFull, Missing, Refused."""
        ...

    def receive(self, uuid: str, incarnation: str, part: str, parcel: Parcel) -> None:
        """Take the bytes of a part, from the beginning."""
        ...

    def digest(self, uuid: str, incarnation: str, part: str) -> str:
        """SHA-256 of a part as this host holds it."""
        ...

    def arm(self, uuid: str, incarnation: str) -> None:
        """Attach the drives: the machine is this host's from here on."""
        ...

    def disarm(self, uuid: str, incarnation: str, source: str) -> None:
        """Park the drives of a copy that never ran here while the machine still runs on `source`."""
        ...

    def start(self, uuid: str, incarnation: str) -> None:
        """Start the guest, unless it runs."""
        ...

    def forget(self, uuid: str, incarnation: str) -> None:
        """Remove what arrived with parked drives, its copied parts included; absent is done."""
        ...


def parts_of(disks: Sequence[str], *, seeded: bool) -> tuple[str, ...]:
    """The names of everything that travels."""
    return (*disks, SEED) if seeded else tuple(disks)


def fresh_name(volume: str) -> str:
    """A name for the copy of `volume`: another one for each move, because a machine may come back to its own trash."""
    stem, dot, ending = re.sub(r"-m[0-9a-f]{4}(?=\.|$)", "", volume).rpartition(".")
    token = secrets.token_hex(2)
    return f"{stem}-m{token}.{ending}" if dot else f"{ending}-m{token}"
