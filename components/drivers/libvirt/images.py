"""Golden images on a host: uploaded, read back, and only then published.

libvirt can't rename a volume, so an image is published by a second, empty volume `<image>.verified`, made only after
the bytes were read back and their digest was right. Without it the image does not exist for anybody but an upload.
"""

from pathlib import Path

import libvirt

from components.domain.names import image_volume
from components.drivers.base import Fact, ImageRef, ImageSpec
from components.drivers.errors import DriverError, Missing, Refused
from components.drivers.faults import Faults
from components.drivers.libvirt import pools, volumes
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.lease import Leases

VERIFIED = ".verified"
UPLOAD_S = 1800


class Images:
    """The images of one host."""

    def __init__(self, connection: Connection, leases: Leases, faults: Faults) -> None:
        self._connection = connection
        self._leases = leases
        self._faults = faults

    def ensure(self, spec: ImageSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to upload image {spec.name} to {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            pool = pools.need(handle, what, spec.pool)
            name = image_volume(spec.name, spec.sha256)
            if not _is_whole(pool, name):
                with self._leases.hold(what, pool, f"image-{spec.sha256[:16]}", wait=UPLOAD_S):
                    if not _is_whole(pool, name):
                        self._bring(what, handle, pool, spec, name)
            return _fact(pool, spec)

    def read(self, spec: ImageSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        with self._connection.edge(f"Unable to read image {spec.name} on {self._connection.host.name}") as handle:
            pool = pools.find(handle, spec.pool)
            if pool is None or not pools.is_mounted(pool) or not _is_whole(pool, image_volume(spec.name, spec.sha256)):
                return None
            return _fact(pool, spec)

    def delete(self, spec: ImageSpec) -> None:
        """Unpublish first, then look for users: who makes a disk looks for the publication afterwards (`recheck`).

        See `components.drivers.base.Driver`.
        """
        what = f"Unable to remove image {spec.name} from {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            pool = pools.find(handle, spec.pool)
            if pool is None:
                return
            pool = pools.need(handle, what, spec.pool)
            name = image_volume(spec.name, spec.sha256)
            with self._leases.hold(what, pool, f"image-{spec.sha256[:16]}", wait=60):
                volume = volumes.find(pool, name)
                if volume is None:
                    volumes.remove(pool, name + VERIFIED)
                    return
                whole = _is_whole(pool, name)
                volumes.remove(pool, name + VERIFIED)
                volumes.refresh(pool)
                users = volumes.users_of(pool, volume.path())
                if users:
                    if whole:
                        volumes.make_raw(pool, name + VERIFIED, 0)
                    cause = f"{len(users)} volumes stand on it, the first is {users[0]}"
                    raise Refused(what, cause, "End, move or reinstall those machines first, and empty the trash")
                with self._faults.step("image.delete"):
                    volume.delete(0)

    def _bring(
        self, what: str, handle: libvirt.virConnect, pool: libvirt.virStoragePool, spec: ImageSpec, name: str
    ) -> None:
        volume = volumes.find(pool, name)
        if volume is not None and volumes.digest(handle, volume) != spec.sha256:
            if users := volumes.users_of(pool, volume.path()):
                cause = f"the host's copy is damaged and {len(users)} disks stand on it, the first is {users[0]}"
                raise Refused(what, cause, "Nothing was touched. Restore those machines from backup")
            volume.delete(0)
            volume = None
        if volume is None:
            self._upload(what, handle, pool, spec, name)
        with self._faults.step("image.publish"):
            volumes.make_raw(pool, name + VERIFIED, 0)

    def _upload(
        self, what: str, handle: libvirt.virConnect, pool: libvirt.virStoragePool, spec: ImageSpec, name: str
    ) -> None:
        source = Path(spec.source)
        remedy = f"Run `vps image build {spec.name}`"
        if not spec.source or not source.is_file():
            raise Missing(what, f"neither the host nor {spec.source or 'this machine'} has it", remedy)
        size = source.stat().st_size
        with source.open("rb") as stream:
            volume = volumes.make_raw(pool, name, size)
            with self._faults.step("image.upload"):
                volumes.upload(handle, volume, stream, size)
        with self._faults.step("image.verify"):
            found = volumes.digest(handle, volume)
        if found != spec.sha256:
            volume.delete(0)
            raise DriverError(what, f"its digest on the host is {found}, the lock file says {spec.sha256}", remedy)


def need(what: str, pool: libvirt.virStoragePool, image: ImageRef, host: str) -> libvirt.virStorageVol:
    """The image's volume. Raises Missing when it isn't there whole."""
    name = image_volume(image.name, image.sha256)
    volume = volumes.find(pool, name)
    if volume is None or not _is_whole(pool, name):
        raise Missing(
            what,
            f"image {image.name} ({image.sha256[:16]}) is not in pool {pool.name()}",
            f"Bring up the host's stack, which uploads it: `vps up host.{host}`",
        )
    return volume


def _is_whole(pool: libvirt.virStoragePool, name: str) -> bool:
    return volumes.find(pool, name) is not None and volumes.find(pool, name + VERIFIED) is not None


def _fact(pool: libvirt.virStoragePool, spec: ImageSpec) -> Fact:
    name = image_volume(spec.name, spec.sha256)
    size = pool.storageVolLookupByName(name).infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
    values: dict[str, str | int | bool] = {"sha256": spec.sha256, "volume": name, "bytes": size}
    return Fact(name=spec.name, made=True, values=values)
