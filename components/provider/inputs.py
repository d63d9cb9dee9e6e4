"""Resource inputs, checked strictly, and what drivers need made from them.

`schema` stands in every bag: an older number must stay readable for ever, a newer one is refused by name.
"""

import difflib
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.domain.limits import UNLIMITED, is_unlimited
from components.domain.problems import DomainError
from components.drivers.base import (
    SCHEMA,
    DiskFile,
    DiskSpec,
    HostRef,
    ImageRef,
    ImageSpec,
    MachineSpec,
    NetworkSpec,
    NicSpec,
    PoolSpec,
)

Positive = Annotated[int, Field(gt=0, le=2**31, strict=True)]
Cap = Annotated[int, Field(ge=UNLIMITED, le=2**31, strict=True)]
"""A limit that only an adopted machine may lack."""
Name = Annotated[str, Field(min_length=1, max_length=255, strict=True)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Mac = Annotated[str, Field(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
Attach = Annotated[str, Field(pattern=r"^(network|bridge):.+$")]


class Strict(BaseModel):
    """No unknown keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Host(Strict):
    """How to reach the host; no secret, it stands in state."""

    name: Name
    driver: Literal["fake", "libvirt"]
    uri: Name
    probe: str = ""

    def ref(self) -> HostRef:
        """For the driver."""
        return HostRef(name=self.name, driver=self.driver, uri=self.uri, probe=self.probe)


class Image(Strict):
    """Name and digest of a golden image."""

    name: Name
    sha256: Sha256


class Disk(Strict):
    """One disk, keyed by its immutable name."""

    sizeGib: Positive
    iops: Cap
    rateMibS: Cap
    image: Image
    standalone: bool = True


class Nic(Strict):
    """One network interface, keyed by its immutable name."""

    network: Name
    attach: Attach
    mac: Mac
    rateMbitS: Cap
    addresses: list[Name]
    antispoof: bool = True


class Grows(Strict):
    """How far the running guest may grow; 0: as far as it is large."""

    vcpus: Annotated[int, Field(ge=0, le=2**31, strict=True)] = 0
    memoryMib: Annotated[int, Field(ge=0, le=2**31, strict=True)] = 0


class SeedInputs(Strict):
    """What the guest's first boot is rendered from: digest and values, never the text."""

    template: Name
    templateDigest: Sha256
    values: dict[str, Any]


class MoveInputs(Strict):
    """What lets the host change: where it goes from, and whether its guest runs on meanwhile."""

    source: Annotated[Name, Field(alias="from")]
    live: bool = False


class RestoreInputs(Strict):
    """What lets a machine of a lost host be made elsewhere: from a disk's file, or empty."""

    source: Annotated[Name, Field(alias="from")]
    disk: str = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    empty: bool = False
    backup: Annotated[str, Field(pattern=r"^([0-9TZ:-]{20})?$")] = ""
    """With `empty`: the instant of the backup that its first boot brings back."""


class Versioned(Strict):
    """Every resource names the schema that it was written for and its host."""

    schema_: Annotated[int, Field(alias="schema", ge=1, le=SCHEMA)]
    host: Host

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Every problem of inputs that are each well-formed, as (property path, what is wrong and what to do)."""
        yield from ()


class MachineInputs(Versioned):
    """`vps:index:Machine`."""

    fleet: Name
    backend: Name
    client: Name
    clientName: Name
    vps: Name
    label: Name
    title: Name
    uuid: Uuid
    name: Name
    pool: Name
    package: Name
    vcpus: Positive
    cpuCapPercent: Cap
    memoryMib: Positive
    grows: Grows = Grows()
    disks: Annotated[dict[str, Disk], Field(min_length=1)]
    nics: Annotated[dict[str, Nic], Field(min_length=1)]
    power: Literal["managed", "stopped", "suspended"] = "managed"
    order: Annotated[int, Field(ge=0, le=9)] = 1
    """Its place in the row when its host starts machines after a boot."""
    ends: Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    reinstall: Annotated[int, Field(ge=0)] = 0
    trashDays: Annotated[int, Field(ge=0)] = 30
    """For how long the trash keeps its disks after its end."""
    seed: SeedInputs | None = None
    """What the first boot was rendered from; an adopted machine never had one of ours."""
    move: MoveInputs | None = None
    restore: RestoreInputs | None = None
    adopted: bool = False
    """Made by somebody else and taken over as it is: it is never created here, and may lack caps."""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """What only all inputs together tell."""
        if self.adopted:
            if self.reinstall:
                yield "reinstall", "reinstall is for machines that were made here; this one was adopted. Set it to 0."
            return
        if self.seed is None:
            yield "seed", "seed is missing. Every machine that is made here declares it."
        for key, value in self.spec().limits().items():
            if is_unlimited(key, value):
                yield key, f"{key} is 0, which is no limit. Only an adopted machine may lack one; declare a number."

    def spec(self) -> MachineSpec:
        """For the driver."""
        return MachineSpec(
            uuid=self.uuid,
            name=self.name,
            title=self.title,
            pool=self.pool,
            vcpus=self.vcpus,
            cpu_cap_percent=self.cpuCapPercent,
            memory_mib=self.memoryMib,
            disks={
                name: DiskSpec(
                    size_gib=disk.sizeGib,
                    iops=disk.iops,
                    rate_mib_s=disk.rateMibS,
                    image=ImageRef(name=disk.image.name, sha256=disk.image.sha256),
                    standalone=disk.standalone,
                    origin=self._origin() if number == 0 else None,
                )
                for number, (name, disk) in enumerate(self.disks.items())
            },
            nics={
                name: NicSpec(
                    attach=nic.attach,
                    mac=nic.mac,
                    rate_mbit_s=nic.rateMbitS,
                    addresses=tuple(nic.addresses),
                    antispoof=nic.antispoof,
                )
                for name, nic in self.nics.items()
            },
            start=self.power == "managed",
            grows_vcpus=self.grows.vcpus,
            grows_memory_mib=self.grows.memoryMib,
        )

    def _origin(self) -> DiskFile | None:
        """The file that its first disk is restored from."""
        if self.restore is None or not self.restore.disk:
            return None
        return DiskFile(path=self.restore.disk, sha256=self.restore.sha256)


class ImageInputs(Versioned):
    """`vps:index:Image`. A new digest is uploaded beside the old one; nothing is replaced or removed."""

    name: Name
    sha256: Sha256
    pool: Name

    def spec(self, source: str = "") -> ImageSpec:
        """For the driver; `source` is the local file."""
        return ImageSpec(name=self.name, sha256=self.sha256, pool=self.pool, source=source)


class NetworkInputs(Versioned):
    """`vps:index:Network`."""

    name: Name
    mode: Literal["nat", "bridge"]
    bridge: Name
    ipv4: str = ""
    ipv6: str = ""

    def spec(self) -> NetworkSpec:
        """For the driver."""
        return NetworkSpec(name=self.name, mode=self.mode, bridge=self.bridge, ipv4=self.ipv4, ipv6=self.ipv6)


class PoolInputs(Versioned):
    """`vps:index:StoragePool`. Where it is made, the machines of its host must belong to this fleet and backend."""

    fleet: str = ""
    backend: str = ""

    name: Name
    path: Annotated[str, Field(pattern=r"^/")]

    def spec(self) -> PoolSpec:
        """For the driver."""
        return PoolSpec(name=self.name, path=self.path)


Model = TypeVar("Model", bound=Versioned)


def failures(model: type[Versioned], values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every problem of a bag as (property path, what is wrong and what to do)."""
    try:
        yield from model.model_validate(values).contradictions()
    except ValidationError as error:
        for problem in error.errors():
            path = ".".join(str(step) for step in problem["loc"])
            yield path, _words(model, problem["type"], path, problem["msg"], problem.get("input"))


def _words(model: type[Versioned], kind: str, path: str, message: str, seen: object) -> str:
    if path == "schema" and kind == "less_than_equal":
        return f"schema {seen} was written by a newer release; this one knows up to {SCHEMA}. Use the newer release."
    if kind == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        close = difflib.get_close_matches(path, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(sorted(known))}."
        return f"unknown input {path!r}.{hint}"
    if kind == "missing":
        return f"{path} is missing. Every machine and host object declares it."
    return f"{path} is {seen!r}: {message[0].lower()}{message[1:]}."


def parse(model: type[Model], values: dict[str, Any]) -> Model:
    """Inputs that passed Check, from the program or from state; unknown keys of state (outputs) are left out.

    Raises DomainError, with every problem, for a state that was broken by hand.
    """
    known = {field.alias or name for name, field in model.model_fields.items()}
    kept = {key: value for key, value in values.items() if key in known}
    try:
        return model.model_validate(kept)
    except ValidationError as error:
        what = values.get("title") or values.get("name") or model.__name__
        told = "; ".join(f"{path}: {words}" for path, words in failures(model, kept))
        raise DomainError(
            f"The state of {what} is broken: {told}",
            "Nothing was touched. Import the stack's last good state (pulumi stack history, pulumi stack import).",
        ) from error
