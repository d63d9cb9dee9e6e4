"""One driver per host for the whole plugin process."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from components.domain.hosts import Host
from components.drivers.base import Driver, HostRef, Machine
from components.drivers.errors import DriverError, HostUnreachable
from components.drivers.registry import connect
from components.drivers.trash import Trashed

T = TypeVar("T")

ADDRESSES = "VPS_HOSTS"
"""Environment: JSON of `{"<host>": {"driver": …, "uri": …, "probe": …, "pool": …, "lost": …}}` as declared now.

State remembers the address of the last run; a host that moved since would never be reached again by it. `lost` is empty
or the time since when the host is declared lost.
"""
ASKED_AT_ONCE = 16
SILENT_S = 30.0
"""A host that is declared lost and was silent is not asked again for so long: many machines wait for it once."""


def addresses(hosts: Iterable[Host]) -> str:
    """The text of `ADDRESSES` for the declared hosts."""
    found = {
        host.name: {
            "driver": host.driver,
            "uri": host.uri,
            "probe": host.probe,
            "pool": host.pool.name,
            "lost": host.lost.since if host.lost else "",
        }
        for host in hosts
    }
    return json.dumps(found, sort_keys=True)


def with_hosts(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with `ADDRESSES`; a plain `pulumi` that lacks it learns the hosts from the fleet it stands in.

    Where there is no fleet, or a host's file can't be read, only what is known stands there.
    """
    if environ.get(ADDRESSES):
        return dict(environ)
    from components.config.hosts import declared_hosts

    return {**environ, ADDRESSES: addresses(declared_hosts())}


class Connections:
    """Drivers by host, made on first use and shared by all threads."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._lock = threading.Lock()
        self._drivers: dict[HostRef, Driver] = {}
        self._trash: dict[Driver, Sequence[Trashed]] = {}
        self._silent: dict[str, tuple[float, HostUnreachable]] = {}
        self._addresses: dict[str, dict[str, str]] = json.loads(environ.get(ADDRESSES) or "{}")

    def driver_for(self, host: HostRef) -> Driver:
        """The host's driver, at its address of today where that is known. Raises DriverError for an unknown driver."""
        today = self._addresses.get(host.name)
        if today is not None:
            host = replace(host, driver=today["driver"], uri=today["uri"], probe=today["probe"])
        with self._lock:
            if host not in self._drivers:
                self._drivers[host] = connect(host)
            return self._drivers[host]

    def lost_since(self, name: str) -> str:
        """Since when the host is declared lost; empty for every other one."""
        return self._addresses.get(name, {}).get("lost", "")

    def pool_of(self, name: str) -> str:
        """The pool that the host's file declares; empty when that is not known here."""
        return self._addresses.get(name, {}).get("pool", "")

    def named(self, name: str) -> HostRef | None:
        """The host of that name as it is declared now."""
        today = self._addresses.get(name)
        if today is None:
            return None
        return HostRef(name=name, driver=today["driver"], uri=today["uri"], probe=today["probe"])

    def elsewhere(self, what: str, uuid: str, but: str) -> list[tuple[HostRef, Machine]]:
        """Every host of the fleet other than `but` that holds a machine of that UUID.

        One that is declared lost is asked too: the declaration counts only while it is silent. Raises HostUnreachable
        when any other does not answer: then nobody can tell.
        """
        found = self._ask(what, "holds it", but, lambda driver: driver.read(uuid))
        return [(host, machine) for host, machine in found if machine is not None]

    def trash_elsewhere(self, what: str, but: str) -> list[tuple[HostRef, Sequence[Trashed]]]:
        """What lies in the trash of every host of the fleet other than `but`: asked once in a run.

        Raises HostUnreachable as `elsewhere`.
        """

        def ask(driver: Driver) -> Sequence[Trashed]:
            if driver not in self._trash:
                self._trash[driver] = driver.read_trash()
            return self._trash[driver]

        return self._ask(what, "keeps its disk or address in its trash", but, ask)

    def _ask(self, what: str, matter: str, but: str, question: Callable[[Driver], T]) -> list[tuple[HostRef, T]]:
        names = [name for name in sorted(self._addresses) if name != but]
        hosts = [host for host in map(self.named, names) if host is not None]
        if not hosts:
            return []

        def ask(host: HostRef) -> list[tuple[HostRef, T]]:
            try:
                return [(host, self.unless_gone(host, question))]
            except DriverError as problem:
                if self.lost_since(host.name) and isinstance(problem, HostUnreachable):
                    return []
                raise HostUnreachable(
                    what,
                    f"could not tell whether {host.name} {matter}: {problem.cause}",
                    f"Nothing was created or touched. {problem.remedy}. If that host is gone for good: vps host lost "
                    f"{host.name}",
                ) from problem

        with ThreadPoolExecutor(max_workers=min(ASKED_AT_ONCE, len(hosts)), thread_name_prefix="elsewhere") as asking:
            return [answer for found in asking.map(ask, hosts) for answer in found]

    def is_gone(self, host: HostRef, uuid: str) -> bool:
        """Whether the host is declared lost, and silent when it is asked for the machine of that UUID."""
        if not self.lost_since(host.name):
            return False
        try:
            self.unless_gone(host, lambda driver: driver.read(uuid))
        except HostUnreachable:
            return True
        return False

    def unless_gone(self, host: HostRef, question: Callable[[Driver], T]) -> T:
        """The host's answer. Raises HostUnreachable at once for a lost host that was silent a moment ago."""
        if not self.lost_since(host.name):
            return question(self.driver_for(host))
        until, known = self._silent.get(host.name, (0.0, None))
        if known is not None and time.monotonic() < until:
            raise known
        try:
            return question(self.driver_for(host))
        except HostUnreachable as problem:
            self._silent[host.name] = (time.monotonic() + SILENT_S, problem)
            raise

    def close(self) -> None:
        """Give all connections back."""
        with self._lock:
            for driver in self._drivers.values():
                driver.close()
            self._drivers.clear()
