"""Changes to a domain that exists: the elements that we own in the inactive XML that was read; the rest stays."""

from components.drivers.base import MachineSpec
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.drivers.libvirt.domain_xml import PERIOD_US, limit_disk, limit_nic, quota_us


def limits(domain: tree.Element, spec: MachineSpec, notes: marks.Notes) -> None:
    """Bring CPU, memory, disk and NIC limits of `domain` to `spec`, and our notes with them."""
    vcpu = tree.child(domain, "vcpu")
    vcpu.text = str(spec.vcpus)
    vcpu.attrib.pop("current", None)
    # Per-CPU settings of a larger machine would make libvirt refuse the smaller one.
    for single in domain.findall("vcpus"):
        domain.remove(single)
    for tag in ("memory", "currentMemory"):
        memory = tree.child(domain, tag)
        memory.text = str(spec.memory_mib * 1024)
        memory.set("unit", "KiB")
    tree.child(domain, "cputune/global_period").text = str(PERIOD_US)
    tree.child(domain, "cputune/global_quota").text = str(quota_us(spec.cpu_cap_percent))
    for name, disk in spec.disks.items():
        drive = find_disk(domain, name)
        if drive is not None:
            limit_disk(drive, iops=disk.iops, rate_mib_s=disk.rate_mib_s)
    rates(domain, notes)
    marks.put(domain, notes)


def rates(domain: tree.Element, notes: marks.Notes) -> None:
    """Bring the NICs' `<bandwidth>` to our notes: the rate, or nothing where the host can't enforce one."""
    for name, note in notes.nics.items():
        interface = find_nic(domain, name)
        if interface is None:
            continue
        if not note.left_out:
            limit_nic(interface, rate_mbit_s=note.rate_mbit_s)
        elif (bandwidth := interface.find("bandwidth")) is not None:
            interface.remove(bandwidth)


def find_disk(domain: tree.Element, name: str) -> tree.Element | None:
    """The disk that we called `name`, or None."""
    return _aliased(domain, "disk", f"ua-disk-{name}")


def find_nic(domain: tree.Element, name: str) -> tree.Element | None:
    """The interface that we called `name`, or None."""
    return _aliased(domain, "interface", f"ua-nic-{name}")


def _aliased(domain: tree.Element, tag: str, alias: str) -> tree.Element | None:
    for device in domain.iterfind(f"devices/{tag}"):
        if tree.attribute(device, "alias", "name") == alias:
            return device
    return None
