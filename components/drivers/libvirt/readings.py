"""Limits of one domain: what its configuration says, what QEMU, cgroup and kernel enforce, and from where we know."""

from dataclasses import dataclass

import libvirt

from components.domain.limits import Reading
from components.drivers.libvirt import patch, tree, volumes
from components.drivers.libvirt.mark import Notes
from components.drivers.libvirt.probe import Rates

GIB, MIB = 1024**3, 1024**2
OFF = "machine is off"
UNLIMITED = "no limit in force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One domain under reading: `config` is its inactive XML, `live` the XML of the running one (None: off)."""

    handle: libvirt.virConnect
    domain: libvirt.virDomain
    config: tree.Element
    live: tree.Element | None
    notes: Notes
    rates: Rates


def read(subject: Subject) -> dict[str, Reading]:
    """Every limit of the machine by its key."""
    found = {"vcpus": _vcpus(subject), "cpuCapPercent": _cpu_cap(subject), "memoryMib": _memory(subject)}
    for name in subject.notes.disks:
        found |= _disk(subject, name)
    for name in subject.notes.nics:
        found[f"nics.{name}.rateMbitS"] = _nic(subject, name)
    return found


def percent(quota: int | None, period: int | None) -> int | None:
    """A quota in microseconds per period as percent of one core; None for no quota."""
    return round(100 * quota / period) if quota and period and quota > 0 else None


def _number(element: tree.Element, path: str) -> int | None:
    text = tree.value(element, path)
    return int(text) if text.isdigit() else None


def _vcpus(subject: Subject) -> Reading:
    configured = _vcpu_count(subject.config)
    if subject.live is None:
        return Reading(configured=configured, effective=None, source=OFF)
    return Reading(configured=configured, effective=_vcpu_count(subject.live), source="the running domain")


def _vcpu_count(domain: tree.Element) -> int | None:
    current = tree.attribute(domain, "vcpu", "current")
    return int(current) if current.isdigit() else _number(domain, "vcpu")


def _memory(subject: Subject) -> Reading:
    configured = _memory_mib(subject.config)
    if subject.live is None:
        return Reading(configured=configured, effective=None, source=OFF)
    # The balloon (currentMemory) is a request that a guest may ignore: it limits nothing.
    return Reading(configured=configured, effective=_memory_mib(subject.live), source="the running domain")


def _memory_mib(domain: tree.Element) -> int | None:
    kib = _number(domain, "memory")
    return None if kib is None else kib // 1024


def _cpu_cap(subject: Subject) -> Reading:
    tune = subject.config
    configured = percent(_number(tune, "cputune/global_quota"), _number(tune, "cputune/global_period"))
    if subject.live is None:
        return Reading(configured=configured, effective=None, source=OFF)
    try:
        found = subject.domain.schedulerParametersFlags(libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError as problem:
        return Reading(configured=configured, effective=None, source=f"unknown: {problem.get_error_message()}")
    effective = percent(found.get("global_quota"), found.get("global_period"))
    return Reading(configured=configured, effective=effective, source=UNLIMITED if effective is None else "cgroup")


def _disk(subject: Subject, name: str) -> dict[str, Reading]:
    drive = patch.find_disk(subject.config, name)
    sizes, iops, rate = (f"disks.{name}.{key}" for key in ("sizeGib", "iops", "rateMibS"))
    if drive is None:
        gone = Reading(configured=None, effective=None, source="the disk stands in the domain's configuration no more")
        return dict.fromkeys((sizes, iops, rate), gone)
    path, device = tree.attribute(drive, "source", "file"), tree.attribute(drive, "target", "dev")
    set_iops = _number(drive, "iotune/total_iops_sec") or None
    set_rate = (_number(drive, "iotune/total_bytes_sec") or 0) // MIB or None
    size = volumes.capacity(subject.handle, path)
    size_gib = None if size is None else size // GIB
    if subject.live is None:
        source = OFF if size is not None else f"volume {path} is not there"
        return {
            sizes: Reading(configured=size_gib, effective=None, source=source),
            iops: Reading(configured=set_iops, effective=None, source=OFF),
            rate: Reading(configured=set_rate, effective=None, source=OFF),
        }
    try:
        seen = subject.domain.blockInfo(device)[0] // GIB
        tuned = subject.domain.blockIoTune(device, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError as problem:
        unknown = f"unknown: {problem.get_error_message()}"
        return {
            sizes: Reading(configured=size_gib, effective=None, source=unknown),
            iops: Reading(configured=set_iops, effective=None, source=unknown),
            rate: Reading(configured=set_rate, effective=None, source=unknown),
        }
    live_iops = tuned.get("total_iops_sec") or None
    live_rate = (tuned.get("total_bytes_sec") or 0) // MIB or None
    return {
        sizes: Reading(configured=size_gib, effective=seen, source="QEMU"),
        iops: Reading(configured=set_iops, effective=live_iops, source="QEMU" if live_iops else UNLIMITED),
        rate: Reading(configured=set_rate, effective=live_rate, source="QEMU" if live_rate else UNLIMITED),
    }


def _nic(subject: Subject, name: str) -> Reading:
    note = subject.notes.nics[name]
    if note.left_out:
        source = f"not enforced by this host: {note.left_out}"
        return Reading(configured=note.rate_mbit_s, effective=None, source=source)
    interface = patch.find_nic(subject.config, name)
    if interface is None:
        gone = "the NIC stands in the domain's configuration no more"
        return Reading(configured=None, effective=None, source=gone)
    ways = [tree.attribute(interface, f"bandwidth/{way}", "average") for way in ("inbound", "outbound")]
    averages = [int(way) for way in ways if way.isdigit()]
    configured = min(averages) // 125 if len(averages) == len(ways) else None
    if subject.live is None:
        return Reading(configured=configured, effective=None, source=OFF)
    if subject.rates.failure:
        return Reading(configured=configured, effective=None, source=subject.rates.failure)
    running = patch.find_nic(subject.live, name)
    device = "" if running is None else tree.attribute(running, "target", "dev")
    inbound, outbound = subject.rates.by_device.get(device, (None, None))
    if inbound is None or outbound is None:
        only = "to the guest" if inbound else "from the guest" if outbound else ""
        source = f"only traffic {only} is limited" if only else UNLIMITED
        return Reading(configured=configured, effective=None, source=source)
    return Reading(configured=configured, effective=min(inbound, outbound) // 1000**2, source="tc on the host")
