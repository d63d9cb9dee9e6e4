"""Makes a bundle: every source fetched and proven, all refusals told at once, one archive packed and kept."""

import errno
import time
from collections.abc import Callable
from pathlib import Path

from components.bundles import cache, pack
from components.bundles.cache import Made
from components.bundles.errors import BundleError, all_of
from components.bundles.manifest import Manifest
from components.bundles.mirror import Mirror
from components.bundles.obtain import obtain, where
from components.bundles.tree import Tree

Progress = Callable[[str], None]


def build(manifest: Manifest, mirror: Mirror, progress: Progress) -> Made:
    """The bundle of `manifest` in the cache, made anew from verified sources.

    Raises BundleError that names every source that is missing, changed, refused or pending, and the mirror.
    """
    what = f"Unable to make the bundle {manifest.name} from {mirror}"
    pending = [source for source in manifest.sources if source.kind == "pending"]
    if pending:
        listed = [f"{source.name}: {source.url} is not pinned yet: {source.reason}" for source in pending]
        raise all_of(what, listed, f"Pin what is pending in {manifest.file}.")
    if manifest.needs_mirror and not mirror.base:
        remedy = (
            "Name one with --mirror, or as `mirror:` in fleet.yaml; components/bundles/README.md tells how to fill it."
        )
        raise BundleError(f"{what}: its sources come from a mirror of your own only.", remedy)
    began = time.monotonic()
    with cache.workplace(progress) as scratch:
        try:
            trees: dict[str, Tree] = {}
            problems: list[str] = []
            for source in manifest.sources:
                place = where(source, mirror)
                progress(f"{manifest.name}: {source.name} from {place} … [{time.monotonic() - began:.0f} s]")
                try:
                    trees[source.name] = obtain(source, mirror, scratch, trees)
                except BundleError as error:
                    problems.append(f"{source.name}: {error.message}")
            problems = problems or pack.conflicts(manifest.sources, trees)
            if problems:
                remedy = "Mend the mirror or the manifest; what was verified is kept, nothing else."
                raise all_of(what, problems, remedy)
            draft = scratch / "bundle.tar"
            sha256 = pack.write(manifest, trees, draft)
            made = cache.store(draft, manifest.name, sha256, pack.described(manifest, trees))
        except OSError as error:
            raise _of_system(what, error) from error
    progress(f"{manifest.name}: {made.sha256[:12]}…, {made.bytes >> 20} MiB [{time.monotonic() - began:.0f} s]")
    return made


def copy(made: Made, target: Path) -> None:
    """Put the bundle at `target` too; it appears whole or not at all. Raises BundleError."""
    import os
    import shutil

    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with made.file.open("rb") as source, draft.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(target)
    except OSError as error:
        raise _of_system(f"Unable to write {target}", error) from error
    finally:
        draft.unlink(missing_ok=True)


def _of_system(what: str, error: OSError) -> BundleError:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = f"Free some space, or set XDG_CACHE_HOME to a folder with more; bundles lie in {cache.folder()}."
        return BundleError(f"{what}: the disk is full{where}.", remedy)
    return BundleError(f"{what}: {error.strerror or error}{where}.", "Mend what it names and run the command again.")
