"""Where VPSs are that move: by what state recorded of a client, and by what the host answers that one leaves."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.clients import Client, Vps
    from components.drivers.base import Machine

AT_ONCE = 4
"""So many states are asked for at a time where only the engine can read them: each takes a second of it."""

Machines = list[dict[str, Any]]


class Whereabouts:
    """Of the VPSs of some clients; state is read once, so it is as old as this."""

    def __init__(self, loaded: "Loaded", clients: Iterable[str]) -> None:
        self._loaded = loaded
        keys = sorted(set(clients))
        with ThreadPoolExecutor(max_workers=AT_ONCE) as asking:
            self._machines = dict(zip(keys, asking.map(self._read, keys), strict=True))

    def recorded(self, client: "Client", vps: "Vps") -> str | None:
        """The host that state knows; empty when it knows no such machine, None when nobody can read it from here."""
        machines = self._machines[client.key]
        if machines is None:
            return None
        uuid = vps.machine_uuid(self._loaded.fleet.id, client.id)
        found = next((one for one in machines if one.get("uuid") == uuid), None)
        return "" if found is None else str((found.get("host") or {}).get("name") or "")

    def is_cut(self, client: "Client", vps: "Vps", host: str) -> bool | None:
        """Whether its move off `host` was begun and its guest does not run there: it may be down. None: nobody knows.

        One that `host` does not hold any more has no guest there either.
        """
        from components.drivers.base import Phase, Power
        from components.drivers.errors import DriverError

        try:
            machine = self._machine(client, vps, host)
        except DriverError:
            return None
        if machine is None or machine.mark is None:
            return machine is None
        return machine.mark.phase is Phase.LEFT or (machine.power is not Power.RUNNING and bool(machine.mark.move))

    def is_held(self, client: "Client", vps: "Vps", host: str) -> bool | None:
        """Whether `host` holds a machine of its UUID, whoever marked it or nobody. None: it does not say."""
        from components.drivers.errors import DriverError

        try:
            return self._machine(client, vps, host) is not None
        except DriverError:
            return None

    def _machine(self, client: "Client", vps: "Vps", host: str) -> "Machine | None":
        """As the host answers. Raises DriverError; a lost host is not asked."""
        from components.declaration import host_ref
        from components.drivers.errors import HostUnreachable
        from components.drivers.registry import connect

        declared = self._loaded.fleet.hosts[host]
        if declared.lost is not None:
            raise HostUnreachable(f"Unable to ask {host}", "it is declared lost")
        driver = connect(host_ref(declared))
        try:
            return driver.read(vps.machine_uuid(self._loaded.fleet.id, client.id))
        finally:
            driver.close()

    def _read(self, key: str) -> Machines | None:
        """What state holds of a client's machines, by the engine where only it can tell; None where it can't either."""
        from components.domain.names import client_stack
        from components.domain.problems import DomainError
        from components.engine import audit, state
        from components.engine.project import project_of

        stack = client_stack(key)
        try:
            project = project_of(self._loaded.folder)
            found = state.machines(project.backend(os.environ), stack)
            exported = audit.export(project.environment(os.environ), stack) if found is None else None
        except (DomainError, RuntimeError):
            return None
        return found if exported is None else _outputs(exported)


def _outputs(exported: Mapping[str, Any]) -> Machines:
    from components.engine.state import MACHINE

    every = (exported.get("deployment") or {}).get("resources") or []
    return [one.get("outputs") or {} for one in every if one.get("type") == MACHINE and not one.get("delete")]
