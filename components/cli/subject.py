"""The one machine that a command is about: declared where, and living where, with the proof that it is ours."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.config.folder import CLIENTS
from components.config.loader import find_fleet, load
from components.declaration import host_ref
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.names import client_stack
from components.domain.problems import DomainError
from components.drivers.base import Driver, Machine, Phase, Power
from components.drivers.errors import HostUnreachable
from components.engine import state
from components.engine.backend import backend_id
from components.engine.project import project_of
from components.engine.run import Engine
from components.provider.connections import ADDRESSES, Connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a machine lives, and what its host answers of it."""

    host: str
    driver: Driver
    machine: Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A declared VPS with the engine's environment, in which its stack's lock is held."""

    title: str
    fleet: Fleet
    client: Client
    vps: Vps
    environment: Mapping[str, str]

    @property
    def stack(self) -> str:
        """The stack that holds it."""
        return client_stack(self.client.key)

    @property
    def uuid(self) -> str:
        """The machine's UUID."""
        return self.vps.machine_uuid(self.fleet.id, self.client.id)

    @classmethod
    def find(cls, title: str, folder: Path | None) -> "Subject":
        """The VPS called CLIENT/VPS. Raises DomainError when no readable file declares it."""
        loaded = load(find_fleet(folder))
        client_key, _, vps_key = title.partition("/")
        clients = loaded.fleet.clients
        if client_key not in clients:
            if f"{CLIENTS}/{client_key}.yaml" in loaded.files:
                raise DomainError(f"{CLIENTS}/{client_key}.yaml can't be read as it is.", "Run: vps check")
            known = ", ".join(sorted(clients)) or "none"
            raise DomainError(f"No client file {CLIENTS}/{client_key}.yaml.", f"Known: {known}. Write CLIENT/VPS.")
        client = clients[client_key]
        vps = client.named(vps_key)
        engine = Engine.of(project_of(loaded.folder), loaded.fleet.hosts.values())
        return cls(title=title, fleet=loaded.fleet, client=client, vps=vps, environment=engine.environment)

    @contextmanager
    def home(self, *, starts: bool) -> Iterator[Home]:
        """Ask every host where the machine is or was, and give the one where it lives.

        Raises DomainError when none or two hold it, or it isn't ours; HostUnreachable when a silent host could hold it,
        which for a command that `starts` it is any of them.
        """
        known = next((found for found in self._remembered() if found.get("uuid") == self.uuid), {})
        recorded = known.get("host", {}).get("name", "")
        sources = [found.source for found in (self.vps.move, self.vps.restore) if found is not None]
        names = [name for name in dict.fromkeys([self.vps.host, recorded, *sources]) if name in self.fleet.hosts]
        hosts = [self.fleet.hosts[name] for name in names]
        addresses = {name: value for name, value in json.loads(self.environment[ADDRESSES]).items() if name in names}
        connections = Connections({ADDRESSES: json.dumps(addresses)})
        try:
            homes, silent = [], None
            for host in hosts:
                driver = connections.driver_for(host_ref(host))
                try:
                    machine = driver.read(self.uuid)
                except HostUnreachable as problem:
                    silent = silent if host.lost else problem
                    continue
                if machine is None or (host.lost and _is_stale(machine, known)):
                    continue
                if machine.power is not Power.OFF or _lives(machine):
                    homes.append(Home(host=host.name, driver=driver, machine=machine))
            if silent is not None and (starts or not homes):
                raise silent
            yield self._only(homes, known)
        finally:
            connections.close()

    def _remembered(self) -> list[dict[str, Any]]:
        return state.machines(self.environment, self.stack) or []

    def _only(self, homes: list[Home], known: Mapping[str, Any]) -> Home:
        what = f"Unable to find {self.title}"
        if not homes:
            raise DomainError(
                f"{what}: no host where it is or was holds it.", f"Nothing was touched. See: vps drift {self.stack}"
            )
        if len(homes) > 1:
            seen = " and ".join(f"{home.host} ({home.machine.power})" for home in homes)
            raise DomainError(
                f"{what}: {seen} hold it.",
                f"Nothing was touched. A move that was cut is ended by `vps up {self.stack}`; after a lost host came "
                "back: vps host return",
            )
        (home,) = homes
        mark = home.machine.mark
        what = f"Unable to touch {self.title} on {home.host}"
        if mark is None or (mark.fleet, mark.client, mark.vps) != (self.fleet.id, self.client.id, self.vps.id):
            raise DomainError(f"{what}: it does not carry our mark.", "Nothing was touched. Look at it on its host.")
        if mark.backend != backend_id(self.environment):
            raise DomainError(
                f"{what}: it is managed from another state backend ({mark.backend}).",
                "Nothing was touched. Work where that backend is, or take it over: vps rebuild",
            )
        if known and known.get("incarnation") not in (mark.incarnation, mark.previous):
            raise DomainError(
                f"{what}: its incarnation is {mark.incarnation}, state knows {known.get('incarnation')}.",
                f"Nothing was touched. See: vps drift {self.stack}",
            )
        return home


def _is_stale(machine: Machine, known: Mapping[str, Any]) -> bool:
    """Whether it is off and from before the restore that state knows; `vps host return` clears it away."""
    noted = machine.mark.incarnation if machine.mark is not None else ""
    return machine.power is Power.OFF and bool(noted) and known.get("incarnation") not in (None, noted)


def _lives(machine: Machine) -> bool:
    return machine.mark is None or machine.mark.phase not in (Phase.LEFT, Phase.ARRIVING)
