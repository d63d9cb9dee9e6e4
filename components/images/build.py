"""Build an image when it is needed: recipe → tree → disk → qcow2 → read back → cache → `images.lock.yaml`.

A build is skipped when the lock names an image that is cached and was made from the same inputs; a cached one of the
same inputs that the lock doesn't name is recorded instead of building. A failing build leaves its log and no more.
"""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from components.domain.images import Image
from components.images import busybox, cache, debian, disk, lock, pins, verify
from components.images.bundled import Bundle, examine
from components.images.errors import ImageError
from components.images.recipe import RECIPES, Recipe, load
from components.images.steps import Progress, Steps

_NEEDED_BYTES = {"debian": 6 * disk.GIB, "busybox": disk.GIB // 2}


def build(
    name: str,
    fleet: Path,
    progress: Progress = print,
    *,
    verify_bytes: bool = False,
    recipes: Path = RECIPES,
    archive: Path | None = None,
    archive_sha256: str = "",
) -> Image:
    """Make sure that image `name` is cached and that `fleet`'s lock file names it; returns its entry.

    `verify_bytes` hashes a cached image again before it is trusted; `archive` is the bundle that goes into the image
    (without it, what the lock file names is enough while it is cached and nothing else has changed); `archive_sha256`
    its digest as somebody vouches for it, needed when it was packed on another machine.
    Raises ImageError; then the lock file is as before.
    """
    recipe = load(name, fleet, recipes)
    bundle = _bundle(recipe, archive, archive_sha256)
    if not fleet.is_dir():
        raise ImageError(f"Unable to build image {name}: there is no fleet folder {fleet}.", "Name it with --fleet.")
    baked = bundle.sha256 if bundle else _baked(recipe, fleet)
    with cache.locked(progress):
        # The wait may have been long, and the recipe been edited meanwhile.
        recipe = replace(load(name, fleet, recipes), baked=baked)
        entry = _cached(recipe, fleet, verify_bytes)
        if entry is None:
            entry = _build(recipe, progress, bundle)
        else:
            progress(f"{name}: cached and unchanged ({entry.sha256[:12]}…)")
        image = entry.image()
        if lock.record(fleet, image):
            progress(f"{name}: recorded in {fleet / lock.FILE}")
        return image


def need(name: str, fleet: Path, recipes: Path = RECIPES) -> None:
    """Raises ImageError where `build` would refuse `name` before its first step; makes nothing."""
    recipe = load(name, fleet, recipes)
    recipe = replace(recipe, baked=_baked(recipe, fleet))
    if recipe.bundle and _cached(recipe, fleet, verify_bytes=False) is None:
        raise _lacks_bundle(recipe)


def _baked(recipe: Recipe, fleet: Path) -> str:
    """SHA-256 of the bundle in the image that the lock names, where that isn't known to be of other sources."""
    named = lock.locked(fleet).get(recipe.name)
    if not recipe.bundle or named is None or pins.are_current(recipe, named.bundle) is False:
        return ""
    return named.bundle


def _bundle(recipe: Recipe, archive: Path | None, vouched: str) -> Bundle | None:
    if archive is None:
        return None
    if not recipe.bundle:
        raise ImageError(
            f"Unable to build image {recipe.name}: it takes no bundle, and {archive} was given.", "Leave --bundle out."
        )
    bundle = examine(archive)
    pins.judge(recipe, bundle, vouched)
    return bundle


def _cached(recipe: Recipe, fleet: Path, verify_bytes: bool) -> cache.Entry | None:
    inputs = recipe.inputs()
    named = lock.locked(fleet).get(recipe.name)
    candidates = [cache.describe(named.sha256)] if named else []
    candidates += cache.entries()
    for entry in candidates:
        if entry and entry.name == recipe.name and entry.inputs == inputs:
            if verify_bytes and not cache.is_intact(entry.sha256):
                cache.path(entry.sha256).unlink(missing_ok=True)
                continue
            return entry
    return None


def _build(recipe: Recipe, progress: Progress, bundle: Bundle | None) -> cache.Entry:
    if recipe.bundle and bundle is None:
        raise _lacks_bundle(recipe)
    folder = cache.folder()
    # Only this process holds the lock, so whatever an earlier build left behind is dead.
    for stale in folder.glob(".building-*"):
        shutil.rmtree(stale)
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES[recipe.kind]:
        raise ImageError(
            f"Unable to build image {recipe.name}: it needs {_NEEDED_BYTES[recipe.kind] / disk.GIB:.1f} GiB"
            f" in {folder}, {free / disk.GIB:.1f} GiB are free.",
            "Make room there, or point XDG_CACHE_HOME at a larger disk.",
        )
    log = folder / f"{recipe.name}.log"
    log.write_text("", encoding="utf-8")
    work = folder / f".building-{recipe.name}"
    work.mkdir()
    steps = Steps(recipe.name, log, progress)
    try:
        return _make(steps, recipe, work, bundle)
    except OSError as error:
        raise ImageError(
            f"Unable to build image {recipe.name}: {error}. The log is {log}.", "Mend what it names and run it again."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _lacks_bundle(recipe: Recipe) -> ImageError:
    return ImageError(
        f"Unable to build image {recipe.name}: its pinned sources ({recipe.bundle}) come as a bundle, and none was"
        " given.",
        f"Make it with `vps image bundle {recipe.name}`, then `vps image build {recipe.name} --bundle FILE`.",
    )


def _make(steps: Steps, recipe: Recipe, work: Path, bundle: Bundle | None) -> cache.Entry:
    inputs = recipe.inputs()
    recipe = recipe.copied(work / "layers")
    if recipe.inputs() != inputs:
        raise ImageError(f"Unable to build image {recipe.name}: its recipe is being changed.", "Run it again.")
    ids = disk.Identities(
        disk=recipe.identity("disk"),
        bios_boot=recipe.identity("bios_boot"),
        root_partition=recipe.identity("root partition"),
        root_filesystem=recipe.identity("root filesystem"),
    )
    is_debian = recipe.kind == "debian"
    if is_debian:
        tree, boot_img, core_img = debian.tree(steps, recipe, work, ids.root_filesystem, bundle)
    else:
        tree, boot_img, core_img = busybox.tree(steps, recipe, work, ids.root_filesystem)
    if is_debian and (found := debian.leftovers(tree) + [Path(user) for user in debian.passwords(tree)]):
        raise ImageError(
            f"Unable to accept the image {recipe.name}: it carries {', '.join(map(str, found))}.", "Mend the recipe."
        )
    raw, image = work / "disk.raw", work / "image.qcow2"
    disk.assemble(steps, tree, raw, size_gib=recipe.size_gib, ids=ids, boot_img=boot_img, core_img=core_img)
    convert = ["qemu-img", "convert", "-c", "-W", "-m", str(min(8, os.cpu_count() or 1)), "-f", "raw", "-O", "qcow2"]
    steps.run("compress", [*convert, "-o", "compression_type=zstd", str(raw), str(image)], deadline_s=900)
    verify.verify(steps, recipe, raw, image)
    if bundle and not bundle.unchanged():
        raise ImageError(
            f"Unable to accept the image {recipe.name}: {bundle.file} was changed while it was built.",
            "Build it again.",
        )
    today = datetime.now(tz=UTC).date()
    expires = today + timedelta(days=recipe.expires_days)
    if recipe.flavour and recipe.flavour.expires:
        expires = min(expires, recipe.flavour.expires)
    entry = cache.Entry(
        name=recipe.name,
        sha256=cache.digest(image),
        bytes=image.stat().st_size,
        virtual_gib=recipe.size_gib,
        inputs=inputs,
        built=today.isoformat(),
        expires=expires.isoformat(),
        packages=debian.packages(tree) if is_debian else {},
        flavour=recipe.flavour.name if recipe.flavour else "",
        bundle=recipe.baked,
        seconds=round(steps.seconds, 1),
    )
    entry = cache.store(image, entry, debian.schemas(tree) if is_debian else {})
    steps.say(f"built, {entry.bytes / 1024**2:.0f} MiB, {entry.sha256[:12]}…")
    return entry
