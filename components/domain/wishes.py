"""What is asked of a placement, and what it answers: wishes, refusals, places."""

from collections.abc import Iterator
from dataclasses import dataclass

from components.domain.problems import Problem
from components.domain.sales import Sale


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One VPS that wants a host: `name` is its name in the file of the client `client`, whose id is `client_id`.

    `network` None: any that a host carries; `host` None: any, or any of `among`. With `leaves` it stands in the fleet's
    files already and goes to another host: what it takes where it is counts no more. Without `keeps_spare` a host is
    taken even if no other could fail afterwards, as while one is drained.
    """

    client: str
    client_id: str
    name: str
    sale: Sale
    ipv4: int = 1
    ipv6: int = 0
    network: str | None = None
    host: str | None = None
    among: frozenset[str] | None = None
    leaves: bool = False
    keeps_spare: bool = True

    @property
    def title(self) -> str:
        """As people name it."""
        return f"{self.client}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a host was not taken: `code` is stable, `why` has the numbers."""

    host: str
    code: str
    why: str

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.host}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a VPS goes; `refused` are hosts that could not take it, `why` says why this one, `notes` what to know."""

    wish: Wish
    host: str
    network: str
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]
    why: str
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """As people read it."""
        yield f"{self.wish.title}: {self.host}, {', '.join((self.network, *self.ipv4, *self.ipv6))}"
        yield f"  {self.why}"
        yield from (f"  note: {note}" for note in self.notes)
        yield from (f"  not {refusal}" for refusal in self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A VPS that no host takes, with why each was refused."""

    wish: Wish
    problem: Problem
    refused: tuple[Refusal, ...] = ()

    def lines(self) -> Iterator[str]:
        """As people read it."""
        yield f"{self.wish.title}: nowhere"
        if not self.refused:
            yield f"  {self.problem.message}"
        yield from (f"  not {refusal}" for refusal in self.refused)
