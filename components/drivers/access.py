"""Who may log in to a running guest, and its name: set in the guest by its own agent, as a separate, visible act.

What a guest answers is its word, never a fact: it is read with a deadline, cut to a size, stripped of everything that a
terminal would obey, and nothing of ours hangs on it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from components.drivers.base import Mark

DEADLINE_S = 10
"""How long a guest's agent may take for one answer."""
MOST_CHARACTERS = 200
MOST_KEYS = 1000
"""More keys of one user than this are not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What shall hold in the guest: its name, and by user the public keys that may log in (none: nobody may)."""

    hostname: str
    keys: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestWord:
    """What the guest says afterwards. `hostname` and each user: empty when it is as wished, else what it said."""

    hostname: str = ""
    users: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether the guest says that everything is as wished."""
        return not self.hostname and not any(self.users.values())


class Access(Protocol):
    """A host's part in it."""

    def set(self, uuid: str, mark: Mark, wish: Wish) -> GuestWord:
        """Have the guest of a running machine set keys and name, and ask it what it has then.

        One user that the guest refuses keeps no other from being set. Raises Missing and NotOurs as `Driver.update`,
        Refused when it does not run, DriverError when its agent does not answer at all.
        """
        ...


def word(text: str) -> str:
    """What a guest said, as it may be shown: one line, no control characters, not too long."""
    plain = re.sub(r"[^\x20-\x7e]+", " ", text).strip()
    return plain if len(plain) <= MOST_CHARACTERS else plain[:MOST_CHARACTERS] + "…"


def compare(wanted: tuple[str, ...], said: tuple[str, ...]) -> str:
    """Empty when the guest's keys are those wanted, whatever their comments; else what differs, in words."""
    if len(said) > MOST_KEYS:
        return f"it says that it has {len(said)} keys"
    wish, there = {_bare(key) for key in wanted}, {_bare(key) for key in said if key.strip()}
    if wish == there:
        return ""
    return f"it says that {len(wish - there)} of the declared keys are missing and {len(there - wish)} others are there"


def _bare(key: str) -> str:
    """Type and key without the comment."""
    return " ".join(key.split()[:2])
