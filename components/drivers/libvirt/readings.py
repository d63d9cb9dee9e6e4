"""Limits of one domain: what its configuration says, what QEMU, cgroup and kernel enforce, and from where we know.

Pure: it judges what was read, whether of one machine (with questions of its own) or of a whole host (without).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.domain.limits import Reading
from components.drivers.base import Phase
from components.drivers.libvirt import tree
from components.drivers.libvirt.mark import Notes
from components.drivers.libvirt.monitor import Drive
from components.drivers.libvirt.parts import Parts
from components.drivers.libvirt.probe import CPUS, NICS, InForce, Pair

GIB, MIB = 1024**3, 1024**2
DISKLESS = {
    Phase.CREATING: "not made yet",
    Phase.ARRIVING: "it has not arrived yet",
    Phase.LEFT: "it is on another host",
}
"""Phases in which a machine has no disk here by design, and what is said of it."""
OFF = "machine is off"
UNLIMITED = "no limit in force"
RUNNING = "the running domain"
NOT_ASKED = "not asked in a list"
NO_QUOTA_US = 2**64 // 1_000_000
"""What libvirt may answer for "no quota" instead of -1, or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one machine was asked beyond its descriptions.

    `sizes`: bytes of the volume of each disk, None when the host answered to have none. `drives`: its disks as QEMU
    has them, or why it told nothing. `cpu`: quota and period as libvirt found them in the cgroup, or why it did not.
    """

    sizes: Mapping[str, int | None] = field(default_factory=dict)
    drives: Mapping[str, Drive] | str = ""
    cpu: Pair | str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One domain under reading.

    `config` is its inactive XML, `live` that of the running one (None: off); `asked` is None for one of a list.
    """

    config: tree.Element
    live: tree.Element | None
    notes: Notes
    in_force: InForce
    asked: Asked | None = None
    kept: Parts = field(init=False, repr=False, compare=False)
    runs: Parts | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look both through once."""
        object.__setattr__(self, "kept", Parts(self.config, self.notes))
        object.__setattr__(self, "runs", None if self.live is None else Parts(self.live, self.notes))


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


def tap(subject: Subject, name: str) -> str:
    """The host's device of the running machine's NIC `name`; empty when it is off or has none."""
    running = None if subject.runs is None else subject.runs.nic(name)
    return "" if running is None else tree.attribute(running, "target", "dev")


def _number(element: tree.Element | None, tag: str) -> int | None:
    """The whole number in the child `tag`."""
    return None if element is None else _whole(element.find(tag))


def _whole(element: tree.Element | None) -> int | None:
    text = "" if element is None else (element.text or "").strip()
    return int(text) if text.isdigit() else None


def _vcpus(subject: Subject) -> Reading:
    configured = _vcpu_count(subject.kept)
    if subject.runs is None:
        return Reading(configured=configured, effective=None, source=OFF)
    return Reading(configured=configured, effective=_vcpu_count(subject.runs), source=RUNNING)


def _vcpu_count(domain: Parts) -> int | None:
    element = domain.top("vcpu")
    current = "" if element is None else element.get("current", "")
    return int(current) if current.isdigit() else _whole(element)


def _memory(subject: Subject) -> Reading:
    configured = _memory_mib(subject.kept)
    if subject.runs is None:
        return Reading(configured=configured, effective=None, source=OFF)
    # The balloon (currentMemory) is a request that a guest may ignore: it limits nothing.
    return Reading(configured=configured, effective=_memory_mib(subject.runs), source=RUNNING)


def _memory_mib(domain: Parts) -> int | None:
    """Memory with every DIMM; of a virtio-mem device only what is plugged in, the rest of it is room."""
    kib = _whole(domain.top("memory"))
    if kib is None:
        return None
    for device in domain.memories:
        target = device.find("target")
        if device.get("model") == "virtio-mem" and (plugged := _number(target, "current")) is not None:
            kib -= (_number(target, "size") or 0) - plugged
    return kib // 1024


def _cpu_cap(subject: Subject) -> Reading:
    tune = subject.kept.top("cputune")
    configured = percent(_number(tune, "global_quota"), _number(tune, "global_period"))
    if subject.runs is None:
        return Reading(configured=configured, effective=None, source=OFF, absent=configured is None)
    found, source = _quota(subject)
    if found is None:
        return Reading(configured=configured, effective=None, source=source, absent=configured is None)
    return _tuned(configured, percent(*found), source)


def _quota(subject: Subject) -> tuple[Pair | None, str]:
    """Quota and period of the running machine, and from where; the probe's word first: it is the kernel's own."""
    quota = subject.in_force.quotas.get(subject.kept.text("uuid"))
    if quota is not None:
        return quota, "cgroup"
    unknown = subject.in_force.why_unknown(CPUS, "its CPU")
    if subject.asked is None:
        return None, unknown
    if isinstance(subject.asked.cpu, str):
        return None, f"unknown: {subject.asked.cpu}" if subject.asked.cpu else unknown
    return subject.asked.cpu, "cgroup"


def _tuned(configured: int | None, effective: int | None, source: str) -> Reading:
    """A limit of a running domain of which both sides were answered, where None means none."""
    return Reading(
        configured=configured,
        effective=effective,
        source=UNLIMITED if effective is None else source,
        absent=configured is None or effective is None,
    )


def _disk(subject: Subject, name: str) -> dict[str, Reading]:
    drive = subject.kept.disk(name)
    sizes, iops, rate = f"disks.{name}.sizeGib", f"disks.{name}.iops", f"disks.{name}.rateMibS"
    if drive is None:
        source = DISKLESS.get(subject.notes.mark.phase, "the disk stands in the domain's configuration no more")
        return dict.fromkeys((sizes, iops, rate), Reading(configured=None, effective=None, source=source))
    set_iops, set_rate = _throttle(drive)
    size_gib, missing = _size(subject, name, tree.attribute(drive, "source", "file"))

    def untold(reason: str) -> dict[str, Reading]:
        return {
            sizes: Reading(configured=size_gib, effective=None, source=missing or reason),
            iops: Reading(configured=set_iops, effective=None, source=reason, absent=set_iops is None),
            rate: Reading(configured=set_rate, effective=None, source=reason, absent=set_rate is None),
        }

    if subject.runs is None:
        return untold(OFF)
    if subject.asked is None:
        running = subject.runs.disk(name)
        if running is None:
            return untold("the running domain lacks the disk")
        in_force = _throttle(running)
        seen = Reading(configured=size_gib, effective=None, source=NOT_ASKED)
        return {sizes: seen, iops: _tuned(set_iops, in_force[0], RUNNING), rate: _tuned(set_rate, in_force[1], RUNNING)}
    told = subject.asked.drives
    if isinstance(told, str) or name not in told:
        return untold(f"unknown: {told if isinstance(told, str) else 'QEMU told nothing of the disk'}")
    return {
        sizes: Reading(configured=size_gib, effective=told[name].size // GIB, source=missing or "QEMU"),
        iops: _tuned(set_iops, told[name].iops or None, "QEMU"),
        rate: _tuned(set_rate, told[name].rate // MIB or None, "QEMU"),
    }


def _throttle(drive: tree.Element) -> tuple[int | None, int | None]:
    """Operations and MiB a second of a disk's XML; None where there is no limit."""
    tune = drive.find("iotune")
    return _number(tune, "total_iops_sec") or None, (_number(tune, "total_bytes_sec") or 0) // MIB or None


def _size(subject: Subject, name: str, path: str) -> tuple[int | None, str]:
    """Configured size in GiB, and in words why there is none. In a list it is as noted when it was made or grown."""
    if subject.asked is None:
        return subject.notes.disks[name].size_gib or None, ""
    size = subject.asked.sizes.get(name)
    return (None, f"volume {path} is not there") if size is None else (size // GIB, "")


def _nic(subject: Subject, name: str) -> Reading:
    note = subject.notes.nics[name]
    if note.left_out:
        source = f"not enforced by this host: {note.left_out}"
        return Reading(configured=note.rate_mbit_s, effective=None, source=source)
    interface = subject.kept.nic(name)
    if interface is None:
        gone = "the NIC stands in the domain's configuration no more"
        return Reading(configured=None, effective=None, source=gone)
    bandwidth = interface.find("bandwidth")
    ways = (_rate(bandwidth, "inbound"), _rate(bandwidth, "outbound"))
    configured = None if None in ways else differing(note.rate_mbit_s, ways)
    if subject.runs is None:
        return Reading(configured=configured, effective=None, source=OFF, absent=configured is None)
    device = tap(subject, name)
    if device not in subject.in_force.rates:
        unknown = subject.in_force.why_unknown(NICS, device or "the NIC")
        return Reading(configured=configured, effective=None, source=unknown, absent=configured is None)
    inbound, outbound = subject.in_force.rates[device]
    if inbound is None or outbound is None:
        only = "to the guest" if inbound else "from the guest" if outbound else ""
        source = f"only traffic {only} is limited" if only else UNLIMITED
        return Reading(configured=configured, effective=None, source=source, absent=True)
    effective = differing(note.rate_mbit_s, (inbound // 1000**2, outbound // 1000**2))
    return _tuned(configured, effective, "tc on the host")


def _rate(bandwidth: tree.Element | None, way: str) -> int | None:
    """Mbit/s of one way as configured; libvirt counts kilobytes (1000) a second."""
    average = "" if bandwidth is None else tree.attribute(bandwidth, way, "average")
    return int(average) // 125 if average.isdigit() else None
