"""What lies in a host's trash, and what may become of it: one answer for every driver.

An ended machine's disks stay where they are, under a record that knows everything to bring it back. Until the day that
the record names, its addresses are in quarantine; after that day, and only by a command that says so, it is destroyed.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from components.drivers.base import MachineSpec, Mark, Phase
from components.drivers.errors import Missing, NotOurs, Refused

ENDED = "ended"
REINSTALLED = "reinstalled"
MOVED = "moved to "
"""The beginning of `why` where a machine lives on at another host."""

_KEY = re.compile(r"(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-[rm][0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed:
    """What a host keeps of a machine that was ended, or of an installation that was replaced by a newer one.

    `key` names it on its host: the UUID, or `<uuid>-r<N>` for the disk of reinstall number N. From the day `due` on
    (ISO; empty in records that older releases wrote) it may be emptied. `addresses` are in quarantine until then.
    """

    key: str
    uuid: str
    name: str
    title: str
    mark: Mark | None
    """None when the record can't be read: then nothing is known of it but its name, which is in `lost`."""
    pool: str
    why: str
    """`ended` or `reinstalled`."""
    ended: str
    """When, ISO 8601 in UTC; records of old releases know the day only."""
    due: str
    volumes: Mapping[str, str]
    """By disk name (and `seed`): the volume's name in its pool."""
    size_gib: int
    """Promised size of its disks together."""
    used_mib: int
    """What its volumes take on the host now."""
    addresses: tuple[str, ...]
    macs: tuple[str, ...]
    in_use: bool = False
    """Its machine is there again (a restore or an end that was interrupted): nothing of it may be destroyed."""
    lost: tuple[str, ...] = ()
    """Volumes that it names and the host answered not to hold."""


def key_of(uuid: str, reinstall: int | None = None) -> str:
    """The key of an ended machine, or of the disk of its installation number `reinstall`."""
    return uuid if reinstall is None else f"{uuid}-r{reinstall}"


def free_key(key: str, uuid: str, volumes: Collection[str], there: Mapping[str, Collection[str]]) -> str:
    """`key`, or another of that machine where a record of other volumes has it: none is forgotten for a newer one.

    `there` says by key which volumes each record names: none where it was cut off while it was written.
    """
    names = chain([key], (f"{uuid}-m{number}" for number in count(1)))
    return next(name for name in names if not there.get(name) or set(there[name]) & set(volumes))


def uuid_of(key: str) -> str:
    """The machine of a key; empty for a text that is none."""
    found = _KEY.fullmatch(key)
    return found["uuid"] if found else ""


def returning(mark: Mark) -> Mark:
    """The mark of a machine that comes back: its owner's next `create` starts it, unless it was suspended."""
    if mark.wish == "suspended":
        return replace(mark, phase=Phase.READY, revision=mark.revision + 1, move="")
    return replace(mark, phase=Phase.STARTING, revision=mark.revision + 1, wish="running", move="")


def need_due(what: str, found: Trashed, today: str, due: str) -> None:
    """Raises Refused unless the day of `found` (`due` where its record knows none) is reached and nobody uses it."""
    day = found.due or due
    if not day or today < day:
        raise Refused(what, f"it is kept until {day or 'a day that nobody knows'}", "Nothing was destroyed")
    if found.in_use:
        raise Refused(what, "its machine is there again", "Nothing was destroyed. See `vps trash list`")


def need_free(what: str, spec: MachineSpec, reinstall: int, trash: Sequence[Trashed]) -> None:
    """Raises Refused when a new machine lies in the trash itself, or one of its addresses belongs to one there.

    Under a higher number of installation (`reinstall`) it is made anew on purpose; the trash keeps the former one.
    """
    for found in trash:
        ended = found.uuid == spec.uuid and found.why == ENDED and not found.in_use
        if ended and found.mark is not None and found.mark.reinstall >= reinstall:
            raise Refused(
                what,
                f"it was ended on {found.ended[:10]} and lies in the trash with its disk",
                "Nothing was touched. `vps trash restore` brings it back; it is made anew, and empty, only after "
                "`vps trash empty --due`",
            )
    need_no_quarantine(what, spec.uuid, [one for nic in spec.nics.values() for one in nic.addresses], trash)


def need_no_quarantine(what: str, uuid: str, addresses: Iterable[str], trash: Sequence[Trashed]) -> None:
    """Raises Refused when one of the addresses belongs to another machine than `uuid` that lies in the trash."""
    wanted = {bare(address) for address in addresses}
    for found in trash:
        taken = sorted(wanted & {bare(address) for address in found.addresses})
        if taken and found.uuid != uuid and not found.in_use:
            raise Refused(
                what,
                f"{', '.join(taken)} is in quarantine: it belonged to {found.title}, which was ended on "
                f"{found.ended[:10]} and may come back until {found.due or 'its trash is emptied'}",
                "Choose another address, or wait and run `vps trash empty --due`",
            )


def need_no_other(what: str, found: Trashed, taken: Mapping[str, Iterable[str]]) -> None:
    """Raises Refused when a machine that is to come back has an address or MAC that another one (by name) has now."""
    mine = {bare(address) for address in found.addresses} | {mac.lower() for mac in found.macs}
    for name, theirs in taken.items():
        both = sorted(mine & {bare(one).lower() for one in theirs})
        if both:
            remedy = "Nothing was touched. Give that machine another address first"
            raise Refused(what, f"{', '.join(both)} belongs to {name} now", remedy)


def need_whole(what: str, key: str, found: Trashed | None) -> Trashed:
    """What the trash holds under `key`. Raises Missing when that is nothing, or not whole."""
    if found is None:
        raise Missing(what, f"the host answered and its trash holds no {key}", "See `vps trash list`")
    if found.why.startswith(MOVED):
        disks = ", ".join(found.volumes.values())
        remedy = (
            f"Nothing was touched. Its former disks are {disks} in pool {found.pool}: copy from them what is needed"
        )
        raise Refused(what, f"it {found.why}, where it lives on", remedy)
    if found.lost:
        remedy = "Nothing was touched. Look in the pool; bring the volume back, then run again"
        raise Missing(what, f"{', '.join(found.lost)} is gone from pool {found.pool}", remedy)
    return found


def need_same(what: str, mark: Mark | None, found: Trashed) -> None:
    """Raises NotOurs or Refused unless the machine that is there, with that mark, is `found` brought back already."""
    if mark is None or found.mark is None or mark.urn != found.mark.urn:
        remedy = "Nothing was touched. Look at it on the host"
        raise NotOurs(what, f"a machine with its UUID is there that does not belong to {found.title}", remedy)
    if mark.phase is Phase.ENDING:
        remedy = "Nothing was touched. Let `vps up` finish it, then run this again"
        raise Refused(what, "its end was declared and is under way", remedy)
    if not found.in_use or found.why != ENDED:
        raise Refused(
            what,
            f"the machine is there, with installation number {mark.reinstall}: its former disk comes back as a machine "
            "only when that one has ended",
            f"Nothing was touched. The former disk is {', '.join(found.volumes.values())} in pool {found.pool}: copy "
            "from it what is needed",
        )


def bare(address: str) -> str:
    """An address without its prefix length."""
    return address.partition("/")[0].lower()
