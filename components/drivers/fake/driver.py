"""A driver whose host is a folder: `fake:///abs/path`. For the demo without a hypervisor, and for engine tests.

It keeps every rule of the contract (`components.drivers.base`) and none of the weight: one contract suite runs over
it and over libvirt. Faults on demand come from `faults.json` in that folder (`components.drivers.faults`).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.drivers import ownership
from components.drivers.adoption import Adopter
from components.drivers.base import (
    Fact,
    HostRef,
    ImageSpec,
    Machine,
    MachineSpec,
    Mark,
    NetworkSpec,
    Phase,
    PoolSpec,
    Say,
    silent,
)
from components.drivers.errors import DriverError, HostUnreachable, Missing, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake import power
from components.drivers.fake.access import FakeAccess
from components.drivers.fake.adoption import Adoption
from components.drivers.fake.change import change
from components.drivers.fake.creation import Creation
from components.drivers.fake.guest import FakeGuest
from components.drivers.fake.moving import FakeGate
from components.drivers.fake.network import Networks
from components.drivers.fake.reinstall import reinstall
from components.drivers.fake.storage import Storage
from components.drivers.fake.trash import Trash
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.marks import as_values
from components.drivers.trash import ENDED, Trashed, key_of, uuid_of


class FakeDriver:
    """One fake host; see `components.drivers.base.Driver` for what each method promises."""

    def __init__(self, host: HostRef) -> None:
        parts = urlsplit(host.uri)
        folder = Path(unquote(parts.path))
        if parts.scheme != "fake" or parts.netloc or not folder.is_absolute():
            raise DriverError(
                f"Unable to reach host {host.name}",
                f"{host.uri!r} names no folder",
                "Write fake:///absolute/path in the host's file",
            )
        self._host = host
        self.world = World(folder)
        self._faults = Faults(folder / "faults.json")
        self._storage = Storage(self.world, host.name, self._faults)
        self._networks = Networks(self.world, host.name)
        self._trash = Trash(self.world, self._storage, self._networks, host.name, self._faults)

    def create(self, spec: MachineSpec, seed: bytes, mark: Mark) -> Machine:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to create machine {spec.name} on {self._host.name}"
        self._reach("create")
        with self.world.locked(spec.uuid):
            creation = self._creation(what)
            creation.run(spec, seed, mark)
        with creation.begun(spec.uuid):
            return self._facts(what, spec.uuid)

    def read(self, uuid: str) -> Machine | None:
        """See `components.drivers.base.Driver`."""
        self._reach("read")
        domain = self.world.get("domains", uuid)
        return None if domain is None else machines.facts(self.world, domain)

    def read_all(self) -> Sequence[Machine]:
        """See `components.drivers.base.Driver`."""
        self._reach("read_all")
        found = (machines.facts(self.world, domain) for domain in self.world.all("domains").values())
        return tuple(machine for machine in found if machine.mark is not None)

    def update(self, spec: MachineSpec, mark: Mark) -> Machine:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to change machine {spec.name} on {self._host.name}"
        self._reach("update")
        # Room is looked at and taken under the lock that creation takes for it.
        with self.world.locked(spec.uuid), self.world.locked("admission"):
            change(what, self.world, self._storage, self._faults, self._domain(what, spec.uuid), spec, mark)
        return self._facts(what, spec.uuid)

    def power(self, uuid: str, wish: str, mark: Mark, *, deadline_s: float | None = None, say: Say = silent) -> Machine:
        """See `components.drivers.base.Driver`."""
        self._reach("power")
        with self.world.locked(uuid):
            what = f"Unable to bring machine {uuid} on {self._host.name} to {wish}"
            domain = self._domain(what, uuid)
            power.bring(what, self.world, self._faults, domain, wish, mark, deadline_s, say)
        return self._facts(what, uuid)

    def delete(self, uuid: str, incarnation: str, due: str = "") -> None:
        """See `components.drivers.base.Driver`."""
        self._reach("delete")
        with self.world.locked(uuid):
            domain = self.world.get("domains", uuid)
            if domain is None:
                return
            what = f"Unable to end machine {domain['name']} on {self._host.name}"
            found = ownership.expect(what, machines.mark_of(domain), incarnation)
            ownership.expect_settled(what, found)
            if found.phase is Phase.CREATING:
                if domain["power"] != "off":
                    raise Refused(
                        what,
                        "it was never finished, yet somebody started it",
                        "Nothing was touched. Look at what runs there, stop it on the host, then run again",
                    )
                if not domain["boots"] or found.reinstall:
                    self._forget(domain)
                    return
            with self._faults.step("delete.ending"):
                domain = domain | {"mark": as_values(replace(found, phase=Phase.ENDING))}
                self.world.put("domains", uuid, domain)
            with self._faults.step("delete.stop"):
                domain = machines.halt(domain)
                self.world.put("domains", uuid, domain)
            with self._faults.step("delete.trash"):
                self._trash.put(key_of(uuid), domain, why=ENDED, due=due)
            with self._faults.step("delete.undefine"):
                if (self.world.get("domains", uuid) or domain)["power"] != "off":
                    raise Refused(what, "somebody started it again", "Its disks stay in the trash. Run again")
                self.world.remove("domains", uuid)

    def reinstall(self, spec: MachineSpec, seed: bytes, mark: Mark, due: str) -> Machine:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to reinstall machine {spec.name} on {self._host.name}"
        self._reach("reinstall")
        with self.world.locked(spec.uuid):
            domain = self._domain(what, spec.uuid)
            creation = self._creation(what)
            reinstall(what, self.world, self._storage, self._trash, self._faults, domain, spec, mark, due)
            creation.finish(spec, seed)
        with creation.begun(spec.uuid):
            return self._facts(what, spec.uuid)

    def read_trash(self) -> Sequence[Trashed]:
        """See `components.drivers.base.Driver`."""
        self._reach("read")
        return self._trash.read()

    def restore(self, key: str) -> Machine:
        """See `components.drivers.base.Driver`."""
        self._reach("restore")
        with self.world.locked(uuid_of(key) or key):
            return self._trash.restore(key)

    def empty(self, key: str, today: str, due: str) -> None:
        """See `components.drivers.base.Driver`."""
        self._reach("empty")
        with self.world.locked(uuid_of(key) or key):
            self._trash.empty(key, today, due)

    def _creation(self, what: str) -> Creation:
        return Creation(self.world, self._storage, self._networks, self._faults, what)

    def _forget(self, domain: Values) -> None:
        """A machine that never ran holds nothing of the client: its volumes go, and their names are free again."""
        for volume in (*domain["disks"].values(), domain["seed"]):
            self.world.remove(f"volumes/{domain['pool']}", volume)
        with self._faults.step("delete.undefine"):
            self.world.remove("domains", domain["uuid"])

    def ensure_image(self, spec: ImageSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        self._reach("image")
        return self._storage.ensure_image(spec)

    def read_image(self, spec: ImageSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        self._reach("read")
        return self._storage.read_image(spec)

    def delete_image(self, spec: ImageSpec) -> None:
        """See `components.drivers.base.Driver`."""
        self._reach("image")
        self._storage.delete_image(spec)

    def ensure_pool(self, spec: PoolSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        self._reach("pool")
        return self._storage.ensure_pool(spec)

    def read_pool(self, spec: PoolSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        self._reach("read")
        return self._storage.read_pool(spec)

    def delete_pool(self, spec: PoolSpec) -> None:
        """See `components.drivers.base.Driver`."""
        self._reach("pool")
        self._storage.delete_pool(spec)

    def ensure_network(self, spec: NetworkSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        self._reach("network")
        return self._networks.ensure(spec)

    def read_network(self, spec: NetworkSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        self._reach("read")
        return self._networks.read(spec)

    def delete_network(self, spec: NetworkSpec) -> None:
        """See `components.drivers.base.Driver`."""
        self._reach("network")
        self._networks.delete(spec)

    def adopter(self) -> Adopter:
        """See `components.drivers.base.Driver`."""
        self._reach("adopt")
        return Adoption(self.world, self._host.name, self._faults)

    def gate(self) -> FakeGate:
        """See `components.drivers.base.Driver`."""
        return FakeGate(
            self._host.name,
            self.world,
            self._storage,
            self._networks,
            self._trash,
            self._faults,
            lambda: self._reach("move"),
        )

    def access(self) -> FakeAccess:
        """See `components.drivers.base.Driver`."""
        self._reach("access")
        return FakeAccess(self.world, self._host.name)

    def guest(self) -> FakeGuest:
        """See `components.drivers.base.Driver`."""
        self._reach("guest")
        return FakeGuest(self.world, self._host.name)

    def close(self) -> None:
        """Nothing to give back."""

    def _reach(self, step: str) -> None:
        if not self.world.folder.parent.is_dir():
            raise HostUnreachable(
                f"Unable to reach host {self._host.name}",
                f"folder {self.world.folder.parent} does not exist",
                "Make it, or change the host's URI",
            )
        with self._faults.step(f"reach.{step}"):
            pass

    def _domain(self, what: str, uuid: str) -> Values:
        domain = self.world.get("domains", uuid)
        if domain is None:
            raise Missing(
                what,
                f"the host answered and holds no machine {uuid}",
                "Look on the host and in its trash (`vps trash list`); nothing is made anew in its place",
            )
        return domain

    def _facts(self, what: str, uuid: str) -> Machine:
        with self._faults.step("read.back"):
            return machines.facts(self.world, self._domain(what, uuid))
