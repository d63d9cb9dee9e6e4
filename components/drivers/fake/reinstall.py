"""How a machine of the fake world gets a new disk: the same named steps, in the same order, as on a real host."""

from dataclasses import replace

from components.drivers import ownership
from components.drivers.base import MachineSpec, Mark, Phase
from components.drivers.errors import Refused
from components.drivers.fake import machine as machines
from components.drivers.fake.creation import defined
from components.drivers.fake.storage import Storage
from components.drivers.fake.trash import Trash
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.trash import REINSTALLED, key_of


def reinstall(
    what: str,
    world: World,
    storage: Storage,
    trash: Trash,
    faults: Faults,
    domain: Values,
    spec: MachineSpec,
    mark: Mark,
    due: str,
) -> None:
    """Bring the machine to `creating` under the next number, its former disk in the trash."""
    found = ownership.expect(what, machines.mark_of(domain), mark.incarnation)
    ownership.expect_reinstall(what, found, mark)
    if found.phase is Phase.CREATING:
        return
    fresh = replace(found, phase=Phase.CREATING, reinstall=mark.reinstall + 1, urn=mark.urn, revision=mark.revision + 1)
    wanted = defined(domain, spec, fresh)
    for disk in spec.disks.values():
        storage.need_image(what, spec.pool, disk.image)
    for volume in (*wanted["disks"].values(), wanted["seed"]):
        if storage.volume(spec.pool, volume) is not None:
            remedy = "Nothing was touched. Look at the volume; if nobody needs it, move it away on the host"
            raise Refused(what, f"volume {volume} is there already", remedy)
    with faults.step("reinstall.admit"), world.locked("admission"):
        storage.room(what, spec.pool, sum(disk.size_gib for disk in spec.disks.values()))
        storage.memory(what, spec.uuid, spec.memory_mib)
    with faults.step("reinstall.stop"):
        domain = machines.halt(domain)
        world.put("domains", spec.uuid, domain)
    with faults.step("reinstall.trash"):
        trash.put(key_of(spec.uuid, mark.reinstall), domain, why=REINSTALLED, due=due)
    with faults.step("reinstall.detach"):
        world.put("domains", spec.uuid, wanted)
