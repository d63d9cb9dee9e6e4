"""A domain of the fake world: how it is made, how it boots, and how it is told."""

from typing import Any

from components.domain.growth import obstacle
from components.domain.limits import Reading
from components.drivers.base import Machine, MachineSpec, Mark, Phase, Power
from components.drivers.fake.world import Values, World
from components.drivers.marks import as_values, from_values

BOOT = ("vcpus", "memoryMib")
"""Limits that a boot brings into force; a running guest grows inside the room of its last one."""
ANTISPOOF = "antispoof"
"""What `host.json` calls it among what this host can't enforce, and a NIC whether it is declared."""


def define(spec: MachineSpec, mark: Mark, disks: dict[str, str], seed: str) -> Values:
    """The domain as Create defines it, before it has any volume. `disks` and `seed` are volume names."""
    return {
        "uuid": spec.uuid,
        "name": spec.name,
        "title": spec.title,
        "mark": as_values(mark),
        "power": "off",
        "pool": spec.pool,
        "config": {key: value for key, value in spec.limits().items() if value},
        "grows": room(spec),
        "live": {},
        "nics": {
            name: {
                "mac": nic.mac,
                "attach": nic.attach,
                "addresses": list(nic.addresses),
                "antispoof": nic.antispoof,
            }
            for name, nic in spec.nics.items()
        },
        "disks": disks,
        "seed": seed,
        "boots": 0,
    }


def nics(domain: Values, spec: MachineSpec) -> Values:
    """The domain's NICs with the addresses of `spec`, held to them as it says."""
    wanted = {name: {"addresses": list(nic.addresses), ANTISPOOF: nic.antispoof} for name, nic in spec.nics.items()}
    return {name: nic | wanted[name] for name, nic in domain["nics"].items()}


def room(spec: MachineSpec) -> Values:
    """How far the machine may grow, once it was booted with that."""
    return {
        "vcpus": max(spec.vcpus, spec.grows_vcpus),
        "memoryMib": max(spec.memory_mib, spec.grows_memory_mib),
    }


def wanted(domain: Values, spec: MachineSpec) -> dict[str, int]:
    """The limits of `spec`; a cap that shall be unlimited stays as the domain has it."""
    limits = {key: domain["config"].get(key, 0) if value == 0 else value for key, value in spec.limits().items()}
    return {key: value for key, value in limits.items() if value}


def grows_live(domain: Values, key: str, size: int) -> bool:
    """Whether the running guest takes the larger `size` of vCPUs or memory without a reboot."""
    has = domain["live"].get(key, 0)
    return has < size and not obstacle(key, has, size, domain.get("room", {}).get(key, 0))


def boot(domain: Values, unenforced: dict[str, str]) -> Values:
    """The domain running, with every limit of its configuration in force that the host can enforce."""
    live = {key: value for key, value in domain["config"].items() if kind(key) not in unenforced}
    grown = domain.get("grows", {})
    return domain | {"power": "running", "live": live, "room": grown, "boots": domain["boots"] + 1}


def halt(domain: Values) -> Values:
    """The domain off."""
    return domain | {"power": "off", "live": {}, "room": {}}


def kind(key: str) -> str:
    """`disks.root.iops` → `iops`."""
    return key.rsplit(".", 1)[-1]


def mark_of(domain: Values) -> Mark | None:
    """The owner mark, or None when it carries none that we can read."""
    return from_values(domain["mark"]) if domain.get("mark") else None


def facts(world: World, domain: Values) -> Machine:
    """The facts of a domain."""
    unenforced: dict[str, str] = world.host()["unenforced"]
    mark = mark_of(domain)
    making = mark is not None and mark.phase is Phase.CREATING
    pool = world.get("pools", domain["pool"])
    known = not making and pool is not None and pool.get("marked", True)
    lost = [disk for disk, volume in domain["disks"].items() if world.get(f"volumes/{domain['pool']}", volume) is None]
    power = Power(domain["power"])
    config: dict[str, int] = domain["config"]
    live: dict[str, int] = domain["live"]
    waiting = tuple(key for key in BOOT if key in live and live[key] != config.get(key))
    notes = sorted(
        {
            f"{kind(key)} is not enforced by this host: {unenforced[kind(key)]}"
            for key in config
            if kind(key) in unenforced
        }
    )
    guarded = {name: nic.get("antispoof", False) for name, nic in domain["nics"].items()}
    if ANTISPOOF in unenforced:
        notes += [f"anti-spoofing is not enforced by this host: {unenforced[ANTISPOOF]}"] * any(guarded.values())
    return Machine(
        uuid=domain["uuid"],
        name=domain["name"],
        mark=mark,
        power=power,
        readings={key: _reading(key, config, live, power, unenforced) for key in _keys(domain)},
        macs={name: nic["mac"] for name, nic in domain["nics"].items()},
        attach={name: nic["attach"] for name, nic in domain["nics"].items()},
        addresses={name: tuple(nic["addresses"]) for name, nic in domain["nics"].items()},
        volumes={**domain["disks"], "seed": domain["seed"]},
        reboot_required=waiting,
        host_notes=tuple(notes),
        lost_disks=tuple(lost) if known else (),
        room={key: max(size, live[key]) for key, size in domain.get("room", {}).items() if key in live},
        guarded={name: None if on and ANTISPOOF in unenforced else on for name, on in guarded.items()},
    )


def _keys(domain: Values) -> list[str]:
    """Every limit that such a machine may have, whether it is set or not."""
    disks = (f"disks.{name}.{limit}" for name in domain["disks"] for limit in ("sizeGib", "iops", "rateMibS"))
    nics = (f"nics.{name}.rateMbitS" for name in domain["nics"])
    return sorted({"vcpus", "cpuCapPercent", "memoryMib", *disks, *nics})


def _reading(
    key: str, config: dict[str, Any], live: dict[str, Any], power: Power, unenforced: dict[str, str]
) -> Reading:
    if kind(key) in unenforced:
        source = f"not enforced by this host: {unenforced[kind(key)]}"
    elif power is Power.OFF:
        source = "machine is off"
    elif key in live:
        source = "the fake host"
    else:
        source = "no limit in force"
    enforced = kind(key) not in unenforced
    absent = enforced and (key not in config or (power is not Power.OFF and key not in live))
    return Reading(configured=config.get(key), effective=live.get(key), source=source, absent=absent)
