"""Fills a mirror: a folder with all that a manifest's sources want, at the places where `mirror` looks for it.

Whatever is there already stays; what is wrong is told, and the next run goes on. Copy the folder to where no network
reaches, or give it out by any web server.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from components.bundles import cache, composer, download, repository, wheels
from components.bundles.errors import BundleError, all_of
from components.bundles.manifest import Manifest, Source
from components.bundles.mirror import PYTHON, Mirror
from components.bundles.tree import Tree


def fill(manifest: Manifest, source: Mirror, target: Path, progress: Callable[[str], None]) -> None:
    """Bring every source of `manifest` from `source` into the mirror in the folder `target`, which is made.

    Raises BundleError that names every source that could not be had; the others are there then.
    """
    what = f"Unable to fill the mirror {target} for {manifest.name} from {source}"
    problems: list[str] = []
    trees: dict[str, Tree] = {}
    try:
        target.mkdir(parents=True, exist_ok=True)
        mirror = Mirror(str(target.resolve()))
        with cache.workplace(progress) as scratch:
            for one in manifest.sources:
                progress(f"{manifest.name}: {one.name} …")
                try:
                    _bring(one, source, mirror, scratch, trees)
                except BundleError as error:
                    problems.append(f"{one.name}: {error.message}")
    except OSError as error:
        seen = f"{error.strerror or error} ({error.filename})"
        raise BundleError(f"{what}: {seen}.", "Mend it and run the same command again.") from error
    if problems:
        raise all_of(what, problems, "Run the same command again: what is there already stays.")


def _bring(one: Source, source: Mirror, mirror: Mirror, scratch: Path, trees: dict[str, Tree]) -> None:
    match one.kind:
        case "git":
            target = Path(mirror.repository(one.url))
            repository.keep(source.repository(one.url), one.pin, target)
            repository.prove(target, one.pin)
            trees[one.name] = repository.tree(target, one.pin, one.folder)
        case "archive" | "file":
            target = Path(mirror.file(one.url))
            if not download.is_intact(target, one.pin):
                target.parent.mkdir(parents=True, exist_ok=True)
                download.fetch(source.file(one.url), one.pin, target)
        case "composer":
            lock, name = composer.lock_of(one, trees)
            for package in composer.packages(lock, name):
                repository.keep(source.repository(package.url), package.commit, Path(mirror.repository(package.url)))
        case "python":
            assert one.file is not None
            found = scratch / one.name
            found.mkdir()
            wheels.fetch(one.file, one.python, one.glibc, source, found)
            folder = Path(mirror.base) / PYTHON
            folder.mkdir(exist_ok=True)
            for wheel in found.iterdir():
                with wheel.open("rb") as handle:
                    sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
                if not download.is_intact(folder / wheel.name, sha256):
                    download.fetch(str(wheel), sha256, folder / wheel.name)
        case _:
            raise BundleError(f"{one.url} is not pinned yet: {one.reason}")
