"""How a fake machine's limits change: live first, then the configuration and the mark in one write."""

from components.drivers import ownership
from components.drivers.base import MachineSpec, Mark
from components.drivers.errors import Missing, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake import power
from components.drivers.fake.storage import Storage, memory_mib
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.marks import as_values


def change(
    what: str, world: World, storage: Storage, faults: Faults, domain: Values, spec: MachineSpec, mark: Mark
) -> None:
    """See `components.drivers.base.Driver.update`. The caller holds the locks of the machine and of admission."""
    found = ownership.expect(what, machines.mark_of(domain), mark.incarnation)
    ownership.expect_made(what, found)
    wanted, nics = machines.wanted(domain, spec), machines.nics(domain, spec)
    shown = {"title": spec.title, "grows": machines.room(spec)}
    done = domain["config"] == wanted and domain["nics"] == nics and domain | shown == domain
    ownership.expect_revision(what, found, mark, already_done=done)
    if spec.memory_mib > memory_mib(domain):
        with faults.step("update.admit"):
            storage.memory(what, spec.uuid, spec.memory_mib)
    _grow(what, world, storage, faults, domain, wanted)
    unenforced = world.host()["unenforced"]
    if domain["power"] != "off":
        for key in sorted(key for key in wanted if domain["live"].get(key) != wanted[key]):
            waits = key in machines.BOOT and not machines.grows_live(domain, key, wanted[key])
            if waits or machines.kind(key) in unenforced:
                continue
            # A failing live set leaves the world as it was: nothing is written before all of them passed.
            with faults.step(f"update.{machines.kind(key)}"):
                domain = domain | {"live": domain["live"] | {key: wanted[key]}}
        if nics != domain["nics"]:
            with faults.step("update.antispoof"):
                domain = domain | {"nics": nics}
    with faults.step("update.define"):
        written = ownership.renewed(found, mark, seen=power.wish_seen(domain))
        fresh = {"config": wanted, "nics": nics, "mark": as_values(written), **shown}
        world.put("domains", spec.uuid, domain | fresh)


def _grow(what: str, world: World, storage: Storage, faults: Faults, domain: Values, wanted: dict[str, int]) -> None:
    """Grow the volumes of disks that shall be larger, after all were found not to shrink."""
    growing: dict[str, int] = {}
    for name, volume in domain["disks"].items():
        size = wanted[f"disks.{name}.sizeGib"]
        values = storage.volume(domain["pool"], volume)
        if values is None:
            raise Missing(
                what, f"volume {volume} is gone", "Bring it back by hand; `vps trash list` shows what was ended"
            )
        if size < int(values["sizeGib"]):
            raise Refused(
                what,
                f"disk {name} has {values['sizeGib']} GiB and would shrink to {size} GiB, which cuts off data",
                "Keep the larger size, or move the data to a new machine",
            )
        if size > int(values["sizeGib"]):
            storage.room(what, domain["pool"], size - int(values["sizeGib"]))
            growing[volume] = size
    for volume, size in growing.items():
        with faults.step("update.sizeGib"):
            world.change(f"volumes/{domain['pool']}", volume, sizeGib=size)
