"""A domain as facts."""

from collections.abc import Mapping

import libvirt

from components.domain.limits import Reading
from components.drivers.base import Machine, Phase, Power
from components.drivers.libvirt import filterref, patch, pools, sizes, tree, volumes
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.monitor import Monitor
from components.drivers.libvirt.probe import FILTERS, InForce, Pair
from components.drivers.libvirt.readings import Asked, Subject, read

BOOT = ("vcpus", "memoryMib")
"""Limits that the next boot brings into force."""
POWERS = {
    libvirt.VIR_DOMAIN_RUNNING: Power.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: Power.RUNNING,
    libvirt.VIR_DOMAIN_SHUTDOWN: Power.RUNNING,
    libvirt.VIR_DOMAIN_PAUSED: Power.PAUSED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: Power.PAUSED,
    libvirt.VIR_DOMAIN_SHUTOFF: Power.OFF,
    libvirt.VIR_DOMAIN_CRASHED: Power.CRASHED,
}


def find(handle: libvirt.virConnect, uuid: str) -> libvirt.virDomain | None:
    """The domain of that UUID, or None when the host answered and has none."""
    try:
        return handle.lookupByUUIDString(uuid)
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
            return None
        raise


def config(domain: libvirt.virDomain) -> tree.Element:
    """The domain's inactive XML: what the next boot uses, and where our mark stands."""
    return tree.parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE))


def power(domain: libvirt.virDomain) -> Power:
    """The domain's power as libvirt observes it."""
    return POWERS.get(domain.state(0)[0], Power.UNKNOWN)


def is_off(observed: Power) -> bool:
    """Whether no guest runs or waits: only then may volumes be touched and a boot be asked for."""
    return observed in {Power.OFF, Power.CRASHED}


def may_have_run(domain: libvirt.virDomain, described: tree.Element) -> bool:
    """Whether anything shows that the domain runs or ever ran, or could have run on a disk.

    `described` is its inactive XML. libvirtd forgets how a domain went down when it is itself restarted, so the
    surest sign is the other one: without a disk in its definition a domain can't have run on one. For a machine that is
    being reinstalled it is the only one: it ran before, on a disk that it has no more.
    """
    notes = marks.find(described)
    if notes is not None and notes.mark.reinstall:
        ours = any(patch.find_disk(described, name, notes) is not None for name in notes.disks)
        return bool(domain.isActive()) or bool(domain.hasManagedSaveImage(0)) or ours
    _, reason = domain.state(0)
    return (
        bool(domain.isActive())
        or reason != libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN
        or bool(domain.hasManagedSaveImage(0))
        or described.find("devices/disk") is not None
    )


def facts(
    handle: libvirt.virConnect,
    domain: libvirt.virDomain,
    described: tree.Element,
    in_force: InForce,
    monitor: Monitor | None = None,
) -> Machine:
    """One machine, asked for everything; `described` is its inactive XML, `in_force` what the probe said.

    What a QEMU doesn't answer in time is unknown. `monitor` is shared by those who ask on one connection.
    """
    observed, notes = power(domain), marks.find(described)
    if notes is None:
        return stranger(described, observed)
    live = None if is_off(observed) else _live(domain)
    drives = {name: patch.find_disk(described, name, notes) for name in notes.disks}
    found = {name: drive for name, drive in drives.items() if drive is not None}
    asked = Asked(
        sizes={name: volumes.capacity(handle, volumes.source(handle, drive)) for name, drive in found.items()}
    )
    if live is not None:
        devices = {name: tree.attribute(drive, "target", "dev") for name, drive in found.items()}
        told = (monitor or Monitor()).ask(domain, devices)
        asked = Asked(sizes=asked.sizes, drives=told, cpu=_cpu(domain))
    subject = Subject(config=described, live=live, notes=notes, in_force=in_force, asked=asked)
    return describe(subject, observed, lost=lost_disks(handle, described, notes, asked.sizes))


def describe(subject: Subject, observed: Power, *, lost: tuple[str, ...]) -> Machine:
    """The machine that `subject` holds, as plain data."""
    kept, notes, readings = subject.kept, subject.notes, read(subject)
    nics = {nic: kept.nic(nic) for nic in notes.nics}
    reasons = {note.left_out for note in notes.nics.values() if note.left_out}
    return Machine(
        uuid=kept.text("uuid"),
        name=kept.text("name"),
        mark=notes.mark,
        power=observed,
        readings=readings,
        macs={nic: tree.attribute(found, "mac", "address") for nic, found in nics.items() if found is not None},
        attach={nic: _attach(found) for nic, found in nics.items() if found is not None},
        addresses={nic: note.addresses for nic, note in notes.nics.items()},
        volumes={**{disk: note.volume for disk, note in notes.disks.items()}, "seed": notes.seed},
        reboot_required=_waiting(readings),
        lost_disks=lost,
        host_notes=(
            *(f"NIC rates are not enforced by this host: {reason}" for reason in sorted(reasons)),
            *sorted({f"{filterref.NOTE}: {note.unguarded}" for note in notes.nics.values() if note.unguarded}),
        ),
        guarded={nic: _guarded(subject, nic) for nic in notes.nics},
        room={} if subject.live is None else _room(sizes.read(subject.live)),
    )


def _guarded(subject: Subject, nic: str) -> bool | None:
    """Whether the host holds that NIC to its own MAC and addresses; None: it can't, or nobody can tell."""
    note = subject.notes.nics[nic]
    if note.unguarded:
        return None
    interface = subject.kept.nic(nic)
    if interface is None or not filterref.is_put(interface, note.addresses):
        return False
    if subject.runs is None:
        return True
    running = subject.runs.nic(nic)
    if running is None or not filterref.is_put(running, note.addresses):
        return False
    if FILTERS in subject.in_force.unknown:
        return None
    return tree.attribute(running, "target", "dev") in subject.in_force.filtered


def stranger(described: tree.Element, observed: Power) -> Machine:
    """A domain that carries no mark of ours."""
    uuid, name = tree.value(described, "uuid"), tree.value(described, "name")
    return Machine(
        uuid=uuid, name=name, mark=None, power=observed, readings={}, macs={}, attach={}, addresses={}, volumes={}
    )


def lost_disks(
    handle: libvirt.virConnect, described: tree.Element, notes: marks.Notes, sizes: Mapping[str, int | None]
) -> tuple[str, ...]:
    """Disks whose device is missing, or whose volume the host, its pool being there, answered to be gone.

    Only those are asked for whose size `sizes` lacks: a healthy machine costs no call more.
    """
    if notes.mark.move or notes.mark.phase in {Phase.CREATING, Phase.ARRIVING, Phase.LEFT}:
        return ()  # Not attached yet, or parked while it moves.
    unread = (name for name in notes.disks if sizes.get(name) is None)
    return tuple(name for name in unread if _is_lost(handle, patch.find_disk(described, name, notes), notes))


def _is_lost(handle: libvirt.virConnect, drive: tree.Element | None, notes: marks.Notes) -> bool:
    if drive is None:
        return True
    path = volumes.source(handle, drive)
    if not path or volumes.capacity(handle, path) is not None:
        return False
    pool = pools.find(handle, notes.pool)
    # Where its disk is not mounted, or the volume lies outside, nobody can tell.
    if pool is None or not pools.is_mounted(pool) or not path.startswith(f"{pools.path(pool)}/"):
        return False
    volumes.refresh(pool)
    return volumes.capacity(handle, path) is None


def _room(running: sizes.Sizes) -> dict[str, int]:
    memory_mib = running.max_memory_mib if running.free_slots else running.memory_mib
    return {"vcpus": running.max_vcpus, "memoryMib": memory_mib}


def _waiting(readings: Mapping[str, Reading]) -> tuple[str, ...]:
    found = ((key, readings[key]) for key in BOOT)
    return tuple(key for key, told in found if told.effective is not None and told.effective != told.configured)


def _cpu(domain: libvirt.virDomain) -> Pair | str:
    """Quota and period as libvirt finds them in the machine's cgroup, for hosts without a probe."""
    try:
        found = domain.schedulerParametersFlags(libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError as problem:
        return problem.get_error_message() or str(problem)
    if "global_quota" not in found:
        return "libvirt tells no quota"
    return found["global_quota"], found.get("global_period")


def _live(domain: libvirt.virDomain) -> tree.Element | None:
    try:
        return tree.parse(domain.XMLDesc(0)) if domain.isActive() else None
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
            return None
        raise


def _attach(interface: tree.Element) -> str:
    mode = interface.get("type", "")
    return f"{mode}:{tree.attribute(interface, 'source', mode)}"
