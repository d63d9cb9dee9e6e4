"""The trash of a fake host: domains as they were, by key, with the days that count."""

from collections.abc import Sequence
from datetime import UTC, datetime

from components.drivers import trash as rules
from components.drivers.base import Machine
from components.drivers.errors import NotOurs, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake.network import Networks
from components.drivers.fake.storage import Storage
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.marks import as_values
from components.drivers.trash import Trashed


class Trash:
    """What one fake host keeps of machines that ended and of installations that were replaced."""

    def __init__(self, world: World, storage: Storage, networks: Networks, host: str, faults: Faults) -> None:
        self._world = world
        self._storage = storage
        self._networks = networks
        self._host = host
        self._faults = faults

    def put(self, key: str, domain: Values, *, why: str, due: str) -> None:
        """Note that the volumes of `domain`, which still stands, are in the trash."""
        mine = set(domain["disks"].values())
        records = self._world.all("trash")
        there = {other: found["disks"].values() for other, found in records.items()}
        key = rules.free_key(key, domain["uuid"], mine, there)
        for other, found in records.items():
            if other != key and mine & set(found["disks"].values()):
                # Of a reinstallation that did not come about.
                self._world.remove("trash", other)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for volume in (*domain["disks"].values(), domain["seed"]):
            if self._storage.volume(domain["pool"], volume) is not None:
                self._world.change(f"volumes/{domain['pool']}", volume, trash=now[:10])
        self._world.put("trash", key, domain | {"why": why, "ended": now, "due": due})

    def read(self) -> Sequence[Trashed]:
        """See `components.drivers.base.Driver.read_trash`."""
        found = [self._told(key, values) for key, values in self._world.all("trash").items()]
        return tuple(sorted(found, key=lambda one: (one.ended, one.key)))

    def restore(self, key: str) -> Machine:
        """See `components.drivers.base.Driver.restore`."""
        what = f"Unable to restore {key} on {self._host}"
        with self._world.locked("admission"), self._world.locked():
            values = self._world.get("trash", key)
            domain = self._world.get("domains", rules.uuid_of(key))
            if values is None and domain is None:
                rules.need_whole(what, key, None)
            if values is not None:
                found = self._told(key, values)
                what = f"Unable to restore {found.title} on {self._host}"
                if domain is None:
                    domain = self._look(what, found, values)
                    with self._faults.step("restore.define"):
                        self._world.put("domains", found.uuid, domain)
                else:
                    rules.need_same(what, machines.mark_of(domain), found)
        assert domain is not None
        if values is not None:
            with self._faults.step("restore.forget"):
                for volume in (*domain["disks"].values(), domain["seed"]):
                    if self._storage.volume(domain["pool"], volume) is not None:
                        self._world.change(f"volumes/{domain['pool']}", volume, trash="")
                self._world.remove("trash", key)
        return machines.facts(self._world, self._world.get("domains", domain["uuid"]) or domain)

    def empty(self, key: str, today: str, due: str) -> None:
        """See `components.drivers.base.Driver.empty`."""
        what = f"Unable to empty {key} from the trash of {self._host}"
        with self._world.locked("admission"), self._world.locked():
            values = self._world.get("trash", key)
            if values is None:
                return
            found = self._told(key, values)
            rules.need_due(what, found, today, due)
            others = [self._told(other, one) for other, one in self._world.all("trash").items() if other != key]
            for name in found.volumes.values():
                needed = [other for other in others if name in other.volumes.values()]
                if needed:
                    cause = f"what the trash keeps of {needed[0].title} until {needed[0].due} needs {name}"
                    raise Refused(what, cause, "Nothing was destroyed")
            for name in found.volumes.values():
                with self._faults.step("empty.volume"):
                    self._world.remove(f"volumes/{found.pool}", name)
            with self._faults.step("empty.record"):
                self._world.remove("trash", key)

    def _look(self, what: str, found: Trashed, values: Values) -> Values:
        """Everything that could stand against it; the domain as it will be."""
        rules.need_whole(what, found.key, found)
        taken = {}
        for other in self._world.all("domains").values():
            if other["name"] == found.name:
                cause = f"another machine of that name is there, with UUID {other['uuid']}"
                raise NotOurs(what, cause, "Nothing was touched. Look at it, then rename or end it")
            taken[other["name"]] = [one for nic in other["nics"].values() for one in (nic["mac"], *nic["addresses"])]
        rules.need_no_other(what, found, taken)
        for nic in values["nics"].values():
            self._networks.need(what, nic["attach"])
        with self._faults.step("restore.admit"):
            self._storage.memory(what, found.uuid, int(values["config"]["memoryMib"]))
        assert found.mark is not None
        domain = {key: value for key, value in values.items() if key not in ("why", "ended", "due")}
        return domain | {"power": "off", "live": {}, "mark": as_values(rules.returning(found.mark))}

    def _told(self, key: str, values: Values) -> Trashed:
        names = {**values["disks"], **({"seed": values["seed"]} if values["seed"] else {})}
        volumes = {name: self._storage.volume(values["pool"], name) for name in names.values()}
        days = [str(volume["trash"]) for volume in volumes.values() if volume and volume.get("trash")]
        domain = self._world.get("domains", values["uuid"])
        used = {*domain["disks"].values(), domain["seed"]} if domain else set()
        size = sum(int(volume.get("sizeGib", 0)) for volume in volumes.values() if volume)
        return Trashed(
            key=key,
            uuid=values["uuid"],
            name=values["name"],
            title=values["title"],
            mark=machines.mark_of(values),
            pool=values["pool"],
            why=values.get("why", rules.ENDED),
            ended=values.get("ended") or (days[0] if days else ""),
            due=values.get("due", ""),
            volumes=names,
            size_gib=size,
            used_mib=size * 1024,
            addresses=tuple(one for nic in values["nics"].values() for one in nic["addresses"]),
            macs=tuple(nic["mac"] for nic in values["nics"].values()),
            in_use=bool(used & set(names.values())),
            lost=tuple(sorted(name for name, volume in volumes.items() if volume is None)),
        )
