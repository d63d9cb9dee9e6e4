"""What is set on a running domain: caps that can be put back, and growth that can't.

Every cap is set only where what is in force differs from what is asked for, in the units of the file: a quota that
somebody wrote over another period is the same quota.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import libvirt

from components.drivers.base import MachineSpec
from components.drivers.libvirt import guard, patch, sizes, tree
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.domain_xml import PERIOD_US, kilobytes, quota_us, title
from components.drivers.libvirt.power import why_rates_fail
from components.drivers.libvirt.probe import InForce
from components.drivers.libvirt.readings import percent

MIB = 1024**2
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
NIC_STEP = "update.rateMbitS"
WAYS = ("inbound.average", "outbound.average")
Values = dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One live set: `apply` does it, `restore` puts back what was in force before."""

    step: str
    apply: Callable[[], object]
    restore: Callable[[], object]


def caps(
    domain: libvirt.virDomain,
    described: tree.Element,
    notes: marks.Notes,
    spec: MachineSpec,
    look: Callable[[], InForce],
) -> list[Setting]:
    """The caps that must be set; `described` is the domain's inactive XML, `look` runs the host's probe."""
    found = [*_cpu(domain, spec)]
    for name in spec.disks:
        found += _disk(domain, described, notes, spec, name)
    rated = [name for name, nic in spec.nics.items() if nic.rate_mbit_s and not notes.nics[name].left_out]
    in_force = look() if rated else InForce()
    for name in rated:
        found += _nic(domain, notes, spec, name, in_force)
    for apply, restore in guard.live(domain, notes, spec.nics):
        found.append(Setting(step="update.antispoof", apply=apply, restore=restore))
    return [*found, *_title(domain, notes, spec)]


def growth(domain: libvirt.virDomain, running: tree.Element, spec: MachineSpec) -> list[tuple[str, Callable[[], None]]]:
    """By step, what brings more vCPUs and memory to the running guest, as far as it was booted with the room.

    A host that refuses keeps its word until the next boot, which the reading tells: nothing is raised. There is no way
    back: the guest need not give anything back, and may do so at any later time.
    """
    has, found = sizes.read(running), list[tuple[str, Callable[[], None]]]()
    if has.vcpus < spec.vcpus <= has.max_vcpus:
        found.append(("update.vcpus", partial(_if_it_can, domain.setVcpusFlags, spec.vcpus, LIVE)))
    if size := sizes.dimm_mib(has, spec.memory_mib):
        node = "<node>0</node>" if running.find("cpu/numa/cell") is not None else ""
        dimm = f"<memory model='dimm'><target><size unit='MiB'>{size}</size>{node}</target></memory>"
        found.append(("update.memoryMib", partial(_if_it_can, domain.attachDeviceFlags, dimm, LIVE)))
    return found


def set_or_leave(setting: Setting) -> str:
    """Do it; a NIC rate that this host turns out not to enforce is taken back whole, and the reason is given."""
    try:
        setting.apply()
    except libvirt.libvirtError as problem:
        reason = why_rates_fail(problem) if setting.step == NIC_STEP else ""
        if not reason:
            raise
        # The failed set left a class of the new rate behind.
        setting.restore()
        return reason
    return ""


def undo(done: Sequence[Setting]) -> None:
    """Put back what was in force. A failing set can leave half of itself behind, so the failed one is put back too."""
    for setting in reversed(done):
        # The connection or the domain may be gone; the next reading says what is in force then.
        with suppress(libvirt.libvirtError):
            setting.restore()


def _if_it_can(grow: Callable[..., object], *arguments: object) -> None:
    with suppress(libvirt.libvirtError):
        grow(*arguments)


def _cpu(domain: libvirt.virDomain, spec: MachineSpec) -> list[Setting]:
    if not spec.cpu_cap_percent:
        return []
    found = domain.schedulerParametersFlags(LIVE)
    before = percent(found.get("global_quota"), found.get("global_period"))
    if before == spec.cpu_cap_percent:
        return []
    period = found.get("global_period") or PERIOD_US
    former = {"global_quota": -1 if before is None else found["global_quota"], "global_period": period}
    wanted = {"global_quota": quota_us(spec.cpu_cap_percent), "global_period": PERIOD_US}
    return [_set("update.cpuCapPercent", partial(domain.setSchedulerParametersFlags, flags=LIVE), wanted, former)]


def _disk(
    domain: libvirt.virDomain, described: tree.Element, notes: marks.Notes, spec: MachineSpec, name: str
) -> list[Setting]:
    drive, disk = patch.find_disk(described, name, notes), spec.disks[name]
    if drive is None or not (disk.rate_mib_s or disk.iops):
        return []
    device = tree.attribute(drive, "target", "dev")
    found, wanted = domain.blockIoTune(device, LIVE), Values()
    if disk.rate_mib_s and found.get("total_bytes_sec", 0) // MIB != disk.rate_mib_s:
        wanted |= _together(found, "bytes", disk.rate_mib_s * MIB)
    if disk.iops and found.get("total_iops_sec", 0) != disk.iops:
        wanted |= _together(found, "iops", disk.iops)
    if not wanted:
        return []
    former = {key: found.get(key, 0) for key in wanted}
    return [_set("update.iops", partial(domain.setBlockIoTune, device, flags=LIVE), wanted, former)]


def _together(found: Values, what: str, number: int) -> Values:
    """A throttle of reads and writes together, which excludes one of each, bursts included."""
    singles = (f"{way}_{what}_sec{burst}" for way in ("read", "write") for burst in ("", "_max"))
    return {f"total_{what}_sec": number, **{key: 0 for key in singles if found.get(key)}}


def _nic(
    domain: libvirt.virDomain, notes: marks.Notes, spec: MachineSpec, name: str, in_force: InForce
) -> list[Setting]:
    nic = spec.nics[name]
    found = domain.interfaceParameters(nic.mac, LIVE)
    running = patch.find_nic(tree.glance(domain.XMLDesc(0)), name, notes)
    tap = "" if running is None else tree.attribute(running, "target", "dev")
    # libvirt repeats what it was told; where the kernel can be asked, its word counts.
    told = tuple(found.get(way, 0) // kilobytes(1) for way in WAYS)
    real = in_force.rates.get(tap)
    ways = told if real is None else tuple((rate or 0) // 1000**2 for rate in real)
    if told == ways == (nic.rate_mbit_s, nic.rate_mbit_s):
        return []
    # Bursts that somebody allowed stay: libvirt would drop what is not said again.
    wanted = found | dict.fromkeys(WAYS, kilobytes(nic.rate_mbit_s))
    return [_set(NIC_STEP, partial(domain.setInterfaceParameters, nic.mac, flags=LIVE), wanted, found)]


def _title(domain: libvirt.virDomain, notes: marks.Notes, spec: MachineSpec) -> list[Setting]:
    if notes.is_adopted:
        return []
    kind = libvirt.VIR_DOMAIN_METADATA_TITLE
    try:
        former: str | None = domain.metadata(kind, None, LIVE)
    except libvirt.libvirtError:
        former = None
    if former == title(spec):
        return []
    return [
        Setting(
            step="update.title",
            apply=partial(domain.setMetadata, kind, title(spec), None, None, LIVE),
            restore=partial(domain.setMetadata, kind, former, None, None, LIVE),
        )
    ]


def _set(step: str, apply: Callable[[Values], object], wanted: Values, former: Values) -> Setting:
    return Setting(step=step, apply=partial(apply, wanted), restore=partial(apply, former))
