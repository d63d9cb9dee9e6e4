"""The libvirt driver: which part does what; the parts are in the modules beside it."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import libvirt
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from components.drivers.base import Fact, HostRef, ImageSpec, Machine, MachineSpec, Mark, NetworkSpec, PoolSpec, Power
from components.drivers.errors import DriverError
from components.drivers.faults import Faults
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.drivers.libvirt.change import Change, expect, need
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.creation import Creation, write
from components.drivers.libvirt.ending import Ending
from components.drivers.libvirt.errors import Lost, is_code
from components.drivers.libvirt.images import Images
from components.drivers.libvirt.lease import Leases
from components.drivers.libvirt.networks import Networks
from components.drivers.libvirt.pools import Pools
from components.drivers.libvirt.power import STOP_S, Starter, stop
from components.drivers.libvirt.probe import Rates, look
from components.drivers.libvirt.restoring import Restoring
from components.drivers.trash import Trashed, uuid_of

FAULTS = "VPS_FAULTS"
"""Environment variable that names a file of faults (`components.drivers.faults`); for tests only."""

_once_more = retry(retry=retry_if_exception_type(Lost), stop=stop_after_attempt(2), reraise=True)
"""Reads change nothing, so one whose connection broke is tried again over a new one. Changes never are."""


class LibvirtDriver:
    """One libvirt host; see `components.drivers.base.Driver` for what each method promises."""

    def __init__(self, host: HostRef, stop_seconds: float = STOP_S) -> None:
        self._host = host
        self._stop_seconds = stop_seconds
        path = os.environ.get(FAULTS)
        faults = Faults(Path(path) if path else None)
        self._connection = Connection(host)
        self._starter = Starter(host)
        leases = Leases()
        self._creation = Creation(self._connection, leases, self._starter, faults)
        self._change = Change(self._connection, leases, faults)
        self._ending = Ending(self._connection, faults, stop_seconds)
        self._restoring = Restoring(self._connection, leases, faults)
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
            with self._creation.begun(what, spec.uuid):
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
            return machines.facts(handle, domain, described, self._rates(domain, described))

    @_once_more
    def read_all(self) -> Sequence[Machine]:
        """See `components.drivers.base.Driver`."""
        with self._connection.edge(f"Unable to list the machines on {self._host.name}") as handle:
            found, rates = [], look(self._host)
            for domain in handle.listAllDomains(0):
                try:
                    described = machines.config(domain)
                    if marks.find(described) is not None:
                        found.append(machines.facts(handle, domain, described, rates))
                except libvirt.libvirtError as problem:
                    if not is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                        raise
            return tuple(found)

    def update(self, spec: MachineSpec, mark: Mark) -> Machine:
        """See `components.drivers.base.Driver`."""
        with self._changing(spec.uuid):
            self._change.run(spec, mark)
            return self._facts(f"Unable to change machine {spec.name} on {self._host.name}", spec.uuid)

    def power(self, uuid: str, wish: str, mark: Mark) -> Machine:
        """See `components.drivers.base.Driver`. The mark is written last, so a call that died is simply repeated."""
        what = f"Unable to bring machine {uuid} on {self._host.name} to {wish}"
        with self._changing(uuid):
            with self._connection.edge(what) as handle:
                domain = need(handle, what, uuid)
                observed = machines.power(domain)
                expect(what, machines.config(domain), mark, lambda notes: observed == wish and notes.mark.wish == wish)
                with self._faults.step(f"power.{wish}"):
                    domain = self._bring(what, handle, domain, observed, wish)
                notes = expect(what, machines.config(domain), mark, lambda notes: notes.mark.wish == wish)
                wished = notes.mark.wish if wish == Power.PAUSED else wish
                write(domain, notes.marked(replace(notes.mark, wish=wished, revision=mark.revision + 1)))
            return self._facts(what, uuid)

    def delete(self, uuid: str, incarnation: str, due: str = "") -> None:
        """See `components.drivers.base.Driver`."""
        with self._changing(uuid):
            self._ending.run(uuid, incarnation, due)

    @_once_more
    def read_trash(self) -> Sequence[Trashed]:
        """See `components.drivers.base.Driver`."""
        return self._restoring.read()

    def restore(self, key: str) -> Machine:
        """See `components.drivers.base.Driver`."""
        with self._changing(uuid_of(key)):
            return self._restoring.restore(key)

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

    def _bring(
        self, what: str, handle: libvirt.virConnect, domain: libvirt.virDomain, observed: Power, wish: str
    ) -> libvirt.virDomain:
        if wish == Power.RUNNING and observed is Power.PAUSED:
            domain.resume()
        elif wish == Power.RUNNING and machines.is_off(observed):
            return self._starter.start(handle, domain)
        elif wish == Power.OFF:
            stop(domain, self._stop_seconds)
        elif wish == Power.PAUSED and observed is Power.RUNNING:
            domain.suspend()
        elif wish not in {Power.RUNNING, Power.OFF, Power.PAUSED}:
            raise DriverError(what, f"{wish!r} is no power", "Use running, off or paused")
        return domain

    @_once_more
    def _facts(self, what: str, uuid: str) -> Machine:
        with self._connection.edge(what) as handle, self._faults.step("read.back"):
            domain = need(handle, what, uuid)
            described = machines.config(domain)
            return machines.facts(handle, domain, described, self._rates(domain, described))

    def _rates(self, domain: libvirt.virDomain, described: tree.Element) -> Rates:
        """What the probe says, if there is a NIC in force that it could say something about."""
        notes = marks.find(described)
        limited = notes is not None and any(not note.left_out for note in notes.nics.values())
        return look(self._host) if limited and domain.isActive() else Rates()
