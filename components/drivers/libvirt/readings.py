"""Limits of one domain: what its configuration says, what QEMU, cgroup and kernel enforce, and from where we know."""

from collections.abc import Mapping
from dataclasses import dataclass

import libvirt

from components.domain.limits import Reading
from components.drivers.base import Phase
from components.drivers.libvirt import patch, pools, tree, volumes
from components.drivers.libvirt.mark import Notes
from components.drivers.libvirt.probe import Rates

GIB, MIB = 1024**3, 1024**2
OFF = "machine is off"
UNLIMITED = "no limit in force"
NO_QUOTA_US = 2**64 // 1_000_000
"""What libvirt may answer for "no quota" instead of -1, or more."""


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
    return round(100 * quota / period) if quota and period and 0 < quota < NO_QUOTA_US else None


def differing(noted: int, ways: tuple[int | None, ...]) -> int | None:
    """Of the rates of a NIC's ways the first that is not as noted, so that one wrong way is never hidden; None: none.

    A way without a rate is as wrong as can be.
    """
    return next((way for way in ways if way != noted), noted)


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
        return Reading(configured=configured, effective=None, source=OFF, absent=configured is None)
    try:
        found = subject.domain.schedulerParametersFlags(libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError as problem:
        unknown = f"unknown: {problem.get_error_message()}"
        return Reading(configured=configured, effective=None, source=unknown, absent=configured is None)
    if "global_quota" not in found:
        unknown = "unknown: libvirt tells no quota"
        return Reading(configured=configured, effective=None, source=unknown, absent=configured is None)
    return _tuned(configured, percent(found["global_quota"], found.get("global_period")), "cgroup")


def _tuned(configured: int | None, effective: int | None, source: str) -> Reading:
    """A limit of a running domain of which both sides were answered, where None means none."""
    return Reading(
        configured=configured,
        effective=effective,
        source=UNLIMITED if effective is None else source,
        absent=configured is None or effective is None,
    )


def _disk(subject: Subject, name: str) -> dict[str, Reading]:
    drive = patch.find_disk(subject.config, name)
    sizes, iops, rate = (f"disks.{name}.{key}" for key in ("sizeGib", "iops", "rateMibS"))
    if drive is None:
        making = subject.notes.mark.phase is Phase.CREATING
        source = "not made yet" if making else "the disk stands in the domain's configuration no more"
        return dict.fromkeys((sizes, iops, rate), Reading(configured=None, effective=None, source=source))
    path, device = volumes.source(subject.handle, drive), tree.attribute(drive, "target", "dev")
    set_iops = _number(drive, "iotune/total_iops_sec") or None
    set_rate = (_number(drive, "iotune/total_bytes_sec") or 0) // MIB or None
    size = volumes.capacity(subject.handle, path)
    size_gib = None if size is None else size // GIB
    source = "" if size is not None else f"volume {path} is not there"

    def untold(reason: str) -> dict[str, Reading]:
        return {
            sizes: Reading(configured=size_gib, effective=None, source=source or reason),
            iops: Reading(configured=set_iops, effective=None, source=reason, absent=set_iops is None),
            rate: Reading(configured=set_rate, effective=None, source=reason, absent=set_rate is None),
        }

    if subject.live is None:
        return untold(OFF)
    try:
        seen = subject.domain.blockInfo(device)[0] // GIB
        tuned = subject.domain.blockIoTune(device, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError as problem:
        return untold(f"unknown: {problem.get_error_message()}")
    return {
        sizes: Reading(configured=size_gib, effective=seen, source=source or "QEMU"),
        iops: _tuned(set_iops, tuned.get("total_iops_sec") or None, "QEMU"),
        rate: _tuned(set_rate, (tuned.get("total_bytes_sec") or 0) // MIB or None, "QEMU"),
    }


def lost_disks(subject: Subject, readings: Mapping[str, Reading]) -> tuple[str, ...]:
    """Disks whose device is missing, or whose volume the host, its pool being there, answered to be gone.

    Only those are asked for whose size `readings` lacks: a healthy machine costs no call more.
    """
    if subject.notes.mark.phase is Phase.CREATING:
        return ()
    unread = (name for name in subject.notes.disks if readings[f"disks.{name}.sizeGib"].configured is None)
    return tuple(name for name in unread if _is_lost(subject, name))


def _is_lost(subject: Subject, name: str) -> bool:
    drive = patch.find_disk(subject.config, name)
    if drive is None:
        return True
    path = volumes.source(subject.handle, drive)
    if not path or volumes.capacity(subject.handle, path) is not None:
        return False
    pool = pools.find(subject.handle, subject.notes.pool)
    # Where its disk is not mounted, or the volume lies outside, nobody can tell.
    if pool is None or not pools.is_mounted(pool) or not path.startswith(f"{pools.path(pool)}/"):
        return False
    volumes.refresh(pool)
    return volumes.capacity(subject.handle, path) is None


def _nic(subject: Subject, name: str) -> Reading:
    note = subject.notes.nics[name]
    if note.left_out:
        source = f"not enforced by this host: {note.left_out}"
        return Reading(configured=note.rate_mbit_s, effective=None, source=source)
    interface = patch.find_nic(subject.config, name)
    if interface is None:
        gone = "the NIC stands in the domain's configuration no more"
        return Reading(configured=None, effective=None, source=gone)
    averages = [tree.attribute(interface, f"bandwidth/{way}", "average") for way in ("inbound", "outbound")]
    ways = tuple(int(average) // 125 if average.isdigit() else None for average in averages)
    configured = None if None in ways else differing(note.rate_mbit_s, ways)
    if subject.live is None:
        return Reading(configured=configured, effective=None, source=OFF, absent=configured is None)
    running = patch.find_nic(subject.live, name, subject.notes)
    device = "" if running is None else tree.attribute(running, "target", "dev")
    if subject.rates.failure or device not in subject.rates.by_device:
        unknown = subject.rates.failure or f"unknown: the host's probe tells nothing of {device or 'the NIC'}"
        return Reading(configured=configured, effective=None, source=unknown, absent=configured is None)
    inbound, outbound = subject.rates.by_device[device]
    if inbound is None or outbound is None:
        only = "to the guest" if inbound else "from the guest" if outbound else ""
        source = f"only traffic {only} is limited" if only else UNLIMITED
        return Reading(configured=configured, effective=None, source=source, absent=True)
    effective = differing(note.rate_mbit_s, (inbound // 1000**2, outbound // 1000**2))
    return _tuned(configured, effective, "tc on the host")
