"""Images on this machine, each under the digest of its bytes: `<sha256>.qcow2`, and what is known of it beside it.

Files get their names by a rename when they are whole. `<sha256>.json` is written last: an image without it does not
exist.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from components.bundles import turn
from components.domain.images import Image
from components.images.errors import ImageError, ImageMissing
from components.images.steps import Progress

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of a cached image. `stamp` is its modification time in ns when its bytes were last hashed.

    `seconds`: how long its build took; 0 when nobody wrote it down.
    """

    name: str
    sha256: str
    bytes: int
    virtual_gib: int
    inputs: str
    built: str
    expires: str
    packages: dict[str, str]
    stamp: int = 0
    flavour: str = ""
    bundle: str = ""
    seconds: float = 0.0

    def image(self) -> Image:
        """The same as the lock file's entry."""
        return Image(
            name=self.name,
            sha256=self.sha256,
            bytes=self.bytes,
            virtual_gib=self.virtual_gib,
            inputs=self.inputs,
            built=date.fromisoformat(self.built),
            expires=date.fromisoformat(self.expires),
            flavour=self.flavour,
            bundle=self.bundle,
        )


def folder() -> Path:
    """The folder of images: `$XDG_CACHE_HOME/aegir-vps/images`, by default below `~/.cache`."""
    return turn.folder("images")


def path(sha256: str) -> Path:
    """Where the image of this digest stands, or would stand."""
    return folder() / f"{sha256}.qcow2"


def schemas(sha256: str) -> Path:
    """Where the JSON schemas of the image's own cloud-init stand."""
    return folder() / f"{sha256}.schemas"


def describe(sha256: str) -> Entry | None:
    """What is known of the image, or None when it is not here, not whole or changed since it was hashed."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        return None
    try:
        entry = Entry(**json.loads((folder() / f"{sha256}.json").read_text(encoding="utf-8")))
        found = path(sha256).stat()
    except (OSError, ValueError, TypeError):
        return None
    return entry if (found.st_size, found.st_mtime_ns) == (entry.bytes, entry.stamp) else None


def is_intact(sha256: str) -> bool:
    """Whether the bytes of the cached image still have their digest; reads the whole file."""
    try:
        return digest(path(sha256)) == sha256
    except OSError:
        return False


def locate(sha256: str, name: str) -> Path:
    """The cached file of this digest. Raises ImageMissing when it is not here or was changed."""
    if describe(sha256) is None:
        raise ImageMissing(
            f"Unable to use the image {sha256[:12]}…: {path(sha256)} is not on this machine, or it was changed.",
            f"Run `vps image build {name}`.",
        )
    return path(sha256)


def entries() -> list[Entry]:
    """Every whole image in the cache, newest first."""
    files = sorted(folder().glob("*.json"), key=lambda file: (-file.stat().st_mtime, file.name))
    return [entry for file in files if (entry := describe(file.stem))]


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def store(image: Path, entry: Entry, schema_files: dict[str, bytes]) -> Entry:
    """Move a finished image into the cache under its digest; its description comes last."""
    target = path(entry.sha256)
    with image.open("rb") as handle:
        os.fsync(handle.fileno())
    fresh = image.parent / "schemas"
    fresh.mkdir()
    for name, data in schema_files.items():
        (fresh / name).write_bytes(data)
    shutil.rmtree(schemas(entry.sha256), ignore_errors=True)
    if schema_files:
        fresh.rename(schemas(entry.sha256))
    else:
        fresh.rmdir()
    image.chmod(0o644)
    image.rename(target)
    return write(Entry(**{**asdict(entry), "stamp": target.stat().st_mtime_ns}))


def write(entry: Entry) -> Entry:
    """Write an image's description, whole or not at all."""
    final = folder() / f"{entry.sha256}.json"
    draft = final.with_suffix(".json.new")
    draft.write_text(json.dumps(asdict(entry), indent=1) + "\n", encoding="utf-8")
    draft.rename(final)
    return entry


@contextlib.contextmanager
def locked(progress: Progress) -> Iterator[None]:
    """Hold the cache for a build; waits for another one and says so. The lock ends with the process that holds it."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(
            f"Unable to use the image cache {folder()}: {error.strerror}.",
            "Make it writable, or set XDG_CACHE_HOME to a folder that is.",
        ) from error
    late = ImageError(
        f"Unable to build an image: another build has held {folder() / '.lock'} for an hour.",
        "Look for it with `fuser` and end it.",
    )
    with turn.turn(folder(), "waiting for another build of images to end …", late, progress):
        yield
