"""What the rules see of a resource: plain values taken from the engine's property bag, whatever it holds.

A bag is never trusted to have a shape: what is missing or of another type is None or empty, and the rules say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MACHINE = "vps:index:Machine"
OURS = "vps:index:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Any resource that is judged."""

    type: str
    name: str
    protected: bool
    properties: Mapping[str, object]
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What rules found out of it, for each other: twenty of them ask for the same."""

    @property
    def is_ours(self) -> bool:
        """Whether our plugin makes it."""
        return self.type.startswith(OURS)

    @property
    def is_machine(self) -> bool:
        """Whether it is a client's machine."""
        return self.type == MACHINE

    @property
    def title(self) -> str:
        """What people call it: client/VPS for a machine."""
        return text(self.properties.get("title")) or self.name

    @property
    def host(self) -> str:
        """The host that it stands on."""
        memo = self.memo
        if "host" not in memo:
            memo["host"] = text(mapping(self.properties.get("host")).get("name"))
        host: str = memo["host"]
        return host


@dataclass(frozen=True, slots=True)
class Machine:
    """The view of a resource that is a client's machine; each rule takes what it needs."""

    resource: Resource

    @property
    def client(self) -> str:
        """The id of the client whose machine it is."""
        return text(self.resource.properties.get("client"))

    @property
    def package(self) -> str:
        """The package version that was sold, or the empty text."""
        return text(self.resource.properties.get("package"))

    @property
    def is_adopted(self) -> bool:
        """Whether somebody else made it: it never had a seed of ours."""
        return self.resource.properties.get("adopted") is True

    @property
    def ends(self) -> str:
        """The declared end, or the empty text."""
        return text(self.resource.properties.get("ends"))

    @property
    def limits(self) -> Mapping[str, int | None]:
        """By the keys of the inputs; None is no whole number."""
        memo = self.resource.memo
        if "limits" not in memo:
            memo["limits"] = self._limits()
        limits: Mapping[str, int | None] = memo["limits"]
        return limits

    def _limits(self) -> Mapping[str, int | None]:
        bag = self.resource.properties
        found = {key: whole(bag.get(key)) for key in ("vcpus", "cpuCapPercent", "memoryMib")}
        for disk, limit in mapping(bag.get("disks")).items():
            values = mapping(limit)
            for key in ("sizeGib", "iops", "rateMibS"):
                found[f"disks.{disk}.{key}"] = whole(values.get(key))
        for nic, limit in mapping(bag.get("nics")).items():
            found[f"nics.{nic}.rateMbitS"] = whole(mapping(limit).get("rateMbitS"))
        return found

    @property
    def users(self) -> tuple[Mapping[str, object], ...] | None:
        """The accounts that the guest is given; None when that is no list."""
        memo = self.resource.memo
        if "users" not in memo:
            users: Any = mapping(mapping(self.resource.properties.get("seed")).get("values")).get("users")
            is_list = isinstance(users, Sequence) and not isinstance(users, str)
            memo["users"] = tuple(map(mapping, users)) if is_list else None
        found: tuple[Mapping[str, object], ...] | None = memo["users"]
        return found


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
    return value if type(value) is dict or isinstance(value, Mapping) else {}
