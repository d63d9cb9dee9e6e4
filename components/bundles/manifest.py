"""A flavour's `bundle*.yaml` as data: what is pinned, from where, under which licence, and where it goes in a guest.

Every problem of the file is told at once, with its line. Addresses are upstream's; a mirror maps them (`mirror`).
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field, ValidationError

from components.bundles.errors import all_of
from components.config.documents import Flaw, read
from components.config.shape import FileShape, Shape, flaws

KINDS = ("git", "archive", "file", "composer", "python", "pending")
PLACES = ("/opt/", "/srv/", "/usr/local/", "/var/")
"""Where a source may go in a guest: what Debian's packages own stays theirs."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_URL = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_~+@%,=-][A-Za-z0-9._~+@%,=-]*)+", re.ASCII)
_LICENCE = re.compile(r"\(?[A-Za-z0-9.+-]+\)?( (AND|OR|WITH) \(?[A-Za-z0-9.+-]+\)?)*", re.ASCII)
_VERSION = re.compile(r"[0-9]+\.[0-9]+", re.ASCII)
_PLACE = re.compile(r"(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+", re.ASCII)


class GitShape(Shape):
    """One commit of a git repository."""

    url: str
    """Upstream's https address, without user, query and fragment."""
    commit: str
    """All 40 digits."""
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

    lock: str
    """A file beside the manifest; composer.json stands beside it."""


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
    sources: list[SourceShape]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One pinned source. `pin` is a commit, a SHA-256 or the digest of a lock file; `file` the lock file itself."""

    name: str
    licence: str
    to: str
    kind: str
    url: str = ""
    pin: str = ""
    branch: str = ""
    date: str = ""
    strip: int = 0
    is_executable: bool = False
    file: Path | None = None
    python: str = ""
    glibc: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What goes into a bundle, in the order in which it is put in place."""

    name: str
    file: Path
    sources: tuple[Source, ...]

    def inputs(self) -> str:
        """SHA-256 over all that decides the bundle's content: the manifest's meaning and the files that it names."""
        listed = [
            [
                *(one.name, one.licence, one.to, one.kind, one.url),
                *(one.pin, one.strip, one.is_executable, one.python, one.glibc),
            ]
            for one in self.sources
        ]
        return hashlib.sha256(json.dumps([1, self.name, listed]).encode()).hexdigest()


def load(file: Path) -> Manifest:
    """Read the manifest in `file`. Raises BundleError with every problem and its line."""
    document = read(file)
    found = list(document.flaws)
    whole: BundleShape | None = None
    if document.data is not None:
        try:
            whole = BundleShape.model_validate(document.data)
        except ValidationError as error:
            found += flaws(error, BundleShape)
    if whole is not None:
        found += _judged(whole, file.parent)
    if whole is None or found:
        placed = [
            (flaw.line or document.line(flaw.path), ".".join(str(step) for step in flaw.path), flaw) for flaw in found
        ]
        listed = [
            f"{file}:{line}: {path + ': ' if path else ''}{flaw.message} {flaw.remedy}".rstrip()
            for line, path, flaw in sorted(placed, key=lambda one: (one[0], one[1]))
        ]
        raise all_of(f"Unable to read the bundle {file.name}", listed)
    return Manifest(name=whole.name, file=file, sources=tuple(_source(one, file.parent) for one in whole.sources))


def _source(shape: SourceShape, folder: Path) -> Source:
    name, licence, to = shape.name, shape.licence, shape.to
    if shape.git:
        git = shape.git
        return Source(
            name=name, licence=licence, to=to, kind="git", url=git.url, pin=git.commit, branch=git.branch, date=git.date
        )
    if shape.archive:
        archive = shape.archive
        return Source(
            name=name,
            licence=licence,
            to=to,
            kind="archive",
            url=archive.url,
            pin=archive.sha256,
            strip=archive.strip,
        )
    if shape.file:
        single = shape.file
        is_executable = single.mode == "0755"
        return Source(
            name=name,
            licence=licence,
            to=to,
            kind="file",
            url=single.url,
            pin=single.sha256,
            is_executable=is_executable,
        )
    if shape.pending:
        pending = shape.pending
        return Source(name=name, licence=licence, to=to, kind="pending", url=pending.url, reason=pending.reason)
    beside = folder / (shape.python.requirements if shape.python else shape.composer.lock if shape.composer else "")
    files = [beside, beside.with_name("composer.json")] if shape.composer else [beside]
    return Source(
        name=name,
        licence=licence,
        to=to,
        kind="python" if shape.python else "composer",
        pin=hashlib.sha256(b"\0".join(one.read_bytes() for one in files)).hexdigest(),
        file=beside,
        python=shape.python.version if shape.python else "",
        glibc=shape.python.glibc if shape.python else "",
    )


def _judged(whole: BundleShape, folder: Path) -> Iterator[Flaw]:
    """What types alone don't tell."""
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


def _inside(kind: str, shape: Shape, folder: Path) -> Iterator[tuple[str, str, str]]:
    """(key, message, remedy) for each wrong value of one kind's mapping."""
    values = {key: str(value) for key, value in shape.model_dump().items()}
    if "url" in values and not _URL.fullmatch(values["url"]):
        yield "url", f'"{values["url"]}" is no address.', "Write https://host/path, without user, query and fragment."
    if "commit" in values and not _COMMIT.fullmatch(values["commit"]):
        yield "commit", f'"{values["commit"]}" is no commit.', "Write all 40 digits: branches and tags move."
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
        if key in values:
            beside = [values[key], "composer.json"] if key == "lock" else [values[key]]
            for name in beside:
                if PurePosixPath(name).name != name:
                    yield key, f'"{name}" is not beside the manifest.', "Write the name of a file in the same folder."
                elif not (folder / name).is_file():
                    yield key, f"There is no file {folder / name}.", "Make it, or restore it from git."
