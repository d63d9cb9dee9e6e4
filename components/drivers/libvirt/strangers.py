"""A domain that carries no mark of ours, as its host tells it, and what stands in the way of adopting it.

Read from the inactive XML, the pools and, for addresses, the host's leases and ARP; the guest is never asked.
"""

from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath

import libvirt

from components.drivers.adoption import Stranger
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree, volumes
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.readings import percent

GIB, MIB = 1024**3, 1024**2
DISK, NIC = "root", "n0"
"""What declarations call the only disk and the only NIC."""
SEPARATE = ("read_bytes_sec", "write_bytes_sec", "read_iops_sec", "write_iops_sec", "group_name")
"""Throttles that no package can say."""
FOLDERS = ("dir", "fs", "netfs")
"""Types of pools whose volumes are files."""
MOST_ADDRESSES = 8

Tell = Callable[[str], None]


def describe(handle: libvirt.virConnect, domain: libvirt.virDomain, described: tree.Element) -> Stranger:
    """The domain whose inactive XML is `described`."""
    obstacles: list[str] = []
    notes: list[str] = []
    limits = _boot(described, obstacles.append) | _cpu_cap(described, obstacles.append, notes.append)
    pool = volume = mac = attach = ""
    disks, nics = drives(described), described.findall("devices/interface")
    if len(disks) == 1:
        pool, volume, size = _place(handle, disks[0], obstacles.append)
        limits |= {f"disks.{DISK}.{key}": value for key, value in _tune(disks[0], obstacles.append).items()}
        if size is not None:
            limits[f"disks.{DISK}.sizeGib"] = size
    else:
        obstacles.append(f"it has {len(disks)} disks; machines with one can be adopted so far")
    if len(nics) == 1:
        mac = tree.attribute(nics[0], "mac", "address").lower()
        attach = _attach(nics[0], obstacles.append)
        rate = _rate(nics[0], obstacles.append)
        if rate is not None:
            limits[f"nics.{NIC}.rateMbitS"] = rate
    else:
        obstacles.append(f"it has {len(nics)} NICs; machines with one can be adopted so far")
    if snapshots := domain.snapshotNum(0):
        notes.append(f"it has {snapshots} snapshots, which nobody here knows of")
    if not domain.isPersistent():
        obstacles.append("it is gone once it stops: define it (virsh dumpxml, then virsh define)")
    elif domain.autostart():
        notes.append("libvirt starts it with the host (virsh autostart), even where it should stay down")
    return Stranger(
        uuid=tree.value(described, "uuid"),
        name=tree.value(described, "name"),
        power=machines.power(domain),
        limits=limits,
        disk=DISK if len(disks) == 1 else "",
        nic=NIC if len(nics) == 1 else "",
        pool=pool,
        volume=volume,
        mac=mac,
        attach=attach,
        addresses=_addresses(domain, mac) if domain.isActive() else (),
        obstacles=tuple(obstacles),
        notes=tuple(notes),
    )


def is_marked(described: tree.Element) -> bool:
    """Whether the domain carries an owner mark, be it one that we can't read."""
    return described.find(f"metadata/{{{marks.NAMESPACE}}}machine") is not None


def drives(described: tree.Element) -> list[tree.Element]:
    """The disks that hold data: neither CD-ROM nor floppy."""
    return [one for one in described.iterfind("devices/disk") if one.get("device", "disk") in ("disk", "lun")]


def _boot(described: tree.Element, tell: Tell) -> dict[str, int]:
    current, maximum = tree.attribute(described, "vcpu", "current"), tree.value(described, "vcpu")
    kib = int(tree.value(described, "memory") or 0)
    if kib % 1024:
        tell(f"its memory of {kib} KiB is no whole number of MiB: round it (virsh setmaxmem --config)")
    return {"vcpus": int(current or maximum or 1), "memoryMib": kib // 1024}


def _cpu_cap(described: tree.Element, tell: Tell, note: Tell) -> dict[str, int]:
    if _number(described, "cputune/quota") > 0:
        note("each of its vCPUs has a quota of its own, which stays as it is and is no cap of the machine")
    quota, period = _number(described, "cputune/global_quota"), _number(described, "cputune/global_period")
    cap = percent(quota, period or 100_000)
    if cap is not None and quota * 100 != cap * (period or 100_000):
        tell(f"its CPU quota of {quota} in {period or 100_000} µs is no whole number of percent: round it")
    return {"cpuCapPercent": cap or 0}


def _place(handle: libvirt.virConnect, drive: tree.Element, tell: Tell) -> tuple[str, str, int | None]:
    """Pool, volume and size in GiB of the disk."""
    form = tree.attribute(drive, "driver", "type")
    path = volumes.source(handle, drive)
    if not path:
        tell(f"its disk is of type {drive.get('type')}: only disks that are files in a pool can be adopted so far")
        return "", "", None
    if form not in ("qcow2", "raw"):
        tell(f"its disk has the format {form or 'that QEMU guesses'}: qcow2 and raw can be adopted")
    for flag in ("shareable", "transient", "readonly"):
        if drive.find(flag) is not None:
            tell(f"its disk is {flag}, which a machine's only disk can't be")
    volume = _volume(handle, path)
    if volume is None:
        folder = PurePosixPath(path).parent
        tell(f"its disk {path} lies in no active pool: make one (virsh pool-create-as NAME dir --target {folder})")
        return "", "", None
    pool = volume.storagePoolLookupByVolume()
    kind = tree.parse(pool.XMLDesc(0)).get("type", "")
    if kind not in FOLDERS:
        tell(f"its disk lies in pool {pool.name()} of type {kind}: only disks that are files can be adopted so far")
    size = volume.info()[1] // GIB
    if size < 1:
        tell("its disk is smaller than 1 GiB: grow it (virsh vol-resize, or virsh blockresize while it runs)")
    return pool.name(), volume.name(), size


def _volume(handle: libvirt.virConnect, path: str) -> libvirt.virStorageVol | None:
    """The volume at `path`; a pool over its folder that hasn't listed it yet looks again."""
    with suppress(libvirt.libvirtError):
        return handle.storageVolLookupByPath(path)
    folder = str(PurePosixPath(path).parent)
    for pool in handle.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        if tree.value(tree.parse(pool.XMLDesc(0)), "target/path") == folder:
            volumes.refresh(pool)
            return volumes.find(pool, PurePosixPath(path).name)
    return None


def _tune(drive: tree.Element, tell: Tell) -> dict[str, int]:
    separate = [tag for tag in SEPARATE if tree.value(drive, f"iotune/{tag}") not in ("", "0")]
    if separate:
        tell(f"its disk is throttled by {', '.join(separate)}, which no package says: set totals (virsh blkdeviotune)")
    rate = _number(drive, "iotune/total_bytes_sec")
    if rate % MIB:
        tell(f"its disk rate of {rate} bytes/s is no whole number of MiB/s: round it (virsh blkdeviotune)")
    return {"iops": _number(drive, "iotune/total_iops_sec"), "rateMibS": rate // MIB}


def _attach(interface: tree.Element, tell: Tell) -> str:
    mode = interface.get("type", "")
    if mode not in ("network", "bridge"):
        tell(f"its NIC is of type {mode}: only NICs on a network or a bridge can be adopted")
        return ""
    return f"{mode}:{tree.attribute(interface, 'source', mode)}"


def _rate(interface: tree.Element, tell: Tell) -> int | None:
    ways = [_whole(tree.attribute(interface, f"bandwidth/{way}", "average")) for way in ("inbound", "outbound")]
    if ways[0] != ways[1] or ways[0] % 125:
        told = " and ".join(f"{one or 'no limit'}" for one in ways)
        tell(f"its NIC has {told} kB/s in and out: give both ways the same, a multiple of 125 (virsh domiftune)")
        return None
    return ways[0] // 125


def _addresses(domain: libvirt.virDomain, mac: str) -> tuple[str, ...]:
    """What the host saw the NIC use; nothing where it can't tell."""
    found: dict[str, None] = {}
    for source in (libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP):
        try:
            told = domain.interfaceAddresses(source) or {}
        except libvirt.libvirtError as problem:
            if is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                raise
            continue
        for interface in told.values():
            if str(interface.get("hwaddr", "")).lower() == mac:
                found |= {str(one["addr"]): None for one in interface.get("addrs") or ()}
    return tuple(islice((one for one in found if not one.lower().startswith("fe80:")), MOST_ADDRESSES))


def _number(element: tree.Element, path: str) -> int:
    return _whole(tree.value(element, path))


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0
