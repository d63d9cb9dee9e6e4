"""What stands on all hosts at one moment, and the one function that says what is wrong with it.

A disk is told by what it holds, not by its name: `content` stays the same however often it is moved or renamed, and
is another one for a disk that was made anew.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A machine as one host defines it. `owner` is (client, vps) of its mark; empty for a stranger."""

    host: str
    uuid: str
    name: str
    owner: str
    phase: str
    power: str
    memory_mib: int
    volumes: frozenset[str]
    whole: str
    """Everything that is known of it, as text: what must not differ for a stranger."""

    @property
    def runs(self) -> bool:
        """Whether a process holds its disks."""
        return self.power in ("running", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A disk or seed in a host's pool; `kept` when the trash names it."""

    host: str
    name: str
    content: str
    size_gib: float
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Every guest and every volume of all hosts, and how much memory and disk each host has."""

    guests: tuple[Guest, ...]
    volumes: tuple[Volume, ...]
    memory_mib: Mapping[str, int] = field(default_factory=dict)
    pool_gib: Mapping[str, float] = field(default_factory=dict)

    @property
    def disks(self) -> dict[str, Volume]:
        """Disks that may hold a client's data, by content: their machine was started once, or the trash keeps them."""
        held = {
            (guest.host, volume)
            for guest in self.guests
            if guest.owner and guest.phase not in ("creating", "arriving", "left")
            for volume in guest.volumes
        }
        return {volume.content: volume for volume in self.volumes if volume.kept or (volume.host, volume.name) in held}


LOST, ORPHAN, TWIN, OVERSOLD, FOREIGN = "machine or disk lost", "orphan", "twin", "oversold", "foreign machine changed"
KINDS = (LOST, ORPHAN, TWIN, OVERSOLD, FOREIGN)


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise: its kind of `KINDS`, and what was seen."""

    kind: str
    words: str


def problems(before: View, after: View, *, settled: bool) -> list[Problem]:
    """What `after` breaks of the promises, given what stood there `before`.

    Always: no disk that may hold data is gone or shorter, no machine runs twice, no host is oversold, nothing of a
    stranger differs. Once `settled`, after the run that mends: every volume belongs to a machine or to the trash, and
    every machine stands in one place.
    """
    return [*_lost(before, after), *_twins(after, settled=settled), *_oversold(after), *_foreign(before, after)] + (
        _orphans(after) if settled else []
    )


def _lost(before: View, after: View) -> list[Problem]:
    there: dict[str, Volume] = {}
    for volume in sorted(after.volumes, key=lambda volume: volume.size_gib):
        there[volume.content] = volume  # Of several copies the largest: a move leaves the former one in the trash.
    found = []
    for content, volume in before.disks.items():
        if content not in there:
            found.append(Problem(LOST, f"{volume.name} of {volume.host} is gone"))
        elif there[content].size_gib < volume.size_gib:
            found.append(Problem(LOST, f"{volume.name} shrank to {there[content].size_gib} GiB"))
    kept = {guest.uuid for guest in after.guests}
    in_trash = any(volume.kept for volume in after.volumes)
    found += [
        Problem(LOST, f"{guest.name} is defined nowhere")
        for guest in before.guests
        if guest.phase == "ready" and guest.uuid not in kept and not in_trash
    ]
    return found


def _twins(after: View, *, settled: bool) -> list[Problem]:
    running = Counter(guest.uuid for guest in after.guests if guest.runs)
    owners = Counter((guest.host, guest.owner) for guest in after.guests if guest.owner)
    found = [Problem(TWIN, f"{uuid} runs {count} times") for uuid, count in running.items() if count > 1]
    found += [
        Problem(TWIN, f"{owner} has {count} machines on {host}") for (host, owner), count in owners.items() if count > 1
    ]
    if settled:
        everywhere = Counter(guest.uuid for guest in after.guests)
        found += [Problem(TWIN, f"{uuid} stands in {count} places") for uuid, count in everywhere.items() if count > 1]
        found += [
            Problem(ORPHAN, f"{guest.name} is {guest.phase} on {guest.host}")
            for guest in after.guests
            if guest.phase in ("arriving", "left")
        ]
    return found


def _oversold(after: View) -> list[Problem]:
    found = []
    for host, size in after.memory_mib.items():
        sold = sum(guest.memory_mib for guest in after.guests if guest.host == host)
        if sold > size:
            found.append(Problem(OVERSOLD, f"{sold} of {size} MiB of {host} are promised"))
    for host, room in after.pool_gib.items():
        taken = sum(volume.size_gib for volume in after.volumes if volume.host == host)
        if taken > room:
            found.append(Problem(OVERSOLD, f"{taken} of {room} GiB of {host}'s pool are taken"))
    return found


def _foreign(before: View, after: View) -> list[Problem]:
    found = {guest.uuid: guest.whole for guest in after.guests if not guest.owner}
    return [
        Problem(FOREIGN, f"{guest.name} differs")
        for guest in before.guests
        if not guest.owner and found.get(guest.uuid) != guest.whole
    ]


def _orphans(after: View) -> list[Problem]:
    held = {(guest.host, volume) for guest in after.guests for volume in guest.volumes}
    return [
        Problem(ORPHAN, f"volume {volume.name} of {volume.host} belongs to nobody")
        for volume in after.volumes
        if not volume.kept and (volume.host, volume.name) not in held
    ]
