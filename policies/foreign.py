"""Machines of other providers, seen as far as their inputs tell: domains of pulumi-libvirt, VMs of pulumi-proxmoxve.

No plugin of ours is behind them. A view holds what the inputs say in our units, and nothing for what they don't.
pulumi-libvirt up to 0.8 has `memory` in MiB, `disks` and `networkInterfaces`; from 0.9 on `memoryUnit` and `devices`.
pulumi-proxmoxve calls its VM `VM/virtualMachine:VirtualMachine`, `VmLegacy` from 8.0 on; `Vm` and `VirtualMachine2` are
its experiments, whose shape is another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.machine import Resource, mapping, whole
from policies.machine import text as plain

PROVIDERS = LIBVIRT, PROXMOX = "libvirt:", "proxmoxve:"
_DOMAINS = ("libvirt:index/domain:Domain", "libvirt:index:Domain")
_VMS = ("virtualmachine", "vmlegacy")
_LIKE = ("domain", "vm", "virtualmachine", "clonedvm", "container", "lxc")
"""How tokens of machines begin, in lower case, whether their shape is known here or not."""
_UNITS = {"b": 2**20, "bytes": 2**20, "k": 1024, "kib": 1024, "m": 1, "mib": 1, "": 1024}
"""How many of libvirt's units are a MiB; without a unit libvirt counts in KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One machine. `None` is not declared, or not to be read; `disk` is in GiB, `memory` in MiB, `nic` in Mbit/s."""

    name: str
    host: str
    vcpus: int | None = None
    cpu_cap: int | None = None
    memory: int | None = None
    disk: int | None = None
    disk_iops: int | None = None
    disk_rate: int | None = None
    nic_rate: int | None = None
    guards: bool | None = None
    """Whether it is held to its own addresses; None: the inputs can't say."""
    addresses: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    """Where its inputs hold a password."""
    keys: tuple[str, ...] | None = None
    """Keys of the accounts that the inputs make; None: they make none, or don't say."""


def is_machine(type_: str) -> bool:
    """Whether its inputs are known here as a machine's."""
    last = type_.rpartition(":")[2].lower()
    return type_ in _DOMAINS or (type_.startswith(PROXMOX) and last in _VMS)


def is_beside(type_: str) -> bool:
    """Whether it is no machine."""
    return not type_.rpartition(":")[2].lower().startswith(_LIKE)


def view(found: Resource) -> Foreign:
    """What the inputs of a foreign machine say."""
    return _domain(found) if found.type.startswith(LIBVIRT) else _vm(found)


def _domain(found: Resource) -> Foreign:
    bag = found.properties
    devices = mapping(bag.get("devices"))
    nics = [mapping(one) for one in items(bag.get("networkInterfaces")) or items(devices.get("interfaces"))]
    tune = mapping(bag.get("cpuTune"))
    quota, period = whole(tune.get("globalQuota")), whole(tune.get("globalPeriod")) or 100_000
    disks = [mapping(mapping(one).get("ioTune")) for one in items(devices.get("disks"))]
    unit = plain(bag.get("memoryUnit")).lower() if devices or "memoryUnit" in bag else "mib"
    memory = whole(bag.get("memory"))
    return Foreign(
        name=plain(bag.get("name")) or found.name,
        host="",
        vcpus=whole(bag.get("vcpu")),
        cpu_cap=quota * 100 // period if quota and quota > 0 else None,
        memory=_mib(memory, unit),
        disk_iops=_every(whole(one.get("totalIopsSec")) for one in disks),
        disk_rate=_divided(_every(whole(one.get("totalBytesSec")) for one in disks), 2**20),
        nic_rate=_bandwidth(nics),
        guards=all(mapping(one.get("filterRef")) for one in nics) if devices and nics else None,
        addresses=tuple(plain(one) for nic in nics for one in items(nic.get("addresses"))),
        secrets=tuple(
            f"graphics.{key}" for key in ("passwd", "password") if plain(mapping(bag.get("graphics")).get(key))
        ),
    )


def _vm(found: Resource) -> Foreign:
    bag = found.properties
    cpu, memory = mapping(bag.get("cpu")), mapping(bag.get("memory"))
    cores, sockets = whole(cpu.get("cores")), whole(cpu.get("sockets")) or 1
    disks = [mapping(one) for one in items(bag.get("disks"))]
    speeds = [mapping(one.get("speed")) for one in disks]
    nics = [mapping(one) for one in items(bag.get("networkDevices"))]
    first = mapping(bag.get("initialization"))
    account = mapping(first.get("userAccount"))
    limit = cpu.get("limit")
    rates = [rate for nic in nics if isinstance(rate := nic.get("rateLimit") or 0, int | float)]
    return Foreign(
        name=plain(bag.get("name")) or found.name,
        host=plain(bag.get("nodeName")),
        vcpus=cores * sockets if cores else None,
        cpu_cap=round(limit * 100) if isinstance(limit, int | float) and limit > 0 else None,
        memory=whole(memory.get("dedicated")),
        disk=_sum(whole(one.get("size")) for one in disks),
        disk_iops=_every(_sum(whole(one.get(key)) for key in ("iopsRead", "iopsWrite")) for one in speeds),
        disk_rate=_every(_sum(whole(one.get(key)) for key in ("read", "write")) for one in speeds),
        nic_rate=max(round(one * 8) for one in rates) if rates and all(rates) else None,
        guards=all(one.get("firewall") is True for one in nics) if nics else None,
        addresses=tuple(
            plain(mapping(mapping(one).get(family)).get("address")).partition("/")[0]
            for one in items(first.get("ipConfigs"))
            for family in ("ipv4", "ipv6")
            if plain(mapping(mapping(one).get(family)).get("address")) not in ("", "dhcp", "auto")
        ),
        secrets=("initialization.userAccount.password",) if account.get("password") else (),
        keys=tuple(plain(key) for key in items(account.get("keys"))) if account else None,
    )


def items(value: object) -> tuple[object, ...]:
    """The items of a list, in whatever clothes the engine shows it."""
    if isinstance(value, str | Mapping) or not hasattr(value, "__iter__"):
        return ()
    return tuple(value)


def _mib(value: int | None, unit: str) -> int | None:
    if unit in ("g", "gib"):
        return None if value is None else value * 1024
    return _divided(value, _UNITS[unit]) if unit in _UNITS else None


def _bandwidth(nics: list[Mapping[str, object]]) -> int | None:
    """The fastest of all; libvirt counts in kilobytes of 1000 a second. Both directions must be limited."""
    rates = [
        whole(mapping(mapping(nic.get("bandwidth")).get(way)).get("average"))
        for nic in nics
        for way in ("inbound", "outbound")
    ]
    return max(one for one in rates if one) // 125 if rates and all(rates) else None


def _divided(value: int | None, by: int) -> int | None:
    return None if value is None else value // by


def _every(values: Iterator[int | None] | list[int | None]) -> int | None:
    """The sum, or nothing where one of them is not limited or there is none."""
    found = list(values)
    return sum(one for one in found if one) if found and all(found) else None


def _sum(values: Iterator[int | None]) -> int | None:
    found = [one for one in values if one]
    return sum(found) if found else None
