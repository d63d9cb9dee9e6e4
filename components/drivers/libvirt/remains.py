"""What a run that broke off left on its host."""

from collections.abc import Iterator
from contextlib import contextmanager

from components.drivers.base import Machine
from components.drivers.errors import DriverError, HostUnreachable, Interrupted
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.probe import look


class Remains:
    """Looks on one host for what is there after an error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def begun(self, what: str, uuid: str) -> Iterator[None]:
        """Steps that may have made or changed something: every error becomes Interrupted, with what is there."""
        try:
            yield
        except DriverError as problem:
            remedy = problem.remedy or "Run again: it goes on from here"
            raise Interrupted(what, problem.cause, remedy, self._found(what, uuid, problem)) from problem

    def are_none(self, what: str, uuid: str) -> bool:
        """Whether the host answers that it holds no such machine."""
        try:
            with self._connection.edge(what) as handle:
                return machines.find(handle, uuid) is None
        except DriverError:
            return False

    def _found(self, what: str, uuid: str, problem: DriverError) -> Machine | None:
        if isinstance(problem, HostUnreachable):
            return None
        try:
            with self._connection.edge(what) as handle:
                domain = machines.find(handle, uuid)
                if domain is None:
                    return None
                return machines.facts(handle, domain, machines.config(domain), look(self._connection.host))
        except DriverError:
            return None
