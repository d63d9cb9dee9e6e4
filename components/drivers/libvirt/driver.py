"""The libvirt driver: which part does what; the parts are in the modules beside it."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import libvirt
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from components.drivers.adoption import Adopter
from components.drivers.base import (
    Fact,
    HostRef,
    ImageSpec,
    Machine,
    MachineSpec,
    Mark,
    NetworkSpec,
    PoolSpec,
    Say,
    silent,
)
from components.drivers.faults import Faults
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import survey
from components.drivers.libvirt.access import LibvirtAccess
from components.drivers.libvirt.adoption import Adoption
from components.drivers.libvirt.change import Change, need
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.creation import Creation
from components.drivers.libvirt.ending import Ending
from components.drivers.libvirt.errors import Lost, is_code
from components.drivers.libvirt.guest import LibvirtGuest
from components.drivers.libvirt.images import Images
from components.drivers.libvirt.lease import LEASE_S, Leases
from components.drivers.libvirt.monitor import ASK_S, Monitor
from components.drivers.libvirt.moving import LibvirtGate
from components.drivers.libvirt.networks import Networks
from components.drivers.libvirt.pools import Pools
from components.drivers.libvirt.power import STOP_S, Starter
from components.drivers.libvirt.probe import InForce, Probe
from components.drivers.libvirt.reinstall import Reinstall
from components.drivers.libvirt.remains import Remains
from components.drivers.libvirt.restoring import Restoring
from components.drivers.libvirt.wishes import Wishes
from components.drivers.trash import Trashed, uuid_of

FAULTS = "VPS_FAULTS"
"""Environment variable that names a file of faults (`components.drivers.faults`); for tests only."""

_once_more = retry(retry=retry_if_exception_type(Lost), stop=stop_after_attempt(2), reraise=True)
"""Reads change nothing, so one whose connection broke is tried again over a new one. Changes never are."""


class LibvirtDriver:
    """One libvirt host; see `components.drivers.base.Driver` for what each method promises."""

    def __init__(
        self,
        host: HostRef,
        stop_seconds: float = STOP_S,
        lease_seconds: int = LEASE_S,
        ask_seconds: float = ASK_S,
    ) -> None:
        self._host = host
        self._stop_seconds = stop_seconds
        path = os.environ.get(FAULTS)
        faults = Faults(Path(path) if path else None)
        self._connection = Connection(host)
        self._probe, self._monitor = Probe(host), Monitor(ask_seconds)
        self._starter = Starter(host)
        leases = Leases(lease_seconds)
        self._remains = Remains(self._connection)
        self._creation = Creation(self._connection, leases, self._starter, faults)
        self._change = Change(self._connection, leases, faults)
        self._wishes = Wishes(self._connection, self._starter, faults)
        self._ending = Ending(self._connection, faults, stop_seconds)
        self._reinstall = Reinstall(self._connection, leases, faults, stop_seconds)
        self._restoring = Restoring(self._connection, leases, faults)
        self._gate = LibvirtGate(self._connection, leases, self._starter, faults, stop_seconds)
        self._images = Images(self._connection, leases, faults)
        self._pools = Pools(self._connection)
        self._networks = Networks(self._connection)
        self._faults = faults
        self._guard = threading.Lock()
        self._machines: dict[str, threading.Lock] = {}

    def create(self, spec: MachineSpec, seed: bytes, mark: Mark) -> Machine:
        """See `components.drivers.base.Driver`."""
        with self._changing(spec.uuid):
            self._creation.run(spec, seed, mark)
            what = f"Unable to create machine {spec.name} on {self._host.name}"
            with self._remains.begun(what, spec.uuid):
                return self._facts(what, spec.uuid)

    @_once_more
    def read(self, uuid: str) -> Machine | None:
        """See `components.drivers.base.Driver`."""
        with self._connection.edge(f"Unable to read machine {uuid} on {self._host.name}") as handle:
            domain = machines.find(handle, uuid)
            if domain is None:
                return None
            try:
                described = machines.config(domain)
            except libvirt.libvirtError as problem:
                if is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                    return None
                raise
            return machines.facts(handle, domain, described, self._in_force(domain), self._monitor)

    @_once_more
    def read_all(self) -> Sequence[Machine]:
        """See `components.drivers.base.Driver`."""
        return survey.once(self._connection, self._probe)

    def update(self, spec: MachineSpec, mark: Mark) -> Machine:
        """See `components.drivers.base.Driver`."""
        with self._changing(spec.uuid):
            self._change.run(spec, mark)
            return self._facts(f"Unable to change machine {spec.name} on {self._host.name}", spec.uuid)

    def power(self, uuid: str, wish: str, mark: Mark, *, deadline_s: float | None = None, say: Say = silent) -> Machine:
        """See `components.drivers.base.Driver`."""
        with self._changing(uuid):
            seconds = self._stop_seconds if deadline_s is None else deadline_s
            self._wishes.run(uuid, wish, mark, seconds, say)
            return self._facts(f"Unable to bring machine {uuid} on {self._host.name} to {wish}", uuid)

    def delete(self, uuid: str, incarnation: str, due: str = "") -> None:
        """See `components.drivers.base.Driver`."""
        with self._changing(uuid):
            self._ending.run(uuid, incarnation, due)

    def reinstall(self, spec: MachineSpec, seed: bytes, mark: Mark, due: str) -> Machine:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to reinstall machine {spec.name} on {self._host.name}"
        with self._changing(spec.uuid):
            self._reinstall.run(spec, mark, due)
            self._creation.finish(what, spec, seed)
            with self._remains.begun(what, spec.uuid):
                return self._facts(what, spec.uuid)

    @_once_more
    def read_trash(self) -> Sequence[Trashed]:
        """See `components.drivers.base.Driver`."""
        return self._restoring.read()

    def restore(self, key: str) -> Machine:
        """See `components.drivers.base.Driver`."""
        with self._changing(uuid_of(key)):
            self._restoring.restore(key)
            return self._facts(f"Unable to restore {key} on {self._host.name}", uuid_of(key))

    def empty(self, key: str, today: str, due: str) -> None:
        """See `components.drivers.base.Driver`."""
        with self._changing(uuid_of(key)):
            self._restoring.empty(key, today, due)

    def ensure_image(self, spec: ImageSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        with self._connection.changing():
            return self._images.ensure(spec)

    @_once_more
    def read_image(self, spec: ImageSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        return self._images.read(spec)

    def delete_image(self, spec: ImageSpec) -> None:
        """See `components.drivers.base.Driver`."""
        with self._connection.changing():
            self._images.delete(spec)

    def ensure_pool(self, spec: PoolSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        with self._connection.changing():
            return self._pools.ensure(spec)

    @_once_more
    def read_pool(self, spec: PoolSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        return self._pools.read(spec)

    def delete_pool(self, spec: PoolSpec) -> None:
        """See `components.drivers.base.Driver`."""
        with self._connection.changing():
            self._pools.delete(spec)

    def ensure_network(self, spec: NetworkSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        with self._connection.changing():
            return self._networks.ensure(spec)

    @_once_more
    def read_network(self, spec: NetworkSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        return self._networks.read(spec)

    def delete_network(self, spec: NetworkSpec) -> None:
        """See `components.drivers.base.Driver`."""
        with self._connection.changing():
            self._networks.delete(spec)

    def gate(self) -> LibvirtGate:
        """See `components.drivers.base.Driver`."""
        return self._gate

    def adopter(self) -> Adopter:
        """See `components.drivers.base.Driver`."""
        return Adoption(self._connection, self._faults)

    def access(self) -> LibvirtAccess:
        """See `components.drivers.base.Driver`."""
        return LibvirtAccess(self._connection)

    def guest(self) -> LibvirtGuest:
        """See `components.drivers.base.Driver`."""
        return LibvirtGuest(self._connection)

    def close(self) -> None:
        """See `components.drivers.base.Driver`."""
        self._connection.close()

    @contextmanager
    def _changing(self, uuid: str) -> Iterator[None]:
        """One change per machine, and few at a time per host."""
        with self._guard:
            mine = self._machines.setdefault(uuid, threading.Lock())
        with mine, self._connection.changing():
            yield

    @_once_more
    def _facts(self, what: str, uuid: str) -> Machine:
        with self._connection.edge(what) as handle, self._faults.step("read.back"):
            domain = need(handle, what, uuid)
            described = machines.config(domain)
            return machines.facts(handle, domain, described, self._in_force(domain), self._monitor)

    def _in_force(self, domain: libvirt.virDomain) -> InForce:
        """What the probe says, if the machine runs and there is something in force that it could say."""
        return self._probe.look() if domain.isActive() else InForce()
