"""A restored disk comes in: a file of the machine that applies becomes a volume, compared byte by byte."""

from pathlib import Path

import libvirt

from components.drivers import origin
from components.drivers.base import DiskFile, DiskSpec
from components.drivers.errors import DriverError
from components.drivers.libvirt import volumes


def bring(
    what: str,
    handle: libvirt.virConnect,
    pool: libvirt.virStoragePool,
    name: str,
    disk: DiskSpec,
    source: DiskFile,
) -> None:
    """Make the volume `name`, which isn't there, from the file, as large as declared. Raises as `origin.need`."""
    length = origin.need(what, source, disk.size_gib)
    with Path(source.path).open("rb") as stream:
        volume = volumes.make_raw(pool, name, length)
        volumes.upload(handle, volume, stream, length)
    found = volumes.digest(handle, volume)
    if found != source.sha256:
        raise DriverError(what, f"{name} has digest {found} on the host", "Check its disks, then run again")
    # It was made as bytes; libvirtd has to look what they are before it can grow them.
    volumes.refresh(pool)
    volume = pool.storageVolLookupByName(name)
    if volume.info()[1] < disk.size_gib * volumes.GIB:
        volume.resize(disk.size_gib * volumes.GIB, 0)
