"""The one place that renders a domain: at creation. Every later change patches what was read (`patch`)."""

from components.domain.names import disk_volume, seed_volume
from components.drivers.base import MachineSpec, Mark
from components.drivers.libvirt import filterref, sizes, tree
from components.drivers.libvirt import mark as marks

PERIOD_US = 100_000
"""CPU time is dealt out in slices of 100 ms; the quota is the machine's share of each."""
MIB = 1024**2
KVM_CPU = "Nehalem"
"""The named CPU under KVM: x86-64-v2, on every server since 2009, so that a machine can move between hosts."""


def notes_for(spec: MachineSpec, mark: Mark) -> marks.Notes:
    """What we note on the machine from its first definition on."""
    return marks.Notes(
        mark=mark,
        pool=spec.pool,
        seed=seed_volume(spec.name, spec.uuid, mark.reinstall),
        disks={
            name: marks.DiskNote(volume=disk_volume(spec.name, spec.uuid, name, mark.reinstall), size_gib=disk.size_gib)
            for name, disk in spec.disks.items()
        },
        nics={
            name: marks.NicNote(rate_mbit_s=nic.rate_mbit_s, addresses=nic.addresses) for name, nic in spec.nics.items()
        },
    )


def render(spec: MachineSpec, notes: marks.Notes, *, accelerated: bool) -> str:
    """The XML of the domain while it is `creating`: without disk and seed, so that nothing of it can run on them.

    `accelerated` tells whether the host's KVM runs guests.
    """
    domain = tree.Element("domain", {"type": "kvm" if accelerated else "qemu"})
    tree.add(domain, "name", spec.name)
    tree.add(domain, "uuid", spec.uuid)
    tree.add(domain, "title", title(spec))
    tree.add(domain, "metadata").append(marks.element(notes))
    tree.add(domain, "memory", str(spec.memory_mib), unit="MiB")
    tree.add(domain, "currentMemory", str(spec.memory_mib), unit="MiB")
    tree.add(domain, "vcpu", str(spec.vcpus), placement="static")
    tune = tree.add(domain, "cputune")
    tree.add(tune, "global_period", str(PERIOD_US))
    tree.add(tune, "global_quota", str(quota_us(spec.cpu_cap_percent)))
    system = tree.add(domain, "os")
    tree.add(system, "type", "hvm", arch="x86_64", machine="q35")
    tree.add(system, "boot", dev="hd")
    features = tree.add(domain, "features")
    tree.add(features, "acpi")
    tree.add(features, "apic")
    _cpu(domain, accelerated=accelerated)
    sizes.put(domain, spec)
    tree.add(domain, "clock", offset="utc")
    tree.add(domain, "on_poweroff", "destroy")
    tree.add(domain, "on_reboot", "restart")
    tree.add(domain, "on_crash", "restart")
    devices = tree.add(domain, "devices")
    for name, nic in spec.nics.items():
        mode, _, source = nic.attach.partition(":")
        interface = tree.add(devices, "interface", type=mode)
        tree.add(interface, "mac", address=nic.mac)
        tree.add(interface, "source", **{mode: source})
        tree.add(interface, "model", type="virtio")
        if not notes.nics[name].left_out:
            limit_nic(interface, rate_mbit_s=nic.rate_mbit_s)
        filterref.put(interface, nic.addresses, on=nic.antispoof and not notes.nics[name].unguarded)
        tree.add(interface, "alias", name=f"ua-nic-{name}")
    _plumbing(devices, spec.name)
    return tree.text(domain)


def add_drives(domain: tree.Element, spec: MachineSpec, notes: marks.Notes, *, pool_path: str) -> None:
    """Attach disks and seed, once they are whole; `pool_path` is where volumes lie."""
    devices = tree.child(domain, "devices")
    for index, (name, disk) in enumerate(spec.disks.items()):
        drive = tree.add(devices, "disk", type="file", device="disk")
        tree.add(drive, "driver", name="qemu", type="qcow2", discard="unmap")
        tree.add(drive, "source", file=f"{pool_path}/{notes.disks[name].volume}")
        tree.add(drive, "target", dev=f"vd{chr(ord('a') + index)}", bus="virtio")
        limit_disk(drive, iops=disk.iops, rate_mib_s=disk.rate_mib_s)
        tree.add(drive, "serial", name)
        tree.add(drive, "alias", name=f"ua-disk-{name}")
    seed = tree.add(devices, "disk", type="file", device="cdrom")
    tree.add(seed, "driver", name="qemu", type="raw")
    tree.add(seed, "source", file=f"{pool_path}/{notes.seed}")
    tree.add(seed, "target", dev="sda", bus="sata")
    tree.add(seed, "readonly")
    tree.add(seed, "alias", name="ua-seed")


def title(spec: MachineSpec) -> str:
    """The machine's title as libvirt takes it: one line."""
    return tree.clean(spec.title.replace("\n", " "))


def quota_us(cpu_cap_percent: int) -> int:
    """Microseconds of CPU per period for the whole machine, emulator included."""
    return cpu_cap_percent * PERIOD_US // 100


def limit_disk(drive: tree.Element, *, iops: int, rate_mib_s: int) -> None:
    """Put the throttle of a disk into its XML, reads and writes together, which excludes one of each.

    What is so already stays as it was written, and so does what shall be unlimited (0).
    """
    if rate_mib_s and _number(drive, "iotune/total_bytes_sec") // MIB != rate_mib_s:
        _throttle(drive, "bytes", rate_mib_s * MIB)
    if iops and _number(drive, "iotune/total_iops_sec") != iops:
        _throttle(drive, "iops", iops)


def limit_nic(interface: tree.Element, *, rate_mbit_s: int) -> None:
    """Put the rate of a NIC into its XML, both ways; libvirt counts kilobytes (1000) a second. 0: it stays as it is."""
    for way in ("inbound", "outbound") if rate_mbit_s else ():
        average = tree.attribute(interface, f"bandwidth/{way}", "average")
        if not average.isdigit() or int(average) // kilobytes(1) != rate_mbit_s:
            tree.child(interface, f"bandwidth/{way}").set("average", str(kilobytes(rate_mbit_s)))


def limit_cpu(domain: tree.Element, cpu_cap_percent: int) -> None:
    """Put the cap of the whole machine into its XML. 0: it stays as it is."""
    quota, period = (_number(domain, f"cputune/global_{part}") for part in ("quota", "period"))
    if cpu_cap_percent and not (period and round(100 * quota / period) == cpu_cap_percent):
        tree.child(domain, "cputune/global_period").text = str(PERIOD_US)
        tree.child(domain, "cputune/global_quota").text = str(quota_us(cpu_cap_percent))


def _throttle(drive: tree.Element, what: str, number: int) -> None:
    for single in (f"{way}_{what}_sec{burst}" for way in ("read", "write") for burst in ("", "_max", "_max_length")):
        if (separate := drive.find(f"iotune/{single}")) is not None:
            tree.child(drive, "iotune").remove(separate)
    tree.child(drive, f"iotune/total_{what}_sec").text = str(number)


def _number(element: tree.Element, path: str) -> int:
    text = tree.value(element, path)
    return int(text) if text.isdigit() else 0


def kilobytes(rate_mbit_s: int) -> int:
    """Mbit/s as libvirt's kilobytes a second."""
    return rate_mbit_s * 125


def _cpu(domain: tree.Element, *, accelerated: bool) -> None:
    if accelerated:
        cpu = tree.add(domain, "cpu", mode="custom", match="exact", check="none")
        tree.add(cpu, "model", KVM_CPU, fallback="forbid")
    else:
        # Emulated: no host to move to, so whatever the emulator does best.
        tree.add(domain, "cpu", mode="maximum", check="none")


def _plumbing(devices: tree.Element, name: str) -> None:
    tree.add(devices, "controller", type="usb", model="none")
    serial = tree.add(devices, "serial", type="pty")
    tree.add(serial, "log", file=f"/var/log/libvirt/qemu/{name}-console.log", append="on")
    tree.add(serial, "target", type="isa-serial", port="0")
    console = tree.add(devices, "console", type="pty")
    tree.add(console, "target", type="serial", port="0")
    agent = tree.add(devices, "channel", type="unix")
    tree.add(agent, "target", type="virtio", name="org.qemu.guest_agent.0")
    random = tree.add(devices, "rng", model="virtio")
    tree.add(random, "backend", "/dev/urandom", model="random")
    tree.add(devices, "memballoon", model="virtio")
