"""What a source brings: files, links and folders with relative paths; and what is refused of them."""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

MAX_TOLD = 10
"""More refused paths than these of one source are counted, not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One path of a source: a regular file of `size` bytes, a link to `target`, or a `folder`.

    `other` says what it is when it is none of these, or what about it can't be taken over.
    """

    path: str
    size: int = 0
    is_executable: bool = False
    target: str | None = None
    is_folder: bool = False
    other: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A verified source. `contents` gives the bytes of its regular files, in the order of `entries`.

    `facts` goes into the bundle's manifest as it is.
    """

    entries: tuple[Entry, ...]
    contents: Callable[[], Iterator[bytes]]
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all regular files."""
        return sum(entry.size for entry in self.entries)


def sorted_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """By path, so that a folder comes before what is in it."""
    return tuple(sorted(entries, key=lambda entry: entry.path.split("/")))


def refusals(entries: Iterable[Entry]) -> list[str]:
    """Why a source can't be taken: one sentence per path, few of many."""
    found = list(_refused(tuple(entries)))
    if len(found) > MAX_TOLD:
        return [*found[:MAX_TOLD], f"{len(found) - MAX_TOLD} more paths are refused."]
    return found


def _refused(entries: tuple[Entry, ...]) -> Iterator[str]:
    links = {entry.path for entry in entries if entry.target is not None}
    files = {entry.path for entry in entries if entry.target is None and not entry.is_folder}
    seen: set[str] = set()
    for entry in entries:
        shown = repr(entry.path)
        if entry.path in seen:
            yield f"{shown} is there twice."
        seen.add(entry.path)
        steps = entry.path.split("/")
        above = {"/".join(steps[:length]) for length in range(1, len(steps))}
        if entry.path.startswith("/"):
            yield f"{shown} is an absolute path."
        elif any(step in ("", ".", "..") for step in steps):
            yield f"{shown} is no path inside the source."
        elif ".git" in (step.lower() for step in steps):
            yield f"{shown} belongs to a repository, not to its content."
        elif not entry.path.isprintable():
            yield f"{shown} has characters that no name should have."
        elif above & links:
            yield f"{shown} lies behind a link."
        elif above & files:
            yield f"{shown} lies below a file."
        elif entry.other:
            yield f"{shown} is {entry.other}."
        elif entry.target is not None and escapes(entry.path, entry.target, links):
            yield f"{shown} is a link that leads out of the source, to {entry.target!r}."


def escapes(path: str, target: str, links: set[str]) -> bool:
    """Whether a link leads out, or over another link: what that one leads to, names alone don't tell."""
    if not target or target.startswith("/") or not target.isprintable():
        return True
    place = posixpath.dirname(path)
    for step in target.split("/"):
        if step in ("", "."):
            continue
        if place in links or (step == ".." and not place):
            return True
        place = posixpath.dirname(place) if step == ".." else posixpath.join(place, step)
    return False
