"""A lost host is back: which of the machines that it holds are its own, and which are stale copies.

A machine is a stale copy only when its file places it elsewhere and that host answers that it has it, whole. Everything
else stays where it is, and is told: nothing is guessed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from components.drivers.base import Driver, Machine, Phase, Power
from components.drivers.errors import DriverError


class Fate(StrEnum):
    """What becomes of a machine on a host that is back.

    own: it belongs here. stale: it lives elsewhere by now, and this copy is off: to the trash.
    twin: it lives elsewhere and this copy runs as well: a person decides. unknown: left alone.
    """

    OWN = "own"
    STALE = "stale"
    TWIN = "twin"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One machine on the host that is back, what becomes of it, and why in words. `now` is the host where it lives."""

    machine: Machine
    fate: Fate
    why: str
    now: str = ""


def judge(
    host: str,
    found: Sequence[Machine],
    declared: Mapping[str, str],
    read: Callable[[str, str], Machine | None],
    others: Sequence[str] = (),
) -> Iterator[Verdict]:
    """A verdict on each of `found` with a mark. `declared` says by UUID on which host a file places it.

    `read(host, uuid)` asks another host and raises DriverError when that can't tell; `others` are those that may have
    a machine which its file places here.
    """
    for machine in found:
        home = declared.get(machine.uuid)
        if machine.mark is None:
            continue
        if home is None:
            yield Verdict(machine=machine, fate=Fate.UNKNOWN, why="no file declares it")
        elif home == host:
            yield _here(machine, others, read)
        else:
            yield _elsewhere(machine, home, read)


def _here(machine: Machine, others: Sequence[str], read: Callable[[str, str], Machine | None]) -> Verdict:
    """Its own, unless it was restored elsewhere and its file was put back without bringing it back."""
    for other in others:
        try:
            there = read(other, machine.uuid)
        except DriverError as problem:
            why = f"its file places it here, but {other} may have it too, and could not tell: {problem.cause}"
            return Verdict(machine=machine, fate=Fate.UNKNOWN, why=why)
        if there is None or there.mark is None or there.mark.move:
            continue
        if there.mark.phase in {Phase.STARTING, Phase.READY} and not _is_parked(machine):
            why = f"its file places it here, and {other} has it as well, {there.power}: which of the two is it?"
            fate = Fate.UNKNOWN if machine.power in {Power.OFF, Power.CRASHED} else Fate.TWIN
            return Verdict(machine=machine, fate=fate, why=why)
    return Verdict(machine=machine, fate=Fate.OWN, why="its file places it here")


def _is_parked(machine: Machine) -> bool:
    return machine.mark is not None and machine.mark.phase in {Phase.ARRIVING, Phase.LEFT}


def _elsewhere(machine: Machine, home: str, read: Callable[[str, str], Machine | None]) -> Verdict:
    try:
        there = read(home, machine.uuid)
    except DriverError as problem:
        why = f"its file places it on {home}, which could not tell: {problem.cause}"
        return Verdict(machine=machine, fate=Fate.UNKNOWN, why=why)
    if there is None or there.mark is None or there.mark.phase is not Phase.READY:
        state = "does not hold it" if there is None or there.mark is None else f"holds it {there.mark.phase}"
        why = f"its file places it on {home}, which {state}: this may be the only copy of its data"
        return Verdict(machine=machine, fate=Fate.UNKNOWN, why=why)
    if there.mark.move:
        # Its disks may have gone over to here already, and be parked there.
        why = f"its file places it on {home}, whose move {there.mark.move.replace(':', ' ')} is not finished"
        return Verdict(machine=machine, fate=Fate.UNKNOWN, why=why)
    if machine.power not in {Power.OFF, Power.CRASHED}:
        why = f"it is {there.power} on {home} and {machine.power} here: two copies of one machine"
        return Verdict(machine=machine, fate=Fate.TWIN, why=why, now=home)
    return Verdict(machine=machine, fate=Fate.STALE, why=f"it is {there.power} on {home}", now=home)


def put_away(driver: Driver, verdict: Verdict, due: str) -> None:
    """Take a stale copy's definition away and leave its disks in the trash until `due`; can be called again."""
    mark, gate = verdict.machine.mark, driver.gate()
    assert mark is not None
    assert verdict.fate is Fate.STALE
    uuid = verdict.machine.uuid
    if mark.phase is Phase.ARRIVING:
        gate.forget(uuid, mark.incarnation)
        return
    gate.park(uuid, mark.incarnation, left=True)
    gate.clear(uuid, mark.incarnation, verdict.now, due)
