"""Pools, images and volumes of the fake world."""

import hashlib
from pathlib import Path

from components.domain.names import image_volume
from components.drivers.base import Fact, ImageRef, ImageSpec, Phase, PoolSpec
from components.drivers.errors import DriverError, HostFull, Missing, Refused
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults


class Storage:
    """Where disks live on one fake host."""

    def __init__(self, world: World, host: str, faults: Faults) -> None:
        self._world = world
        self._host = host
        self._faults = faults

    def ensure_pool(self, spec: PoolSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to make pool {spec.name} on {self._host}"
        with self._world.locked():
            found = self._world.get("pools", spec.name)
            if found is not None and found["path"] != spec.path:
                raise Refused(
                    what, f"a pool of this name has path {found['path']}, not {spec.path}", "Change the host's file"
                )
            if found is None:
                found = {"path": spec.path, "made": True, "marked": False}
            if not _is_mounted(found):
                self._need_disks(what, spec.name)
                self._world.put("pools", spec.name, found | {"marked": True})
        return self._pool(spec.name)

    def read_pool(self, spec: PoolSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        found = self._world.get("pools", spec.name)
        return self._pool(spec.name) if found is not None and _is_mounted(found) else None

    def delete_pool(self, spec: PoolSpec) -> None:
        """See `components.drivers.base.Driver`."""
        with self._world.locked():
            found = self._world.get("pools", spec.name)
            if found is None or not found["made"]:
                return
            if held := [*self._world.all(f"volumes/{spec.name}"), *self._world.all(f"images/{spec.name}")]:
                raise Refused(
                    f"Unable to remove pool {spec.name} on {self._host}",
                    f"it holds {len(held)} volumes, the first is {held[0]}",
                    "Move or empty them first",
                )
            self._world.remove("pools", spec.name)

    def need_pool(self, what: str, pool: str) -> None:
        """Raises Missing when the pool isn't there, or its disk isn't mounted."""
        found = self._world.get("pools", pool)
        if found is None:
            raise Missing(
                what, f"pool {pool} is not on the host", f"Bring up the host's stack: `vps up host.{self._host}`"
            )
        if not _is_mounted(found):
            raise Missing(
                what,
                f"pool {pool} lacks its marker: its disk is not mounted",
                "Mount its disk on the host, then bring up the host's stack, and run again",
            )

    def _need_disks(self, what: str, pool: str) -> None:
        """Raises Refused when machines of ours have their disks in the pool and not one of these is there."""
        phases = (Phase.STARTING, Phase.READY, Phase.ENDING)
        held = [
            domain
            for domain in self._world.all("domains").values()
            if domain["pool"] == pool and domain["mark"] and domain["mark"]["phase"] in phases
        ]
        there = self._world.all(f"volumes/{pool}")
        if held and not any(volume in there for domain in held for volume in domain["disks"].values()):
            raise Refused(
                what,
                f"{len(held)} machines have their disks in it and none of these is there: its disk is not mounted",
                "Nothing was touched. Mount its disk on the host, then run again",
            )

    def need_image(self, what: str, pool: str, image: ImageRef) -> str:
        """The image's volume name. Raises Missing when it isn't there whole."""
        name = image_volume(image.name, image.sha256)
        found = self._world.get(f"images/{pool}", name)
        if found is None or found["partial"]:
            raise Missing(
                what,
                f"image {image.name} ({image.sha256[:16]}) is not in pool {pool}",
                f"Bring up the host's stack, which uploads it: `vps up host.{self._host}`",
            )
        return name

    def ensure_image(self, spec: ImageSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to upload image {spec.name} to {self._host}"
        self.need_pool(what, spec.pool)
        found = self.read_image(spec)
        if found is not None:
            return found
        kind, name, source = f"images/{spec.pool}", image_volume(spec.name, spec.sha256), Path(spec.source)
        if not spec.source or not source.is_file():
            raise Missing(
                what,
                f"neither the host nor {spec.source or 'this machine'} has it",
                f"Run `vps image build {spec.name}`",
            )
        with self._faults.step("image.upload"):
            self._world.put(kind, name, {"partial": True, "sha256": spec.sha256, "bytes": source.stat().st_size})
        with self._faults.step("image.verify"), source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != spec.sha256:
            self._world.remove(kind, name)
            raise DriverError(
                what, f"its digest is {digest}, the lock file says {spec.sha256}", f"Run `vps image build {spec.name}`"
            )
        with self._faults.step("image.publish"):
            self._world.change(kind, name, partial=False)
        return self._image(spec)

    def read_image(self, spec: ImageSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        found = self._world.get(f"images/{spec.pool}", image_volume(spec.name, spec.sha256))
        return None if found is None or found["partial"] else self._image(spec)

    def delete_image(self, spec: ImageSpec) -> None:
        """See `components.drivers.base.Driver`."""
        name = image_volume(spec.name, spec.sha256)
        with self._world.locked():
            for volume, values in self._world.all(f"volumes/{spec.pool}").items():
                if values["backing"] == name:
                    raise Refused(
                        f"Unable to remove image {spec.name} from {self._host}",
                        f"volume {volume} stands on it",
                        "End, move or reinstall that machine first, and empty the trash",
                    )
            self._world.remove(f"images/{spec.pool}", name)

    def volume(self, pool: str, name: str) -> Values | None:
        """A disk's or seed's volume."""
        return self._world.get(f"volumes/{pool}", name)

    def make(self, pool: str, name: str, values: Values) -> None:
        """Make a volume, or make it anew; either way it gets a generation of its own."""
        self._world.put(
            f"volumes/{pool}", name, {"trash": "", "backing": "", **values, "generation": self._world.generation()}
        )

    def memory(self, what: str, uuid: str, wanted_mib: int) -> None:
        """Raises HostFull when the host can't give machine `uuid` that memory; what runs or boots next counts."""
        size = int(self._world.host()["memoryMib"])
        others = [domain for name, domain in self._world.all("domains").items() if name != uuid]
        used = sum(memory_mib(other) for other in others)
        if used + wanted_mib > size:
            raise HostFull(
                what,
                f"the host has {size} MiB memory of which {used} MiB are promised to others, "
                f"{wanted_mib} MiB are needed",
                "Choose another host, or end or shrink a machine there",
            )

    def room(self, what: str, pool: str, size_gib: int) -> None:
        """Raises HostFull when the pool can't hold `size_gib` more."""
        size = int(self._world.host()["poolGib"])
        used = sum(int(values.get("sizeGib", 0)) for values in self._world.all(f"volumes/{pool}").values())
        if used + size_gib > size:
            raise HostFull(
                what,
                f"pool {pool} holds {used} of {size} GiB, {size_gib} more are needed",
                "Free space in the pool, add disks, or choose another host",
            )

    def _pool(self, name: str) -> Fact:
        pool = self._world.get("pools", name) or {}
        size = int(self._world.host()["poolGib"])
        used = sum(int(values.get("sizeGib", 0)) for values in self._world.all(f"volumes/{name}").values())
        values: dict[str, str | int | bool] = {
            "path": str(pool["path"]),
            "capacityGib": size,
            "availableGib": size - used,
        }
        return Fact(name=name, made=bool(pool["made"]), values=values)

    def _image(self, spec: ImageSpec) -> Fact:
        name = image_volume(spec.name, spec.sha256)
        found = self._world.get(f"images/{spec.pool}", name) or {}
        values: dict[str, str | int | bool] = {
            "sha256": spec.sha256,
            "volume": name,
            "bytes": int(found.get("bytes", 0)),
        }
        return Fact(name=spec.name, made=True, values=values)


def _is_mounted(pool: Values) -> bool:
    return bool(pool.get("marked", True))


def memory_mib(domain: Values) -> int:
    """What the domain holds now or takes at its next boot, whichever is more."""
    return max(int(domain["config"]["memoryMib"]), int(domain["live"].get("memoryMib", 0)))
