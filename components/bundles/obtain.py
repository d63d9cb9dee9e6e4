"""One source of a manifest, brought here through the mirror and proven: from `fetched` when it was proven before."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from components.bundles import archives, composer, download, repository, wheels
from components.bundles.cache import fetched
from components.bundles.errors import BundleError
from components.bundles.manifest import Source
from components.bundles.mirror import Mirror
from components.bundles.tree import Entry, Tree, refusals


def obtain(source: Source, mirror: Mirror, scratch: Path, earlier: Mapping[str, Tree]) -> Tree:
    """The source's verified tree. `scratch` is for drafts; `earlier` are the sources that a later one may build on.

    Raises BundleError without naming the source.
    """
    match source.kind:
        case "git":
            found = _commit(source.url, source.pin, mirror, scratch, source.folder)
        case "archive":
            found = archives.tree(_file(source, mirror, scratch), source.strip)
        case "file":
            file = _file(source, mirror, scratch)
            entry = Entry(path="file", size=file.stat().st_size, is_executable=source.is_executable)
            found = Tree(entries=(entry,), contents=lambda: iter([file.read_bytes()]))
        case "composer":
            lock, name = composer.lock_of(source, earlier)
            parts = [(one, _package(one, mirror, scratch)) for one in composer.packages(lock, name)]
            found = composer.tree(lock, name, source.file, parts)
        case "python":
            found = _wheels(source, mirror, scratch)
        case _:
            raise BundleError(f"{source.url} is not pinned yet: {source.reason}")
    refused = refusals(found.entries)
    if refused:
        raise BundleError(" ".join(refused))
    return found


def where(source: Source, mirror: Mirror) -> str:
    """Where the source is asked for, as progress names it."""
    if source.kind == "git":
        return mirror.repository(source.url)
    if source.kind == "python":
        return wheels.where(mirror)[0]
    return mirror.file(source.url) if source.url else str(mirror)


def _package(package: composer.Package, mirror: Mirror, scratch: Path) -> Tree:
    try:
        return _commit(package.url, package.commit, mirror, scratch)
    except BundleError as error:
        raise BundleError(f"{package.name}: {error.message}") from error


def _commit(url: str, commit: str, mirror: Mirror, scratch: Path, folder: str = "") -> Tree:
    kept = fetched() / f"{commit}.git"
    if kept.is_dir():
        try:
            repository.prove(kept, commit)
        except BundleError:
            shutil.rmtree(kept)
        else:
            return repository.tree(kept, commit, folder)
    draft = scratch / f"{commit}.git"
    place = mirror.repository(url)
    if place.startswith("/") and not Path(place).is_dir():
        raise BundleError(f"there is no repository {place}.")
    repository.fetch(place, commit, draft)
    repository.prove(draft, commit)
    draft.rename(kept)
    return repository.tree(kept, commit, folder)


def _file(source: Source, mirror: Mirror, scratch: Path) -> Path:
    kept = fetched() / source.pin
    if not download.is_intact(kept, source.pin):
        kept.unlink(missing_ok=True)
        draft = scratch / source.pin
        download.fetch(mirror.file(source.url), source.pin, draft)
        draft.rename(kept)
    return kept


def _wheels(source: Source, mirror: Mirror, scratch: Path) -> Tree:
    assert source.file is not None
    pins = wheels.pins(source.file)
    # The same wheels for the same pins and the same guest, whatever else the file says.
    key = hashlib.sha256(repr([sorted(pins.items()), source.python, source.glibc]).encode()).hexdigest()
    kept = fetched() / f"python-{key}"
    if kept.is_dir() and wheels.are_intact(kept, pins):
        return wheels.tree(source.file, kept)
    shutil.rmtree(kept, ignore_errors=True)
    draft = scratch / kept.name
    draft.mkdir()
    wheels.fetch(source.file, source.python, source.glibc, mirror, draft)
    draft.rename(kept)
    return wheels.tree(source.file, kept)
