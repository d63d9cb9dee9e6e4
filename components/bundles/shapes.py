"""How a manifest of a bundle is written, and what is wrong with one: shapes for types, rules for the rest."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from components.config.documents import Flaw
from components.config.shape import FileShape, Shape

KINDS = ("git", "archive", "file", "composer", "python", "pending")
PLACES = ("/opt/", "/srv/", "/usr/local/", "/var/")
"""Where a source may go in a guest: what Debian's packages own stays theirs."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_URL = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_~+@%,=-][A-Za-z0-9._~+@%,=-]*)+", re.ASCII)
_LICENCE = re.compile(r"\(?[A-Za-z0-9.+-]+\)?( (AND|OR|WITH) \(?[A-Za-z0-9.+-]+\)?)*", re.ASCII)
_FOLDER = re.compile(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*", re.ASCII)
_VERSION = re.compile(r"[0-9]+\.[0-9]+", re.ASCII)
_PLACE = re.compile(r"(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+", re.ASCII)


class GitShape(Shape):
    """One commit of a git repository."""

    url: str
    """Upstream's https address, without user, query and fragment."""
    commit: str
    """All 40 digits."""
    folder: str = ""
    """Only what is in this folder of it."""
    branch: str = ""
    """Where the commit was found; for readers."""
    date: str = ""
    """Of the commit; for readers."""


class ArchiveShape(Shape):
    """A tar or zip archive that is unpacked."""

    url: str
    sha256: str
    strip: Annotated[int, Field(ge=0, le=9)] = 0
    """How many leading folders of every path are dropped."""


class FileSourceShape(Shape):
    """One file as it is."""

    url: str
    sha256: str
    mode: str = "0644"


class ComposerShape(Shape):
    """The packages of a composer.lock, by the git commits that it names."""

    lock: str = "composer.lock"
    """A file beside the manifest, with composer.json beside it; with `of` a file of that source."""
    of: str = ""
    """An earlier git source that holds the lock, and so pins it."""


class PythonShape(Shape):
    """Wheels for a virtual environment that is made offline when the image is built."""

    requirements: str
    """A file beside the manifest: `name==version --hash=sha256:…`, one wheel a line."""
    version: str
    """The guest's Python, like "3.11"."""
    glibc: str
    """The guest's C library, like "2.36"."""


class PendingShape(Shape):
    """A source that could not be pinned yet: the bundle can't be made, and says why."""

    url: str
    reason: str


class SourceShape(Shape):
    """One source: `name`, `licence`, `to`, and one of git, archive, file, composer, python, pending."""

    name: str
    licence: str
    """An SPDX expression."""
    to: str
    """Its place in the guest."""
    git: GitShape | None = None
    archive: ArchiveShape | None = None
    file: FileSourceShape | None = None
    composer: ComposerShape | None = None
    python: PythonShape | None = None
    pending: PendingShape | None = None


class BundleShape(FileShape):
    """A whole manifest."""

    name: str
    needs_mirror: bool = False
    """Upstream is never asked: nobody there answers for these sources any more."""
    sources: list[SourceShape]


def judged(whole: BundleShape, folder: Path) -> Iterator[Flaw]:
    """What types alone don't tell; `folder` is the manifest's."""
    if not _NAME.fullmatch(whole.name):
        yield Flaw(("name",), 0, f'"{whole.name}" is no name.', "Use lower-case letters, digits and dashes.")
    if not whole.sources:
        yield Flaw(("sources",), 0, "It is empty.", "Name at least one source, or leave the bundle out.")
    names: set[str] = set()
    for number, source in enumerate(whole.sources):
        at: tuple[str | int, ...] = ("sources", number)
        if not _NAME.fullmatch(source.name):
            yield Flaw((*at, "name"), 0, f'"{source.name}" is no name.', "Use lower-case letters, digits and dashes.")
        if source.name in names:
            yield Flaw((*at, "name"), 0, f"Two sources are called {source.name}.", "Rename one.")
        names.add(source.name)
        if not _LICENCE.fullmatch(source.licence):
            remedy = "Write SPDX's identifier, like GPL-2.0-or-later."
            yield Flaw((*at, "licence"), 0, f'"{source.licence}" is no licence.', remedy)
        if not _PLACE.fullmatch(source.to) or not source.to.startswith(PLACES):
            remedy = f"Write a path below {', '.join(PLACES)}, without `.` and `..`."
            yield Flaw((*at, "to"), 0, f'"{source.to}" is no place for a source.', remedy)
        given = [kind for kind in KINDS if getattr(source, kind) is not None]
        if len(given) != 1:
            seen = f"{' and '.join(given)} are given" if given else "Nothing says where it comes from"
            yield Flaw(at, 0, f"{seen}.", f"Give one of {', '.join(KINDS)}.")
            continue
        shape = getattr(source, given[0])
        for path, message, remedy in _inside(given[0], shape, folder):
            yield Flaw((*at, given[0], path), 0, message, remedy)
        if isinstance(shape, ComposerShape) and shape.of:
            earlier = [one.name for one in whole.sources[:number] if one.git]
            if shape.of not in earlier:
                remedy = f"Name one of {', '.join(earlier) or '(none)'}."
                yield Flaw((*at, "composer", "of"), 0, f"{shape.of} is no earlier git source.", remedy)


def _inside(kind: str, shape: Shape, folder: Path) -> Iterator[tuple[str, str, str]]:
    """(key, message, remedy) for each wrong value of one kind's mapping."""
    values = {key: str(value) for key, value in shape.model_dump().items()}
    if "url" in values and not _URL.fullmatch(values["url"]):
        yield "url", f'"{values["url"]}" is no address.', "Write https://host/path, without user, query and fragment."
    if "commit" in values and not _COMMIT.fullmatch(values["commit"]):
        yield "commit", f'"{values["commit"]}" is no commit.', "Write all 40 digits: branches and tags move."
    if values.get("folder") and not _FOLDER.fullmatch(values["folder"]):
        yield "folder", f'"{values["folder"]}" is no folder of a repository.', "Write it like modules/views."
    if "sha256" in values and not _SHA256.fullmatch(values["sha256"]):
        yield "sha256", f'"{values["sha256"]}" is no SHA-256.', "Write its 64 hexadecimal digits: `sha256sum FILE`."
    if values.get("mode", "0644") not in ("0644", "0755"):
        yield "mode", f'"{values["mode"]}" is no mode for a source.', 'Write "0644" or "0755".'
    if kind == "pending" and not values["reason"].strip():
        yield "reason", "It is empty.", "Say what is missing."
    for key in ("version", "glibc"):
        if kind == "python" and not _VERSION.fullmatch(values[key]):
            yield key, f'"{values[key]}" is no version.', 'Write two numbers in quotes, like "3.11".'
    for key in ("requirements", "lock"):
        if key in values and not values.get("of"):
            beside = [values[key], "composer.json"] if key == "lock" else [values[key]]
            for name in beside:
                if PurePosixPath(name).name != name:
                    yield key, f'"{name}" is not beside the manifest.', "Write the name of a file in the same folder."
                elif not (folder / name).is_file():
                    yield key, f"There is no file {folder / name}.", "Make it, or restore it from git."
