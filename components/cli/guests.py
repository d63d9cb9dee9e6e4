"""Which VPSs a command about guests means, and what several of them have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from components.config.folder import CLIENTS
from components.config.loader import MOST_NAMED, Loaded, find_fleet, load
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


def choose(what: str | None, folder: Path | None, *, judge: bool = True) -> Chosen:
    """CLIENT/VPS, all VPSs of CLIENT, or with None all of the fleet. Raises DomainError, saying what is known.

    Without `judge` no rule is asked, and of the clients only the one that is meant is read: to show, not to act.
    """
    found = find_fleet(folder)
    only = None if judge or what is None else (what.partition("/")[0],)
    loaded = load(found, only=only, judge=judge)
    clients = loaded.fleet.clients
    unread = tuple(file for file in loaded.files if file.startswith(f"{CLIENTS}/") and Path(file).stem not in clients)
    every = tuple(Line(client=client, vps=vps) for client, vps in loaded.fleet.machines())
    if what is None:
        return Chosen(loaded=loaded, lines=every, unread=unread)
    key, slash, vps = what.partition("/")
    if key not in clients:
        if f"{CLIENTS}/{key}.yaml" in unread:
            raise DomainError(f"{CLIENTS}/{key}.yaml can't be read as it is.", "Run: vps check")
        raise DomainError(
            f"No client file {CLIENTS}/{key}.yaml.", f"{known_clients(found, key)} Write CLIENT or CLIENT/VPS."
        )
    lines = tuple(line for line in every if line.client.key == key and (not slash or line.vps.key == vps))
    if not lines:
        known = ", ".join(line.title for line in every if line.client.key == key) or "none"
        raise DomainError(f"{key} has no VPS {vps!r}.", f"Known: {known}.")
    return Chosen(loaded=loaded, lines=lines)


def known_clients(folder: Path, name: str) -> str:
    """The clients that have a file, for whoever mistyped `name`: all of few, of many those that are like it."""
    stems = sorted(file.stem for file in (folder / CLIENTS).glob("*.yaml") if not file.name.startswith("."))
    if len(stems) <= MOST_NAMED:
        return f"Known: {', '.join(stems) or 'none'}."
    close = get_close_matches(name, stems, MOST_NAMED)
    return f"Like it: {', '.join(close)}." if close else f"{len(stems)} clients are known, and none is like it."


def say(document: Mapping[str, object]) -> None:
    """Print data for machines; thousands of rows in a moment."""
    import orjson

    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def rows(cells: Sequence[tuple[str, ...]]) -> list[str]:
    """Cells in columns as wide as they need; the last one goes on. Nothing in them steers a terminal."""
    clean = [tuple(cell if cell.isprintable() else _cleaned(cell) for cell in row) for row in cells]
    wide = [max(len(cell) for cell in column) for column in zip(*clean, strict=True)] if clean else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in clean]


def _cleaned(cell: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in cell)
