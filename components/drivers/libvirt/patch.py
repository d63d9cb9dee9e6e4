"""Changes to a domain that exists: the elements that we own in the inactive XML that was read; the rest stays."""

from components.drivers.base import MachineSpec
from components.drivers.libvirt import filterref, sizes, tree
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.domain_xml import limit_cpu, limit_disk, limit_nic, title


def limits(domain: tree.Element, spec: MachineSpec, notes: marks.Notes) -> None:
    """Bring title and CPU, memory, disk and NIC limits of `domain` to `spec`, and our notes with them.

    What is as asked already is not written again, in whatever words it stands there.
    """
    if not notes.is_adopted and tree.value(domain, "title") != title(spec).strip():
        tree.child(domain, "title").text = title(spec)
    sizes.put(domain, spec, adopted=notes.is_adopted)
    limit_cpu(domain, spec.cpu_cap_percent)
    for name, disk in spec.disks.items():
        drive = find_disk(domain, name, notes)
        if drive is not None:
            limit_disk(drive, iops=disk.iops, rate_mib_s=disk.rate_mib_s)
    rates(domain, notes)
    for name, nic in spec.nics.items():
        interface = find_nic(domain, name)
        if interface is not None:
            filterref.put(interface, nic.addresses, on=nic.antispoof and not notes.nics[name].unguarded)
    marks.put(domain, notes)


def rates(domain: tree.Element, notes: marks.Notes) -> None:
    """Bring the NICs' `<bandwidth>` to our notes: the rate, or nothing where the host can't enforce one."""
    for name, note in notes.nics.items():
        interface = find_nic(domain, name, notes)
        if interface is None:
            continue
        if not note.left_out:
            limit_nic(interface, rate_mbit_s=note.rate_mbit_s)
        elif note.rate_mbit_s and (bandwidth := interface.find("bandwidth")) is not None:
            interface.remove(bandwidth)


def find_disk(domain: tree.Element, name: str, notes: marks.Notes | None = None) -> tree.Element | None:
    """The disk that we called `name`: by our alias or, in an adopted machine, by the target that we noted.

    `notes` are those of `domain` itself when not given; the XML of a running domain may be older than they are.
    """
    found = _told(domain, "disk", "alias", "name", f"ua-disk-{name}")
    if found is not None:
        return found
    noted = notes or marks.find(domain)
    note = None if noted is None else noted.disks.get(name)
    return None if note is None else _told(domain, "disk", "target", "dev", note.target)


def find_nic(domain: tree.Element, name: str, notes: marks.Notes | None = None) -> tree.Element | None:
    """The interface that we called `name`: by our alias or, in an adopted machine, by the MAC that we noted."""
    found = _told(domain, "interface", "alias", "name", f"ua-nic-{name}")
    if found is not None:
        return found
    noted = notes or marks.find(domain)
    note = None if noted is None else noted.nics.get(name)
    return None if note is None else _told(domain, "interface", "mac", "address", note.mac)


def _told(domain: tree.Element, tag: str, part: str, attribute: str, wanted: str) -> tree.Element | None:
    """The device `tag` whose `part` has that attribute; nothing is told by an empty one."""
    devices = domain.find("devices") if wanted else None
    for device in () if devices is None else devices.findall(tag):
        if tree.attribute(device, part, attribute).lower() == wanted.lower():
            return device
    return None
