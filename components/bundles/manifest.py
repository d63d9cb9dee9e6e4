"""A flavour's `bundle*.yaml` as data: what is pinned, from where, under which licence, and where it goes in a guest.

Every problem of the file is told at once, with its line. Addresses are upstream's; a mirror maps them (`mirror`).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from components.bundles.errors import all_of
from components.bundles.shapes import BundleShape, SourceShape, judged
from components.config.documents import read
from components.config.shape import shaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One pinned source. `pin` is a commit, a SHA-256 or the digest of a lock file; `file` the lock file itself.

    A lock that another source holds is `lock` in the source `of`, whose commit is the pin.
    """

    name: str
    licence: str
    to: str
    kind: str
    url: str = ""
    pin: str = ""
    folder: str = ""
    branch: str = ""
    date: str = ""
    strip: int = 0
    is_executable: bool = False
    file: Path | None = None
    of: str = ""
    lock: str = ""
    python: str = ""
    glibc: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What goes into a bundle, in the order in which it is put in place."""

    name: str
    file: Path
    sources: tuple[Source, ...]
    needs_mirror: bool = False

    def inputs(self) -> str:
        """SHA-256 over all that decides the bundle's content: the manifest's meaning and the files that it names."""
        listed = [
            [
                *(one.name, one.licence, one.to, one.kind, one.url),
                *(one.pin, one.strip, one.is_executable, one.python, one.glibc),
                *([one.lock] if one.lock else []),
                *([one.folder] if one.folder else []),
            ]
            for one in self.sources
        ]
        return hashlib.sha256(json.dumps([1, self.name, listed]).encode()).hexdigest()


def load(file: Path) -> Manifest:
    """Read the manifest in `file`. Raises BundleError with every problem and its line."""
    document = read(file)
    whole, found = shaped(document, BundleShape)
    if whole is not None:
        found += judged(whole, file.parent)
    if whole is None or found:
        placed = [
            (flaw.line or document.line(flaw.path), ".".join(str(step) for step in flaw.path), flaw) for flaw in found
        ]
        listed = [
            f"{file}:{line}: {path + ': ' if path else ''}{flaw.message} {flaw.remedy}".rstrip()
            for line, path, flaw in sorted(placed, key=lambda one: (one[0], one[1]))
        ]
        raise all_of(f"Unable to read the bundle {file.name}", listed)
    sources: list[Source] = []
    for one in whole.sources:
        sources.append(_source(one, file.parent, sources))
    return Manifest(name=whole.name, file=file, sources=tuple(sources), needs_mirror=whole.needs_mirror)


def _source(shape: SourceShape, folder: Path, earlier: list[Source]) -> Source:
    name, licence, to = shape.name, shape.licence, shape.to
    if shape.git:
        git = shape.git
        return Source(
            name=name,
            licence=licence,
            to=to,
            kind="git",
            url=git.url,
            pin=git.commit,
            folder=git.folder,
            branch=git.branch,
            date=git.date,
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
    if shape.composer and shape.composer.of:
        of, lock = shape.composer.of, shape.composer.lock
        pin = next(one.pin for one in earlier if one.name == of)
        return Source(name=name, licence=licence, to=to, kind="composer", pin=pin, of=of, lock=lock)
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
