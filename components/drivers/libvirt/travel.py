"""What of a domain travels: its disks and seed, its definition as another host takes it, its trash where it was."""

from dataclasses import replace

import libvirt

from components.drivers.base import MachineSpec
from components.drivers.errors import Missing, Refused
from components.drivers.gate import SEED, fresh_name
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import parking, patch, pools, trash, tree, volumes

STAYS = {
    "devices/hostdev": "a device of the host is passed through to it",
    "devices/tpm": "it has a TPM, whose secrets stand in a folder of the host",
    "devices/filesystem": "it uses a folder of the host",
    "os/nvram": "its firmware keeps its settings in a file of the host (UEFI)",
    "os/kernel": "it boots a kernel file of the host",
}
"""What binds a domain to its host."""


def need_fit(what: str, domain: libvirt.virDomain, described: tree.Element, notes: marks.Notes) -> None:
    """Raises Refused, before anything is touched, for a domain that can't travel as a whole."""
    nothing = "Nothing was touched. Take that away first, or leave the machine where it is"
    for path, cause in STAYS.items():
        if described.find(path) is not None:
            raise Refused(what, cause, nothing)
    if domain.snapshotNum(0):
        raise Refused(what, "it has snapshots of libvirt", nothing)
    if domain.hasManagedSaveImage(0):
        raise Refused(what, "its memory is saved on the host (managed save)", "Start it first, then move it")
    ours = [patch.find_disk(described, name, notes) for name in notes.disks]
    ours.append(parking.find_seed(described, notes))
    for drive in described.iterfind("devices/disk"):
        if drive not in ours and drive.find("source") is not None:
            raise Refused(what, f"its drive {tree.attribute(drive, 'target', 'dev')} is not one of ours", nothing)


def fresh_notes(notes: marks.Notes, spec: MachineSpec, rates_left_out: str) -> marks.Notes:
    """Our notes for the target: volumes under new names, NIC rates where that host enforces them."""
    made = replace(
        notes,
        pool=spec.pool,
        seed=fresh_name(notes.seed) if notes.seed else "",
        disks={name: replace(disk, volume=fresh_name(disk.volume)) for name, disk in notes.disks.items()},
    )
    return made.without_rates(rates_left_out)


def connect(described: tree.Element, spec: MachineSpec, notes: marks.Notes) -> None:
    """Attach each NIC to what the target calls its network, and let the target choose its own emulator."""
    for name, nic in spec.nics.items():
        interface = patch.find_nic(described, name, notes)
        if interface is None:
            continue
        mode, _, place = nic.attach.partition(":")
        interface.set("type", mode)
        source = tree.child(interface, "source")
        source.attrib.clear()
        source.set(mode, place)
    patch.rates(described, notes)
    devices = tree.child(described, "devices")
    for emulator in devices.findall("emulator"):
        devices.remove(emulator)


def path_of(what: str, handle: libvirt.virConnect, described: tree.Element, notes: marks.Notes, part: str) -> str:
    """The file of a part. Raises Missing when the definition has none."""
    drive = parking.find_seed(described, notes) if part == SEED else patch.find_disk(described, part, notes)
    path = "" if drive is None else volumes.source(handle, drive)
    if not path:
        raise Missing(what, f"it has no drive {part}", "Look at its definition on the host")
    return path


def volume_of(notes: marks.Notes, part: str) -> str:
    """The name of a part's volume in the machine's pool."""
    return notes.seed if part == SEED else notes.disks[part].volume


def stands_on_another(volume: libvirt.virStorageVol) -> bool:
    """Whether the volume needs another one below it."""
    return bool(tree.value(tree.parse(volume.XMLDesc(0)), "backingStore/path"))


def make_whole(
    what: str, handle: libvirt.virConnect, volume: libvirt.virStorageVol, notes: marks.Notes, part: str
) -> libvirt.virStorageVol:
    """A copy of a disk with all its content, beside it, until the move is over."""
    pool = pools.need(handle, what, notes.pool)
    name = _whole_name(notes, part)
    volumes.remove(pool, name)
    return volumes.copy_whole(pool, name, volume)


def remove_whole(handle: libvirt.virConnect, notes: marks.Notes) -> None:
    """Remove what `make_whole` made."""
    pool = pools.find(handle, notes.pool)
    for part in notes.disks if pool is not None and pools.is_mounted(pool) else ():
        volumes.remove(pool, _whole_name(notes, part))


def make_room(
    what: str, domain: libvirt.virDomain, arriving: tree.Element, pool: libvirt.virStoragePool, notes: marks.Notes
) -> None:
    """Empty disks on the target, each of the size that the running guest sees, for libvirt to fill."""
    described = parking.armed(arriving)
    for name, disk in notes.disks.items():
        drive = patch.find_disk(described, name, notes)
        if drive is None:
            raise Missing(what, f"it has no drive {name}", "Look at its definition on the host")
        size = domain.blockInfo(tree.attribute(drive, "target", "dev"))[0]
        volumes.remove(pool, disk.volume)
        volumes.make_empty(pool, disk.volume, size, tree.attribute(drive, "driver", "type") or "qcow2")


def memory_mib(described: tree.Element) -> int:
    """What the domain takes at its next boot."""
    kib = tree.value(described, "memory")
    return int(kib) // 1024 if kib.isdigit() else 0


def record(
    what: str, handle: libvirt.virConnect, described: tree.Element, notes: marks.Notes, *, to: str, due: str
) -> None:
    """Note in the trash of the host that it left whose these volumes were, and where the machine is now.

    Its addresses are not in quarantine: the machine has them, elsewhere.
    """
    pool = pools.need(handle, what, notes.pool)
    key = f"{tree.value(described, 'uuid')}-m{notes.mark.revision}"
    trash.write(handle, pool, key, described, replace(notes, nics={}), why=f"moved to {to}", due=due)


def _whole_name(notes: marks.Notes, part: str) -> str:
    return f"{volume_of(notes, part)}.moving"
