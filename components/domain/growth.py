"""How a running guest grows: inside the room that it was booted with, and memory only in whole blocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BLOCK_MIB = 128
"""What guests add memory in; a DIMM of another size would be given and not be used."""
LARGE_MIB, LARGE_BLOCK_MIB = 64 * 1024, 2048
"""Linux adds memory in larger blocks where it booted with this much (`probe_memory_block_size`, x86)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A machine's guest as last seen, by limit key (`vcpus`, `memoryMib`): what it has, and how far it may grow.

    Both are empty while it is off.
    """

    has: Mapping[str, int] = field(default_factory=dict)
    room: Mapping[str, int] = field(default_factory=dict)


def block_mib(running_mib: int) -> int:
    """What a guest that runs with so much memory takes more of it in, in MiB."""
    return BLOCK_MIB if running_mib < LARGE_MIB else LARGE_BLOCK_MIB


def obstacle(key: str, has: int, wanted: int, room: int) -> str:
    """Why a running guest can't grow to `wanted` before its next boot, in words; empty: it can."""
    if wanted > room:
        return "the running guest was booted with " + (f"room for {room} only" if room > has else "no room to grow")
    if key == "memoryMib" and (wanted - has) % block_mib(has):
        return f"a running guest takes memory in steps of {block_mib(has)} MiB only"
    return ""
