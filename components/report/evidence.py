"""What an audit compares: machines as state or files have them, and what hosts answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.domain.limits import PARTS, WHOLE
from components.drivers.base import Machine

NEEDED = frozenset({"uuid", "title", "host", "incarnation", "phase", *WHOLE, *PARTS})
"""What is looked at of a bag: the rest of ten thousand bags would fill the memory."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One machine as state remembers it (`bag`: its outputs, inputs included), or as files declare it.

    `delivered` is None where only files speak: nobody can tell whether it was ever made.
    """

    stack: str
    bag: Mapping[str, Any]
    delivered: bool | None = True

    @classmethod
    def of(cls, stack: str, outputs: Mapping[str, Any]) -> "Recorded":
        """From the outputs in state, of which only what is compared is kept."""
        return cls(stack, {key: value for key, value in outputs.items() if key in NEEDED})

    @property
    def title(self) -> str:
        """`client/vps`."""
        return str(self.bag.get("title") or self.bag.get("uuid"))

    @property
    def host(self) -> str:
        """The name of the host that it is recorded on."""
        return str(self.bag.get("host", {}).get("name", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one host said: its marked machines, or in `silent` why nothing. `has_probe` says whether one is declared.

    `lost` is since when the host is declared lost: then it is silent, or the declaration is false.
    """

    machines: Sequence[Machine] = ()
    silent: str = ""
    has_probe: bool = True
    lost: str = ""
