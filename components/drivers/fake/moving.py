"""A fake host's part in a move: the same steps as on a real one, over two folders of files."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

from components.drivers import ownership
from components.drivers.base import MachineSpec, Mark, Phase, Power, Say
from components.drivers.errors import Missing, NotOurs, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake.network import Networks
from components.drivers.fake.storage import Storage
from components.drivers.fake.trash import Trash
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.gate import PAUSED, SEED, Parcel, Passport, Standing, fresh_name, parts_of
from components.drivers.marks import as_values

PARKED = "parked"
"""Stands in a domain whose drives are parked: whoever starts it, nothing of a disk is there to run on."""


class FakeGate:
    """See `components.drivers.gate.Gate` for what each method promises."""

    def __init__(
        self,
        host: str,
        world: World,
        storage: Storage,
        networks: Networks,
        trash: Trash,
        faults: Faults,
        reach: Callable[[], None],
    ) -> None:
        self.host = host
        self.world = world
        self._storage = storage
        self._networks = networks
        self._trash = trash
        self._faults = faults
        self._reach = reach

    def look(self, uuid: str) -> Standing | None:
        """See `Gate`."""
        self._reach()
        domain = self.world.get("domains", uuid)
        if domain is None:
            return None
        mark = machines.mark_of(domain)
        if mark is None:
            raise NotOurs(
                f"Unable to read machine {uuid} on {self.host}",
                "it carries no mark of ours",
                "Nothing was touched. Look at it on the host",
            )
        return Standing(mark=mark, power=Power(domain["power"]), armed=not domain.get(PARKED))

    def note(self, uuid: str, mark: Mark, to: str) -> Passport:
        """See `Gate`."""
        what = f"Unable to move machine {uuid} from {self.host} to {to}"
        domain, found = self._mine(what, uuid, mark.incarnation)
        if found.phase is not Phase.READY:
            raise Refused(what, f"it is {found.phase}", "Run `vps up`, which finishes that first")
        if found.move == f"to:{to}" and domain["power"] == Power.RUNNING != found.wish:
            domain = self._write(domain, found, wish="running")
        if found.move != f"to:{to}":
            ownership.expect_revision(what, found, mark, already_done=False)
            if domain["power"] == Power.PAUSED:
                raise Refused(what, PAUSED, "Nothing was touched. Resume it or stop it, then move it")
            wish = ownership.wish_along(found, runs=domain["power"] == Power.RUNNING)
            with self._faults.step("move.note"):
                domain = self._write(domain, found, move=f"to:{to}", wish=wish)
        written = machines.mark_of(domain)
        assert written is not None
        parts = parts_of(list(domain["disks"]), seeded=bool(domain["seed"]))
        return Passport(uuid=uuid, mark=written, parts=parts, described=json.dumps(domain))

    def halt(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        domain, _ = self._mine(f"Unable to shut machine {uuid} down on {self.host}", uuid, incarnation)
        with self._faults.step("move.halt"):
            self.world.put("domains", uuid, machines.halt(domain))

    def send(self, uuid: str, incarnation: str, part: str) -> Parcel:
        """See `Gate`."""
        what = f"Unable to read {part} of machine {uuid} on {self.host}"
        domain, _ = self._mine(what, uuid, incarnation)
        if part != SEED and domain["power"] != Power.OFF:
            raise Refused(what, "its guest runs", "Nothing was copied. Run again")
        name = _volume(domain, part)
        values = self._storage.volume(domain["pool"], name)
        if values is None:
            raise Missing(what, f"volume {name} is gone", "Look in the pool")
        with self._faults.step("move.send"):
            content = _bytes(values)
        return Parcel(length=len(content), pieces=iter((content,)))

    def park(self, uuid: str, incarnation: str, *, left: bool) -> None:
        """See `Gate`."""
        what = f"Unable to take machine {uuid} from {self.host}"
        domain, found = self._mine(what, uuid, incarnation)
        if left and domain["power"] != Power.OFF:
            raise Refused(what, "its guest runs", "Nothing was touched. Run again")
        with self._faults.step("move.park"):
            self._write(domain | {PARKED: True}, found, phase=Phase.LEFT if left else found.phase)

    def stay(self, uuid: str, incarnation: str, *, back: bool = False) -> None:
        """See `Gate`."""
        what = f"Unable to keep machine {uuid} on {self.host}"
        domain, found = self._mine(what, uuid, incarnation)
        if found.phase is Phase.LEFT and not back:
            raise Refused(what, "it has left this host", "Run `vps up`, which ends the move")
        if not found.move:
            return
        with self._faults.step("move.stay"):
            attached = {key: value for key, value in domain.items() if key != PARKED}
            domain = self._write(attached, found, phase=Phase.READY)
            if domain["power"] == Power.OFF and found.wish == Power.RUNNING:
                domain = machines.boot(domain, self.world.host()["unenforced"])
                self.world.put("domains", uuid, domain)
            self._write(domain, machines.mark_of(domain) or found, move="")

    def clear(self, uuid: str, incarnation: str, to: str, due: str) -> None:
        """See `Gate`."""
        what = f"Unable to clear machine {uuid}, which is on {to} now, from {self.host}"
        self._reach()
        if self.world.get("domains", uuid) is None:
            return
        domain, found = self._mine(what, uuid, incarnation)
        if not domain.get(PARKED):
            raise Refused(what, "its disks are attached", "Nothing was touched. Look at both hosts")
        if domain["power"] != Power.OFF:
            raise Refused(what, "its guest runs here", "Nothing was touched. Look at both hosts at once")
        if found.phase is not Phase.LEFT:
            domain = self._write(domain, found, phase=Phase.LEFT)
        with self._faults.step("move.trash"):
            # Its addresses are not in quarantine: the machine has them, elsewhere.
            bare = domain | {"nics": {}}
            self._trash.put(f"{uuid}-m{domain['mark']['revision']}", bare, why=f"moved to {to}", due=due)
        with self._faults.step("move.clear"):
            self.world.remove("domains", uuid)

    def migrate(self, uuid: str, incarnation: str, target: "FakeGate", say: Say) -> None:
        """See `Gate`. The switch is one write on the target; a run that dies before it leaves the guest where it is."""
        what = f"Unable to move machine {uuid} live from {self.host} to {target.host}"
        domain, _ = self._mine(what, uuid, incarnation)
        with target._faults.step("move.room"):  # noqa: SLF001 - of the same class
            for part in domain["disks"]:
                values = self._storage.volume(domain["pool"], _volume(domain, part))
                if values is None:
                    raise Missing(what, f"the volume of {part} is gone", "Look in the pool")
                content = _bytes(values)
                target.receive(uuid, incarnation, part, Parcel(length=len(content), pieces=iter((content,))))
        self.park(uuid, incarnation, left=False)
        running, _ = self._mine(what, uuid, incarnation)
        with self._faults.step("move.migrate"):
            arriving, found = target._mine(what, uuid, incarnation)  # noqa: SLF001 - of the same class
            gone = {key: value for key, value in arriving.items() if key != PARKED}
            over = gone | {"power": running["power"], "live": running["live"], "boots": running["boots"]}
            # A real switch-over is one act for both; here the source stops first, and a run that dies in between
            # leaves a guest that is off, never one that runs twice.
            self.world.put("domains", uuid, machines.halt(running))
            target._write(over, found, phase=Phase.READY, move="")  # noqa: SLF001 - of the same class
        say("the guest went over, running")

    def arrive(self, passport: Passport, spec: MachineSpec, source: str) -> None:
        """See `Gate`."""
        what = f"Unable to take machine {spec.name} from {source} on {self.host}"
        self._reach()
        self._storage.need_pool(what, spec.pool)
        for nic in spec.nics.values():
            self._networks.need(what, nic.attach)
        former: Values = json.loads(passport.described)
        mark = replace(passport.mark, phase=Phase.ARRIVING, move=f"from:{source}", revision=passport.mark.revision + 1)
        nics = {name: nic | {"attach": spec.nics[name].attach} for name, nic in former["nics"].items()}
        domain = machines.halt(former) | {
            "mark": as_values(mark),
            "pool": spec.pool,
            "nics": nics,
            "disks": {name: fresh_name(volume) for name, volume in former["disks"].items()},
            "seed": fresh_name(former["seed"]) if former["seed"] else "",
            PARKED: True,
        }
        with self.world.locked("admission"):
            if self.world.get("domains", passport.uuid) is not None:
                return
            self._storage.memory(what, spec.uuid, int(former["config"]["memoryMib"]))
            sizes = (int(former["config"][f"disks.{name}.sizeGib"]) for name in former["disks"])
            self._storage.room(what, spec.pool, sum(sizes))
            with self._faults.step("move.arrive"):
                self.world.put("domains", passport.uuid, domain)

    def receive(self, uuid: str, incarnation: str, part: str, parcel: Parcel) -> None:
        """See `Gate`."""
        domain, _ = self._arriving(f"Unable to write {part} of machine {uuid} on {self.host}", uuid, incarnation)
        with self._faults.step("move.copy"):
            self._storage.make(domain["pool"], _volume(domain, part), json.loads(b"".join(parcel.pieces)))

    def digest(self, uuid: str, incarnation: str, part: str) -> str:
        """See `Gate`."""
        what = f"Unable to read {part} of machine {uuid} back on {self.host}"
        domain, _ = self._arriving(what, uuid, incarnation)
        with self._faults.step("move.verify"):
            values = self._storage.volume(domain["pool"], _volume(domain, part))
            if values is None:
                raise Missing(what, f"volume {_volume(domain, part)} is gone", "Run again")
            return hashlib.sha256(_bytes(values)).hexdigest()

    def arm(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        what = f"Unable to take machine {uuid} over on {self.host}"
        domain, found = self._mine(what, uuid, incarnation)
        if found.phase is Phase.READY and not domain.get(PARKED):
            return
        domain, found = self._arriving(what, uuid, incarnation)
        for volume in (*domain["disks"].values(), *([domain["seed"]] if domain["seed"] else [])):
            if self._storage.volume(domain["pool"], volume) is None:
                raise Missing(what, f"volume {volume} is not there", "Nothing was touched")
        with self._faults.step("move.arm"):
            attached = {key: value for key, value in domain.items() if key != PARKED}
            self._write(attached, found, phase=Phase.READY, move="")

    def disarm(self, uuid: str, incarnation: str, source: str) -> None:
        """See `Gate`."""
        what = f"Unable to put the copy of machine {uuid} aside on {self.host}"
        domain, found = self._mine(what, uuid, incarnation)
        if domain["power"] != Power.OFF:
            raise Refused(what, "its guest runs", "Nothing was touched. Look at both hosts at once")
        self._write(domain | {PARKED: True}, found, phase=Phase.ARRIVING, move=f"from:{source}")

    def start(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        domain, _ = self._mine(f"Unable to start machine {uuid} on {self.host}", uuid, incarnation)
        if domain["power"] == Power.OFF:
            with self._faults.step("move.start"):
                self.world.put("domains", uuid, machines.boot(domain, self.world.host()["unenforced"]))

    def forget(self, uuid: str, incarnation: str) -> None:
        """See `Gate`."""
        self._reach()
        if self.world.get("domains", uuid) is None:
            return
        domain, _ = self._arriving(f"Unable to remove what arrived of machine {uuid} on {self.host}", uuid, incarnation)
        with self._faults.step("move.forget"):
            for volume in (*domain["disks"].values(), domain["seed"]):
                self.world.remove(f"volumes/{domain['pool']}", volume)
            self.world.remove("domains", uuid)

    def _mine(self, what: str, uuid: str, incarnation: str) -> tuple[Values, Mark]:
        self._reach()
        domain = self.world.get("domains", uuid)
        if domain is None:
            raise Missing(what, f"{self.host} holds no machine {uuid}", "Nothing was touched. Run again")
        return domain, ownership.expect(what, machines.mark_of(domain), incarnation)

    def _arriving(self, what: str, uuid: str, incarnation: str) -> tuple[Values, Mark]:
        domain, found = self._mine(what, uuid, incarnation)
        if found.phase is not Phase.ARRIVING or not domain.get(PARKED) or domain["power"] != Power.OFF:
            raise Refused(what, "it is no mere copy any more", "Nothing was touched. Look at both hosts")
        return domain, found

    def _write(self, domain: Values, found: Mark, **changes: object) -> Values:
        mark = replace(found, revision=found.revision + 1, **changes)  # type: ignore[arg-type]
        written = domain | {"mark": as_values(mark)}
        self.world.put("domains", domain["uuid"], written)
        return written


def _volume(domain: Values, part: str) -> str:
    found: str = domain["seed"] if part == SEED else domain["disks"][part]
    return found


def _bytes(values: Values) -> bytes:
    """What a volume holds: everything of it but which of this host's files it is, and what it stands on."""
    kept = {key: value for key, value in values.items() if key not in {"generation", "trash"}}
    return json.dumps(kept | {"backing": ""}, sort_keys=True).encode()
