"""Which VPSs a command about guests means, and what several of them have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.config.folder import CLIENTS
from components.config.loader import Loaded, find_fleet, load
from components.domain.problems import DomainError
from components.guest.hearing import Line

if TYPE_CHECKING:
    from components.domain.fleet import Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The declared fleet, the VPSs that were asked for, and the clients' files that can't be read as they are."""

    loaded: Loaded
    lines: tuple[Line, ...]
    unread: tuple[str, ...] = ()

    @property
    def fleet(self) -> "Fleet":
        """The fleet."""
        return self.loaded.fleet


def choose(what: str | None, folder: Path | None) -> Chosen:
    """CLIENT/VPS, all VPSs of CLIENT, or with None all of the fleet. Raises DomainError, saying what is known."""
    loaded = load(find_fleet(folder))
    clients = loaded.fleet.clients
    unread = tuple(file for file in loaded.files if file.startswith(f"{CLIENTS}/") and Path(file).stem not in clients)
    every = tuple(Line(client=client, vps=vps) for client, vps in loaded.fleet.machines())
    if what is None:
        return Chosen(loaded=loaded, lines=every, unread=unread)
    key, slash, vps = what.partition("/")
    if key not in clients:
        if f"{CLIENTS}/{key}.yaml" in unread:
            raise DomainError(f"{CLIENTS}/{key}.yaml can't be read as it is.", "Run: vps check")
        known = ", ".join(sorted(clients)) or "none"
        raise DomainError(f"No client file {CLIENTS}/{key}.yaml.", f"Known: {known}. Write CLIENT or CLIENT/VPS.")
    lines = tuple(line for line in every if line.client.key == key and (not slash or line.vps.key == vps))
    if not lines:
        known = ", ".join(line.title for line in every if line.client.key == key) or "none"
        raise DomainError(f"{key} has no VPS {vps!r}.", f"Known: {known}.")
    return Chosen(loaded=loaded, lines=lines)


def rows(cells: Sequence[tuple[str, ...]]) -> list[str]:
    """Cells in columns as wide as they need; the last one goes on. Nothing in them steers a terminal."""
    clean = [tuple("".join(one if one.isprintable() else "?" for one in cell) for cell in row) for row in cells]
    wide = [max(len(cell) for cell in column) for column in zip(*clean, strict=True)] if clean else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in clean]
