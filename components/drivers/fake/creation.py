"""How a machine comes into the fake world: the same named steps, in the same order, as on a real host."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from components.domain.names import disk_volume, seed_volume
from components.drivers import origin, ownership
from components.drivers.base import MachineSpec, Mark, Phase
from components.drivers.errors import DriverError, HostUnreachable, Interrupted, Missing, NotOurs, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake.network import Networks
from components.drivers.fake.storage import Storage
from components.drivers.fake.trash import Trash
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.marks import as_values
from components.drivers.trash import Trashed, need_free


class Creation:
    """One call of Create: begin or resume, and come as far as `ready`."""

    def __init__(self, world: World, storage: Storage, networks: Networks, faults: Faults, what: str) -> None:
        self._world = world
        self._storage = storage
        self._networks = networks
        self._faults = faults
        self._what = what

    def run(self, spec: MachineSpec, seed: bytes, mark: Mark) -> None:
        """Make, resume or take over; see `components.drivers.base.Driver.create`."""
        with self._faults.step("create.look"):
            domain = self._world.get("domains", spec.uuid)
        if domain is None:
            domain = self._begin(spec, replace(mark, phase=Phase.CREATING))
        else:
            claimed = ownership.claim(self._what, machines.mark_of(domain), mark)
            if claimed.phase is Phase.CREATING:
                self._need_never_ran(domain)
            with self.begun(spec.uuid), self._faults.step("create.claim"):
                if claimed.phase is Phase.CREATING:
                    # Nothing of it ever ran, so it is defined as it is wanted now, not as it was wanted then.
                    domain = defined(domain, spec, claimed)
                domain = self._write(domain, claimed)
        with self.begun(spec.uuid):
            self._finish(spec, seed, domain)

    @contextmanager
    def begun(self, uuid: str) -> Iterator[None]:
        """Steps that may have made or changed something: every error becomes Interrupted, with what is there."""
        try:
            yield
        except DriverError as problem:
            known = None
            if not isinstance(problem, HostUnreachable):
                found = self._world.get("domains", uuid)
                known = machines.facts(self._world, found) if found else None
            remedy = problem.remedy or "Run again: it goes on from here"
            raise Interrupted(self._what, problem.cause, remedy, known) from problem

    def _need_never_ran(self, domain: Values) -> None:
        mark = machines.mark_of(domain)
        # A reinstallation ran before, on a disk that it has no more.
        ran = domain["boots"] and not (mark and mark.reinstall)
        if domain["power"] != "off" or ran:
            raise Refused(
                self._what,
                "it is not finished, yet it was started by somebody else, so its disk may hold data",
                "Its volumes were not touched. Stop it and look at them; if nobody needs them, undefine it and move "
                "them away on the host, then run again",
            )

    def _begin(self, spec: MachineSpec, mark: Mark) -> Values:
        disks, seed = volume_names(spec, mark)
        self._storage.need_pool(self._what, spec.pool)
        for disk in spec.disks.values():
            if disk.origin is not None:
                origin.need(self._what, disk.origin, disk.size_gib)
                continue
            self._storage.need_image(self._what, spec.pool, disk.image)
        for nic in spec.nics.values():
            self._networks.need(self._what, nic.attach)
            if nic.antispoof and machines.ANTISPOOF in (unenforced := self._world.host()["unenforced"]):
                raise Refused(
                    self._what,
                    f"anti-spoofing is not enforced by this host: {unenforced[machines.ANTISPOOF]}",
                    "Install what it lacks, choose another host, or declare `antispoof: false`",
                )
        with self._faults.step("create.admit"), self._world.locked("admission"), self._world.locked():
            others = self._world.all("domains")
            for other in others.values():
                if other["name"] == spec.name:
                    raise NotOurs(
                        self._what,
                        f"another machine of that name is there, with UUID {other['uuid']}",
                        "Nothing was touched. Look at it with virsh dominfo, then rename or end it",
                    )
            for volume in (*disks.values(), seed):
                if self._storage.volume(spec.pool, volume) is not None:
                    raise Refused(
                        self._what,
                        f"volume {volume} is there without its machine: it may hold the client's data",
                        "Nothing was touched. Is it in `vps trash list`? Then `vps trash restore` brings it back. "
                        "If nobody needs it, move it away on the host",
                    )
            need_free(self._what, spec, mark.reinstall, self._trash_of())
            self._storage.memory(self._what, spec.uuid, spec.memory_mib)
            self._storage.room(self._what, spec.pool, sum(disk.size_gib for disk in spec.disks.values()))
            domain = machines.define(spec, mark, disks, seed)
            try:
                with self.begun(spec.uuid), self._faults.step("create.define"):
                    self._world.put("domains", spec.uuid, domain)
            except Interrupted as problem:
                if (
                    problem.__cause__ is not None
                    and problem.machine is None
                    and not isinstance(problem.__cause__, HostUnreachable)
                ):
                    # Nothing was made, and nothing is to be kept.
                    raise problem.__cause__ from None
                raise
        return domain

    def finish(self, spec: MachineSpec, seed: bytes) -> None:
        """Go on with a machine that is `creating` until it is `ready`."""
        with self.begun(spec.uuid):
            self._finish(spec, seed, self._world.get("domains", spec.uuid) or {})

    def _trash_of(self) -> Sequence[Trashed]:
        return Trash(self._world, self._storage, self._networks, "", self._faults).read()

    def _finish(self, spec: MachineSpec, seed: bytes, domain: Values) -> None:
        mark = machines.mark_of(domain)
        assert mark is not None
        if mark.phase is Phase.CREATING:
            self._need_never_ran(self._world.get("domains", spec.uuid) or domain)
            self._volumes(spec, seed, domain)
            mark = replace(mark, phase=Phase.STARTING)
            with self._faults.step("create.starting"):
                domain = self._write(domain, mark)
        if mark.phase is Phase.STARTING:
            for volume in (*domain["disks"].values(), domain["seed"]):
                if volume and self._storage.volume(domain["pool"], volume) is None:
                    raise Missing(
                        self._what,
                        f"volume {volume} is gone",
                        "It is never made anew: bring it back by hand, then run again",
                    )
            if spec.start and domain["power"] == "off":
                with self._faults.step("create.start"):
                    domain = machines.boot(domain, self._world.host()["unenforced"])
                    self._world.put("domains", spec.uuid, domain)
            with self._faults.step("create.ready"):
                self._write(domain, replace(mark, phase=Phase.READY))

    def _volumes(self, spec: MachineSpec, seed: bytes, domain: Values) -> None:
        for name, disk in spec.disks.items():
            if disk.origin is not None:
                origin.need(self._what, disk.origin, disk.size_gib)
                image = disk.origin.sha256
            else:
                image = self._storage.need_image(self._what, spec.pool, disk.image)
            values: Values = {"kind": "disk", "uuid": spec.uuid, "sizeGib": disk.size_gib, "image": image}
            with self._faults.step("create.disk"):
                backing = "" if disk.standalone or disk.origin else image
                self._storage.make(spec.pool, domain["disks"][name], values | {"backing": backing})
        with self._faults.step("create.seed"):
            digest = hashlib.sha256(seed).hexdigest()
            self._storage.make(spec.pool, domain["seed"], {"kind": "seed", "uuid": spec.uuid, "digest": digest})

    def _write(self, domain: Values, mark: Mark) -> Values:
        marked = domain | {"mark": as_values(mark)}
        self._world.put("domains", domain["uuid"], marked)
        return marked


def defined(domain: Values, spec: MachineSpec, mark: Mark) -> Values:
    """The domain as it is wanted now, with the volumes of its installation; how often it booted is kept."""
    made = machines.define(spec, mark, *volume_names(spec, mark))
    return made | {"boots": domain["boots"]}


def volume_names(spec: MachineSpec, mark: Mark) -> tuple[dict[str, str], str]:
    """The volumes of a machine's disks, by name, and of its seed."""
    disks = {name: disk_volume(spec.name, spec.uuid, name, mark.reinstall) for name in spec.disks}
    return disks, seed_volume(spec.name, spec.uuid, mark.reinstall)
