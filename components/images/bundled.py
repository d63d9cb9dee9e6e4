"""The archive of pinned sources that a flavour's image carries: looked through before it is unpacked into the tree.

It is made by `vps image bundle`; the builder trusts no archive: whatever could reach outside its place is refused.
"""

import contextlib
import json
import posixpath
import re
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from components.bundles.tree import escapes
from components.images import cache
from components.images.errors import ImageError

PLACE = "opt/vps/bundle"
"""Where it lies in the guest, from the root of the tree."""

MANIFEST = "manifest.json"

MOST_MEMBERS = 400_000
MOST_BYTES = 8 << 30
"""An honest bundle has a tenth of it; what claims more would fill the building machine."""

_MANIFEST_BYTES = 4 << 20
_TO = re.compile(r"(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+", re.ASCII)
"""Where a source goes: what a bundle's own manifest may say (`components.bundles.shapes`), no `.` and no `..`."""
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """An archive that may be baked: its file, the SHA-256 of its bytes, and the manifest inside."""

    file: Path
    sha256: str
    manifest: dict[str, Any]

    def unpack(self) -> str:
        """The shell command that puts it into the tree whose root is `$1`."""
        reader = "zstd -dcq" if _is_zstd(self.file) else "cat"
        return (
            f'mkdir -p "$1/{PLACE}" && {reader} {shlex.quote(str(self.file))}'
            f' | tar --no-same-owner --no-same-permissions -C "$1/{PLACE}" -xf -'
        )

    def unchanged(self) -> bool:
        """Whether the file still has the bytes that were looked through."""
        return cache.digest(self.file) == self.sha256


def examine(file: Path) -> Bundle:
    """Look through the archive. Raises ImageError when it can't be read or holds what an image must not."""
    try:
        sha256 = cache.digest(file)
        wrong, manifest = _contents(file)
    except (OSError, tarfile.TarError, ValueError) as error:
        raise _refusal(file, f"it can't be read ({error})") from error
    if wrong:
        raise _refusal(file, f"it holds {', '.join(wrong[:5])}{' and more' if len(wrong) > 5 else ''}")
    if manifest is None:
        raise _refusal(file, f"there is no {MANIFEST} in it")
    if fault := _misplaced(manifest):
        raise _refusal(file, f"its {MANIFEST} {fault}")
    return Bundle(file=file.resolve(), sha256=sha256, manifest=manifest)


def _contents(file: Path) -> tuple[list[str], dict[str, Any] | None]:
    wrong: list[str] = []
    manifest: dict[str, Any] | None = None
    links: dict[str, str] = {}
    members = size = 0
    with _stream(file) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            members, size = members + 1, size + member.size
            if members > MOST_MEMBERS or size > MOST_BYTES:
                raise ValueError(f"more than {MOST_MEMBERS} members or {MOST_BYTES >> 30} GiB")
            name = posixpath.normpath(member.name)
            if fault := _fault(member, name) or ("below a link" if _above(name) & links.keys() else ""):
                wrong.append(f"{member.name} ({fault})")
            elif member.issym():
                links[name] = member.linkname
            elif name == MANIFEST and member.isfile() and member.size <= _MANIFEST_BYTES:
                data = archive.extractfile(member)
                manifest = json.loads(data.read()) if data else None
                if not isinstance(manifest, dict):
                    raise ValueError(f"{MANIFEST} is no mapping")
    # Only when all links are known can be told what leads over another one, and so elsewhere than its name says.
    astray = [name for name, target in links.items() if escapes(name, target, set(links))]
    return wrong + [f"{name} (a link to outside)" for name in astray], manifest


def _misplaced(manifest: dict[str, Any]) -> str:
    """What is wrong with the places that the manifest names, in words, or nothing: hooks copy to them as root."""
    sources = manifest.get("sources")
    if not isinstance(sources, list) or not all(isinstance(one, dict) for one in sources):
        return "lists no sources"
    for place in (one.get("to") for one in sources):
        if not isinstance(place, str) or not _TO.fullmatch(place):
            return f"has a source that goes to {str(place)[:100]!r}"
    return ""


def _fault(member: tarfile.TarInfo, name: str) -> str:
    """What is wrong with one member, in words, or nothing."""
    if _outside(name):
        return "a name outside"
    if not (member.isfile() or member.isdir() or member.issym()):
        return "neither file nor folder nor link"
    return "setuid or setgid" if member.mode & 0o6000 and not member.issym() else ""


def _above(name: str) -> set[str]:
    parts = name.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


def _outside(name: str) -> bool:
    plain = posixpath.normpath(name)
    return plain.startswith("/") or plain.split("/")[0] == ".."


@contextlib.contextmanager
def _stream(file: Path) -> Iterator[IO[bytes]]:
    if not _is_zstd(file):
        with file.open("rb") as plain:
            yield plain
        return
    process = subprocess.Popen(["zstd", "-dcq", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield process.stdout
        while process.stdout.read(1 << 20):
            pass
        if process.wait(timeout=60):
            raise OSError(process.stderr.read().decode("utf-8", "replace").strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def _is_zstd(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(4) == _ZSTD


def _refusal(file: Path, cause: str) -> ImageError:
    return ImageError(f"Unable to use the bundle {file}: {cause}.", "Make it anew with `vps image bundle NAME`.")
