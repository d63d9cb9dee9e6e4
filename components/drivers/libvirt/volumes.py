"""Volumes in a directory pool: disks, seeds, and how bytes get in and out."""

import hashlib
from collections.abc import Callable, Iterator
from typing import IO

import libvirt

from components.drivers.base import DiskSpec
from components.drivers.libvirt import tree
from components.drivers.libvirt.errors import is_code

GIB = 1024**3


def find(pool: libvirt.virStoragePool, name: str) -> libvirt.virStorageVol | None:
    """The volume of that name, or None. libvirtd lists what it made itself at once, other files after a refresh."""
    try:
        return pool.storageVolLookupByName(name)
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_STORAGE_VOL):
            return None
        raise


def refresh(pool: libvirt.virStoragePool) -> None:
    """Have libvirtd look into the folder; while another volume is being made it can't, and knows that one anyway."""
    try:
        pool.refresh(0)
    except libvirt.libvirtError as problem:
        if not is_code(problem, libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_OPERATION_INVALID):
            raise


def make_raw(pool: libvirt.virStoragePool, name: str, size: int) -> libvirt.virStorageVol:
    """A new sparse raw file of `size` bytes. Raises libvirt's VIR_ERR_STORAGE_VOL_EXIST when the name is taken."""
    return pool.createXML(_describe(name, size, "raw"), 0)


def make_disk(
    pool: libvirt.virStoragePool, name: str, disk: DiskSpec, image: libvirt.virStorageVol
) -> libvirt.virStorageVol:
    """A new disk of the image's content and the declared size: an overlay on it, or a whole copy of its own."""
    size = disk.size_gib * GIB
    if not disk.standalone:
        return pool.createXML(_describe(name, size, "qcow2", backing=image.path()), 0)
    volume = pool.createXMLFrom(_describe(name, size, "qcow2"), image, 0)
    if volume.info()[1] < size:
        volume.resize(size, 0)
    return volume


def make_empty(pool: libvirt.virStoragePool, name: str, size: int, form: str) -> libvirt.virStorageVol:
    """A new, empty disk of `size` bytes in the format `form`."""
    return pool.createXML(_describe(name, size, form), 0)


def copy_whole(pool: libvirt.virStoragePool, name: str, volume: libvirt.virStorageVol) -> libvirt.virStorageVol:
    """A new disk with the content and size of `volume` that stands on no other one."""
    size = volume.info()[1]
    made = pool.createXMLFrom(_describe(name, size, "qcow2"), volume, 0)
    if made.info()[1] < size:
        made.resize(size, 0)
    return made


def remove(pool: libvirt.virStoragePool, name: str) -> None:
    """Remove the volume; absent is done."""
    volume = find(pool, name)
    if volume is not None:
        volume.delete(0)


def capacity(handle: libvirt.virConnect, path: str) -> int | None:
    """The size in bytes that the guest sees of the volume at `path`, or None when there is none."""
    try:
        size: int = handle.storageVolLookupByPath(path).info()[1]
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_STORAGE_VOL):
            return None
        raise
    return size


def source(handle: libvirt.virConnect, drive: tree.Element) -> str:
    """Where the content of a disk lies, as its libvirtd sees it, whether the file or pool and volume are named.

    Empty for a disk of another kind, and where pool or volume are not there.
    """
    file = tree.attribute(drive, "source", "file")
    pool, name = tree.attribute(drive, "source", "pool"), tree.attribute(drive, "source", "volume")
    if file or not (pool and name):
        return file
    try:
        path: str = handle.storagePoolLookupByName(pool).storageVolLookupByName(name).path()
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_STORAGE_POOL, libvirt.VIR_ERR_NO_STORAGE_VOL):
            return ""
        raise
    return path


def upload(handle: libvirt.virConnect, volume: libvirt.virStorageVol, source: IO[bytes], length: int) -> None:
    """Fill the volume from `source`."""
    stream = handle.newStream(0)
    try:
        volume.upload(stream, 0, length, 0)
        stream.sendAll(lambda _stream, count, _opaque: source.read(count), None)
        stream.finish()
    except BaseException:
        _abort(stream)
        raise


def fill(handle: libvirt.virConnect, volume: libvirt.virStorageVol, pieces: Iterator[bytes], length: int) -> None:
    """Fill the volume with `length` bytes that come in `pieces`."""
    stream = handle.newStream(0)
    try:
        volume.upload(stream, 0, length, 0)
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[stream.send(bytes(rest)) :]
        stream.finish()
    except BaseException:
        _abort(stream)
        raise


def pieces(handle: libvirt.virConnect, volume: libvirt.virStorageVol, size: int) -> Iterator[bytes]:
    """All bytes of the volume, at most `size` at a time."""
    stream = handle.newStream(0)
    try:
        volume.download(stream, 0, 0, 0)
        while piece := stream.recv(size):
            yield piece
        stream.finish()
    except BaseException:
        _abort(stream)
        raise


def download(
    handle: libvirt.virConnect, volume: libvirt.virStorageVol, length: int, take: Callable[[bytes], None]
) -> None:
    """Hand the first `length` bytes of the volume to `take`, piece by piece (all when 0)."""
    stream = handle.newStream(0)
    try:
        volume.download(stream, 0, length, 0)
        stream.recvAll(lambda _stream, piece, _opaque: take(piece), None)
        stream.finish()
    except BaseException:
        _abort(stream)
        raise


def digest(handle: libvirt.virConnect, volume: libvirt.virStorageVol) -> str:
    """SHA-256 of the volume's bytes as the host holds them."""
    total = hashlib.sha256()
    download(handle, volume, 0, total.update)
    return total.hexdigest()


def users_of(pool: libvirt.virStoragePool, path: str) -> list[str]:
    """The volumes of the pool that stand on the file at `path` as their backing file."""
    found = []
    for volume in pool.listAllVolumes(0):
        try:
            described = tree.parse(volume.XMLDesc(0))
        except libvirt.libvirtError as problem:
            if is_code(problem, libvirt.VIR_ERR_NO_STORAGE_VOL):
                continue
            raise
        if tree.value(described, "backingStore/path") == path:
            found.append(volume.name())
    return sorted(found)


def _abort(stream: libvirt.virStream) -> None:
    try:
        stream.abort()
    except libvirt.libvirtError:
        # It ended by itself; the error under way says why.
        return


def _describe(name: str, size: int, form: str, backing: str = "") -> str:
    volume = tree.Element("volume")
    tree.add(volume, "name", name)
    tree.add(volume, "allocation", "0")
    tree.add(volume, "capacity", str(size), unit="bytes")
    target = tree.add(volume, "target")
    tree.add(target, "format", type=form)
    tree.add(tree.add(target, "permissions"), "mode", "0600")
    if backing:
        store = tree.add(volume, "backingStore")
        tree.add(store, "path", backing)
        tree.add(store, "format", type="qcow2")
    return tree.text(volume)
