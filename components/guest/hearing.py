"""Guests heard from outside: one, or those of a whole fleet side by side.

A guest that is silent, slow or hostile costs one deadline and nobody else's time but that of its place in the row.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.drivers.base import Driver, HostRef, Machine, Phase, Power
from components.drivers.errors import DriverError
from components.drivers.guest import Said
from components.drivers.registry import connect
from components.guest import report
from components.guest.handover import Settings, behind
from components.guest.report import Report, UnreadableError
from components.guest.settings import declared

HEALTH = "/usr/local/lib/vps/health"
REPORT_S = 30.0
"""A report is made of files in a second; an emulated guest on a busy host has been seen to need ten."""
CHECKS_S = 300.0
"""How long all checks of a guest may take when they are asked for; one is a task that goes through its queue."""
HOSTS_AT_ONCE = 32
GUESTS_AT_ONCE = 4
"""Per host: libvirtd serves five calls of one connection and stops reading when all of them wait."""
MISSING, UNKNOWN = "missing", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a guest says; or why nothing is known (`silent`), with the end of its serial console where a host keeps it.

    `power` is the host's fact, `missing` when it answered and lacks the machine, empty when it did not answer.
    """

    report: Report | None = None
    silent: str = ""
    console: tuple[str, ...] = ()
    power: str = ""
    waits: tuple[str, ...] = ()
    """Limits that come into force with the next boot, by the host's word."""
    behind: str = ""
    """How a delivered guest is behind what its files declare, in words: `vps settings` brings it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One VPS of a fleet."""

    client: Client
    vps: Vps

    @property
    def title(self) -> str:
        """CLIENT/VPS."""
        return f"{self.client.key}/{self.vps.key}"


def hear(
    driver: Driver,
    machine: Machine,
    vps: str,
    *,
    now: bool = False,
    console: bool = True,
    wanted: Settings | None = None,
    deadline_s: float = REPORT_S,
) -> Heard:
    """What the guest of a machine says of itself; with `now`, after it has run all its checks anew.

    `vps` is the id that it should know itself by, `wanted` what it should go by. Never raises: not knowing is an
    answer.
    """
    known = Heard(power=str(machine.power), waits=machine.reboot_required)
    if machine.mark is None:
        return replace(known, silent="it carries no mark of ours, so it is not asked")
    try:
        if machine.power is not Power.RUNNING:
            raise UnreadableError(f"it is {machine.power}")
        guest = driver.guest()
        if now:
            guest.run(machine.uuid, machine.mark, [HEALTH, "--now"], deadline_s=max(CHECKS_S, deadline_s))
        said = guest.run(machine.uuid, machine.mark, report.COMMAND, deadline_s=deadline_s)
        found = _read(said, vps, machine.uuid)
    except (DriverError, UnreadableError) as problem:
        why = report.clean(problem.cause if isinstance(problem, DriverError) else str(problem))
        return replace(known, silent=why, console=_console(driver, machine) if console else ())
    return replace(known, report=found, behind=behind(found, wanted) if wanted is not None else "")


def _read(said: Said, vps: str, uuid: str) -> Report:
    try:
        return report.parse(said, vps=vps, uuid=uuid, now=dt.datetime.now(dt.UTC))
    except UnreadableError:
        raise
    except Exception as problem:
        # Whatever one guest said, the others are still heard.
        raise UnreadableError(f"what it said can't be read ({type(problem).__name__})") from problem


def hear_one(
    fleet: Fleet,
    line: Line,
    *,
    now: bool = False,
    ask: Callable[[Machine], bool] = lambda _: True,
    deadline_s: float = REPORT_S,
) -> Heard:
    """One VPS of a fleet, wherever it lives while it moves, with its console when it is silent. Never raises."""
    sources = (line.vps.move.source,) if line.vps.move else ()
    silent, power = "", ""
    for name in (line.vps.host, *sources):
        host = fleet.hosts.get(name)
        if host is None:
            silent = silent or f"host {name} is not declared, or its file has problems"
            continue
        try:
            with closing(connect(_ref(host))) as driver:
                machine = driver.read(line.vps.machine_uuid(fleet.id, line.client.id))
                if machine is not None and not (sources and machine.mark and machine.mark.phase == Phase.ARRIVING):
                    if not ask(machine):
                        return Heard(power=str(machine.power), waits=machine.reboot_required)
                    wanted = _wanted(fleet, line)
                    return hear(driver, machine, line.vps.id, now=now, wanted=wanted, deadline_s=deadline_s)
                silent, power = silent or f"{name} answered and does not hold it", power or MISSING
        except DriverError as problem:
            silent, power = silent or report.clean(problem.cause), UNKNOWN
    return Heard(silent=silent, power="" if power == UNKNOWN else power)


def hear_all(
    fleet: Fleet,
    lines: Iterable[Line],
    *,
    now: bool = False,
    ask: Callable[[Machine], bool] = lambda _: True,
    deadline_s: float = REPORT_S,
) -> dict[str, Heard]:
    """Every given VPS by title, hosts side by side, and a few guests of each; those that `ask` denies stay unheard."""
    by_host: dict[str, list[Line]] = {}
    for line in lines:
        by_host.setdefault(line.vps.host, []).append(line)
    if not by_host:
        return {}
    with ThreadPoolExecutor(max_workers=min(HOSTS_AT_ONCE, len(by_host))) as pool:
        asked = [pool.submit(_of_host, fleet, host, of_host, now, ask, deadline_s) for host, of_host in by_host.items()]
        return {title: heard for found in asked for title, heard in found.result().items()}


def _of_host(
    fleet: Fleet, name: str, lines: list[Line], now: bool, ask: Callable[[Machine], bool], deadline_s: float
) -> Mapping[str, Heard]:
    host = fleet.hosts.get(name)
    if host is None:
        return {line.title: Heard(silent=f"host {name} is not declared, or its file has problems") for line in lines}
    try:
        driver = connect(_ref(host))
    except DriverError as problem:
        return {line.title: Heard(silent=report.clean(problem.cause)) for line in lines}
    try:
        machines = {machine.uuid: machine for machine in driver.read_all()}

        def one(line: Line) -> Heard:
            machine = machines.get(line.vps.machine_uuid(fleet.id, line.client.id))
            if machine is None and line.vps.move is not None:
                # On its way: it may still be where it comes from.
                return hear_one(fleet, line, now=now, ask=ask, deadline_s=deadline_s)
            if machine is None:
                return Heard(silent=f"{name} answered and does not hold it", power=MISSING)
            if not ask(machine):
                return Heard(power=str(machine.power), waits=machine.reboot_required)
            wanted = _wanted(fleet, line)
            return hear(driver, machine, line.vps.id, now=now, console=False, wanted=wanted, deadline_s=deadline_s)

        with ThreadPoolExecutor(max_workers=GUESTS_AT_ONCE) as pool:
            return {line.title: heard for line, heard in zip(lines, pool.map(one, lines), strict=True)}
    except DriverError as problem:
        return {line.title: Heard(silent=report.clean(problem.cause)) for line in lines}
    finally:
        driver.close()


def _wanted(fleet: Fleet, line: Line) -> Settings | None:
    """None where its files can't be told to a guest as they are: `vps check` says why."""
    try:
        return declared(fleet, line.client, line.vps)
    except (LookupError, ValueError):
        return None


def _ref(host: Host) -> HostRef:
    return HostRef(name=host.name, driver=host.driver, uri=host.uri, probe=host.probe)


def _console(driver: Driver, machine: Machine) -> tuple[str, ...]:
    assert machine.mark is not None
    try:
        return report.console_lines(driver.guest().console(machine.uuid, machine.mark))
    except DriverError as problem:
        return (f"({report.clean(problem.cause)})",)
