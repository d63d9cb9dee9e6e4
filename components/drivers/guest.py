"""A command run in a running guest by its own agent, and what the guest said on its serial console.

What comes back is the guest's word, never a fact: it is waited for with a deadline and cut to a size, nothing of money
or limits hangs on it, and whoever shows it cleans it first (`components.guest.report`). Values never become shell text:
a command is a list of words, and what must stay secret goes through `stdin`, which no log and no process list shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from components.drivers.base import Mark

DEADLINE_S = 10.0
"""How long a guest may take for a command, unless the caller gives it longer."""
MOST_BYTES = 64 * 1024
"""Of what a command says, this much is read."""
MOST_COMPLAINTS = 8 * 1024
"""And of its standard error this much."""
MOST_STDIN = 32 * 1024
"""More than this does not fit through an agent's channel in one piece."""
CONSOLE_BYTES = 16 * 1024
"""The end of the serial console's log that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a guest says of a command: `code` as a shell tells it, output and complaints, `cut` when there was more."""

    code: int
    out: bytes = b""
    err: bytes = b""
    cut: bool = False


class Guest(Protocol):
    """A host's part in hearing its guests."""

    def run(
        self, uuid: str, mark: Mark, command: Sequence[str], stdin: bytes = b"", *, deadline_s: float = DEADLINE_S
    ) -> Said:
        """Run a command as root in the guest of a running machine of ours and wait for its end.

        Raises Missing and NotOurs as `Driver.update`, Refused when it does not run or is half-made, GuestSilent when
        the guest has no agent, is late or makes no sense: then nothing is known of what the command did.
        """
        ...

    def console(self, uuid: str, mark: Mark) -> bytes:
        """The end of what the guest said on its serial console, off or on, as its host keeps it.

        Raises Missing and NotOurs as `run`, DriverError when the host keeps none or nobody may read it.
        """
        ...


def judged(command: Sequence[str], stdin: bytes) -> list[str]:
    """The words of a command. Raises ValueError for what no guest could take: none, a NUL, too much."""
    words = list(command)
    if not words or not words[0] or any("\0" in word for word in words):
        raise ValueError("a command is a list of words without NUL")
    if len(stdin) > MOST_STDIN or sum(len(word) for word in words) > MOST_STDIN:
        raise ValueError(f"more than {MOST_STDIN} bytes for one command")
    return words
