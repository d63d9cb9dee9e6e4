"""A domain as facts."""

import libvirt

from components.drivers.base import Machine, Power
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import patch, tree
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.probe import Rates
from components.drivers.libvirt.readings import Subject, lost_disks, read

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
    surest sign is the other one: without a disk in its definition a domain can't have run on one.
    """
    _, reason = domain.state(0)
    return (
        bool(domain.isActive())
        or reason != libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN
        or bool(domain.hasManagedSaveImage(0))
        or described.find("devices/disk") is not None
    )


def facts(handle: libvirt.virConnect, domain: libvirt.virDomain, described: tree.Element, rates: Rates) -> Machine:
    """The machine as its host answers it; `described` is its inactive XML, `rates` what the probe said."""
    uuid, name, observed = tree.value(described, "uuid"), tree.value(described, "name"), power(domain)
    notes = marks.find(described)
    if notes is None:
        return Machine(
            uuid=uuid, name=name, mark=None, power=observed, readings={}, macs={}, attach={}, addresses={}, volumes={}
        )
    live = None if is_off(observed) else _live(domain)
    subject = Subject(handle=handle, domain=domain, config=described, live=live, notes=notes, rates=rates)
    readings = read(subject)
    nics = {nic: patch.find_nic(described, nic) for nic in notes.nics}
    reasons = {note.left_out for note in notes.nics.values() if note.left_out}
    return Machine(
        uuid=uuid,
        name=name,
        mark=notes.mark,
        power=observed,
        readings=readings,
        macs={nic: tree.attribute(found, "mac", "address") for nic, found in nics.items() if found is not None},
        attach={nic: _attach(found) for nic, found in nics.items() if found is not None},
        addresses={nic: note.addresses for nic, note in notes.nics.items()},
        volumes={**{disk: note.volume for disk, note in notes.disks.items()}, "seed": notes.seed},
        reboot_required=tuple(
            key
            for key in BOOT
            if readings[key].effective is not None and readings[key].effective != readings[key].configured
        ),
        lost_disks=lost_disks(subject, readings),
        host_notes=tuple(f"NIC rates are not enforced by this host: {reason}" for reason in sorted(reasons)),
    )


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
