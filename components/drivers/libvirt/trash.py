"""The trash of a libvirt host: one record per ended machine, or per disk that a reinstallation replaced.

libvirt can't rename a volume, and a copy could fail half-way: a disk goes into the trash by losing its machine. The
record `trash-<key>.json` lies in the same pool: it has mark, volumes, addresses, days and the whole XML, so that the
machine can be defined again as it was.
"""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import libvirt

from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import parking, patch, pools, tree, volumes
from components.drivers.libvirt.errors import is_code
from components.drivers.marks import as_values, from_values
from components.drivers.trash import ENDED, Trashed, free_key

PREFIX, SUFFIX = "trash-", ".json"
MOST_BYTES = 4 * 1024 * 1024
"""A larger record was not written by us."""
MIB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it lies in a pool: what it says, and the XML of its machine."""

    found: Trashed
    xml: str


def write(
    handle: libvirt.virConnect,
    pool: libvirt.virStoragePool,
    key: str,
    described: tree.Element,
    notes: marks.Notes,
    *,
    why: str,
    due: str,
) -> None:
    """Write the record of the machine `described`, whose domain still stands, under `key` or one that is free.

    An interrupted call's record is replaced, and so is that of a reinstallation of this disk that did not come about.
    """
    volumes_named = {disk.volume for disk in notes.disks.values()}
    there = {record.found.key: record.found.volumes.values() for record in read(handle, pool, {})}
    key = free_key(key, tree.value(described, "uuid"), volumes_named, there)
    record = {
        "schema": notes.mark.schema,
        "uuid": tree.value(described, "uuid"),
        "name": tree.value(described, "name"),
        "title": tree.value(described, "title"),
        "why": why,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "due": due,
        "mark": as_values(notes.mark),
        "volumes": {
            **{name: disk.volume for name, disk in notes.disks.items()},
            **({"seed": notes.seed} if notes.seed else {}),
        },
        "sizeGib": sum(disk.size_gib for disk in notes.disks.values()),
        "addresses": [address for nic in notes.nics.values() for address in nic.addresses],
        "macs": _macs(described, notes),
        "xml": tree.text(described),
    }
    content = json.dumps(record, indent=1).encode()
    remove(pool, key)
    volume = volumes.make_raw(pool, f"{PREFIX}{key}{SUFFIX}", len(content))
    volumes.upload(handle, volume, io.BytesIO(content), len(content))
    for other, named in there.items():
        if other != key and volumes_named & set(named):
            remove(pool, other)


def remove(pool: libvirt.virStoragePool, key: str) -> None:
    """Forget the record; its volumes stay. Absent is done."""
    volumes.remove(pool, f"{PREFIX}{key}{SUFFIX}")


def read(
    handle: libvirt.virConnect, pool: libvirt.virStoragePool, used: Mapping[str, str] | None = None
) -> list[Record]:
    """Every record of the pool, oldest first. `used` says whose each volume is (`users`), asked for when not given."""
    named = [name for name in pool.listVolumes() if name.startswith(PREFIX) and name.endswith(SUFFIX)]
    if not named:
        return []
    if used is None:
        used = users(handle)
    found = [_read(handle, pool, name, used) for name in named]
    return sorted((record for record in found if record), key=lambda record: (record.found.ended, record.found.key))


def users(handle: libvirt.virConnect) -> dict[str, str]:
    """By path, the name of the machine that has the file as a disk: in its definition, even parked, or in what runs."""
    found: dict[str, str] = {}
    for domain in handle.listAllDomains(0):
        try:
            described = [machines.config(domain)]
            parking.unpark(described[0])
            if domain.isActive():
                described.append(tree.parse(domain.XMLDesc(0)))
        except libvirt.libvirtError as problem:
            if is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                continue
            raise
        for source in (source for one in described for source in one.iterfind("devices/disk//source")):
            path = source.get("file") or source.get("dev") or _in_pool(handle, source)
            if path:
                found[path] = domain.name()
    return found


def unfilled(handle: libvirt.virConnect, pool: libvirt.virStoragePool) -> int:
    """Bytes that the trash was promised and has not filled: a machine that comes back fills them."""
    names = {
        name
        for record in read(handle, pool)
        if not record.found.in_use
        for disk, name in record.found.volumes.items()
        if disk != "seed"
    }
    return sum(_unfilled(pool, name) for name in sorted(names))


def path_of(pool: libvirt.virStoragePool, name: str) -> str:
    """Where a volume of the pool lies, as its libvirtd sees it."""
    return f"{pools.path(pool)}/{name}"


def _in_pool(handle: libvirt.virConnect, source: tree.Element) -> str:
    """The path of a disk that its definition names by pool and volume; empty when it names none that is there."""
    pool = pools.find(handle, source.get("pool", "")) if source.get("pool") else None
    return path_of(pool, source.get("volume", "")) if pool is not None else ""


def _unfilled(pool: libvirt.virStoragePool, name: str) -> int:
    volume = volumes.find(pool, name)
    if volume is None or tree.value(tree.parse(volume.XMLDesc(0)), "backingStore/path"):
        return 0
    _, capacity, allocation = map(int, volume.info())
    return max(capacity - allocation, 0)


def _read(
    handle: libvirt.virConnect, pool: libvirt.virStoragePool, name: str, used: Mapping[str, str]
) -> Record | None:
    key = name.removeprefix(PREFIX).removesuffix(SUFFIX)
    try:
        volume = pool.storageVolLookupByName(name)
        content = bytearray()
        if volume.info()[1] <= MOST_BYTES:
            volumes.download(handle, volume, 0, content.extend)
        record = json.loads(bytes(content).rstrip(b"\0"))
        return Record(found=_told(pool, key, record, used), xml=str(record["xml"]))
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_STORAGE_VOL):
            return None
        raise
    except (ValueError, KeyError, TypeError, AttributeError, SyntaxError):
        # SyntaxError is how the XML parser says it.
        return Record(found=_broken(pool, key, name), xml="")


def _told(pool: libvirt.virStoragePool, key: str, record: Mapping[str, Any], used: Mapping[str, str]) -> Trashed:
    """What a record of this or of an older release says; what that one did not note stands in the XML."""
    described = tree.parse(str(record["xml"]))
    notes = marks.find(described)
    mark = from_values(record["mark"])
    if notes is None or mark is None:
        raise ValueError(key)
    named = {str(disk): str(name) for disk, name in record["volumes"].items()}
    there = {name: volume for name in named.values() if (volume := volumes.find(pool, name)) is not None}
    return Trashed(
        key=key,
        uuid=str(record["uuid"]),
        name=str(record["name"]),
        title=str(record.get("title") or tree.value(described, "title") or record["name"]),
        mark=mark,
        pool=pool.name(),
        why=str(record.get("why", ENDED)),
        ended=str(record["ended"]),
        due=str(record.get("due", "")),
        volumes=named,
        size_gib=int(record.get("sizeGib", sum(disk.size_gib for disk in notes.disks.values()))),
        used_mib=sum(volume.info()[2] for volume in there.values()) // MIB,
        addresses=tuple(record.get("addresses", _addresses(notes))),
        macs=tuple(record.get("macs", _macs(described, notes))),
        in_use=any(path_of(pool, name) in used for name in named.values()),
        lost=tuple(sorted(set(named.values()) - there.keys())),
    )


def _broken(pool: libvirt.virStoragePool, key: str, name: str) -> Trashed:
    return Trashed(
        key=key,
        uuid="",
        name=name,
        title=f"{name} (can't be read)",
        mark=None,
        pool=pool.name(),
        why=ENDED,
        ended="",
        due="",
        volumes={},
        size_gib=0,
        used_mib=0,
        addresses=(),
        macs=(),
        lost=(name,),
    )


def _addresses(notes: marks.Notes) -> Iterable[str]:
    return (address for nic in notes.nics.values() for address in nic.addresses)


def _macs(described: tree.Element, notes: marks.Notes) -> list[str]:
    found = (patch.find_nic(described, nic) for nic in notes.nics)
    return [tree.attribute(nic, "mac", "address") for nic in found if nic is not None]
