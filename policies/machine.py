"""What the rules see of a resource: plain values taken from the engine's property bag, whatever it holds.

A bag is never trusted to have a shape: what is missing or of another type is None or empty, and the rules say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MACHINE = "vps:index:Machine"
OURS = "vps:index:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Any resource of ours."""

    type: str
    name: str
    protected: bool
    host: str
    properties: Mapping[str, object]

    @property
    def is_machine(self) -> bool:
        """Whether it is a client's machine."""
        return self.type == MACHINE

    @property
    def title(self) -> str:
        """What people call it: client/VPS for a machine."""
        return text(self.properties.get("title")) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A client's machine. A limit that is no whole number is None; keys are those of the inputs."""

    title: str
    client: str
    package: str
    ends: str
    limits: Mapping[str, int | None]
    users: tuple[Mapping[str, object], ...]
    values: Mapping[str, object]
    """What its seed is rendered from."""
    unread: tuple[str, ...]
    """What could not be read as what it must be."""


def resource(type_: str, name: str, properties: Mapping[str, object], *, protected: bool) -> Resource:
    """The view of any resource of ours."""
    host = text(mapping(properties.get("host")).get("name"))
    return Resource(type=type_, name=name, protected=protected, host=host, properties=properties)


def machine(found: Resource) -> Machine:
    """The view of a machine."""
    bag = found.properties
    limits = {key: whole(bag.get(key)) for key in ("vcpus", "cpuCapPercent", "memoryMib")}
    for disk, limit in mapping(bag.get("disks")).items():
        limits |= {f"disks.{disk}.{key}": whole(mapping(limit).get(key)) for key in ("sizeGib", "iops", "rateMibS")}
    for nic, limit in mapping(bag.get("nics")).items():
        limits[f"nics.{nic}.rateMbitS"] = whole(mapping(limit).get("rateMbitS"))
    values = mapping(mapping(bag.get("seed")).get("values"))
    users = values.get("users")
    listed = users if isinstance(users, Sequence) and not isinstance(users, str) else ()
    return Machine(
        title=found.title,
        client=text(bag.get("client")),
        package=text(bag.get("package")),
        ends=text(bag.get("ends")),
        limits=limits,
        users=tuple(mapping(user) for user in listed),
        values=values,
        unread=() if values and isinstance(users, Sequence) else ("seed.values.users",),
    )


def text(value: object) -> str:
    """A text, or the empty one."""
    return value if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """A whole number; the engine hands every number over as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
        return None
    return int(value)


def mapping(value: object) -> Mapping[str, object]:
    """A map, or the empty one."""
    return value if isinstance(value, Mapping) else {}
