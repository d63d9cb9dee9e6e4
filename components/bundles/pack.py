"""One archive of all sources whose bytes depend on nothing but their content: order, times, owners and modes are fixed.

It is a plain tar: compressors give other bytes from version to version, and the digest is the bundle's name.
Inside: `manifest.json`, and each source under the path that it gets in the guest, without the leading slash.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.bundles.manifest import Manifest, Source
from components.bundles.tree import Entry, Tree

MANIFEST = "manifest.json"
MTIME = 946684800
"""Of every member: the first second of 2000."""


def described(manifest: Manifest, trees: Mapping[str, Tree]) -> dict[str, object]:
    """What `manifest.json` says: for each source its licence, place, pin, and what was found."""
    return {
        "schema": 1,
        "name": manifest.name,
        "inputs": manifest.inputs(),
        "sources": [_row(source, trees[source.name]) for source in manifest.sources],
    }


def _row(source: Source, tree: Tree) -> dict[str, object]:
    row: dict[str, object] = {
        "name": source.name,
        "kind": source.kind,
        "licence": source.licence,
        "to": source.to,
        "url": source.url,
        "folder": source.folder,
        "sha256": source.pin if source.kind != "git" else "",
        "python": source.python,
        "files": sum(1 for entry in tree.entries if not entry.is_folder),
        "bytes": tree.size,
        **tree.facts,
    }
    return {key: value for key, value in row.items() if value != ""}


def conflicts(sources: Sequence[Source], trees: Mapping[str, Tree]) -> list[str]:
    """Where two sources would write the same file of a guest, or one a file and another a folder."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    found: list[str] = []
    for source in sources:
        for entry in trees[source.name].entries:
            path = source.to if source.kind == "file" else f"{source.to}/{entry.path}"
            above = [path.rsplit("/", count)[0] for count in range(1, path.count("/"))]
            if entry.is_folder:
                above.append(path)
            elif path in files or path in folders:
                other = files.get(path) or folders[path]
                found.append(f"{source.name} and {other} both write {path}.")
            else:
                files[path] = source.name
            clash = next((one for one in above if files.get(one, source.name) != source.name), None)
            if clash:
                found.append(f"{source.name} and {files[clash]} both write {clash}.")
            for one in above:
                folders.setdefault(one, source.name)
    return found[:10]


def write(manifest: Manifest, trees: Mapping[str, Tree], draft: Path) -> str:
    """Write the archive to `draft`, on disk for sure when this returns; gives its SHA-256. Raises OSError."""
    with draft.open("wb") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
            text = json.dumps(described(manifest, trees), indent=1, ensure_ascii=False)
            _file(archive, Entry(path=MANIFEST), f"{text}\n".encode())
            made: set[str] = set()
            for source in sorted(manifest.sources, key=lambda one: one.to.split("/")):
                _source(archive, source, trees[source.name], made)
        out.flush()
        os.fsync(out.fileno())
    with draft.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _source(archive: tarfile.TarFile, source: Source, tree: Tree, made: set[str]) -> None:
    """Add one source; `made` are the folders that the archive has already."""
    root = source.to.removeprefix("/")
    data = tree.contents()
    for entry in tree.entries:
        path = root if source.kind == "file" else f"{root}/{entry.path}"
        steps = path.split("/")
        for length in range(1, len(steps) + entry.is_folder):
            folder = "/".join(steps[:length])
            if folder not in made:
                made.add(folder)
                _add(archive, folder, tarfile.DIRTYPE, 0o755)
        if entry.target is not None:
            _add(archive, path, tarfile.SYMTYPE, 0o777, entry.target)
        elif not entry.is_folder:
            _file(archive, Entry(path=path, is_executable=entry.is_executable), next(data))


def _file(archive: tarfile.TarFile, entry: Entry, data: bytes) -> None:
    _add(archive, entry.path, tarfile.REGTYPE, 0o755 if entry.is_executable else 0o644, data=data)


def _add(
    archive: tarfile.TarFile, path: str, kind: bytes, mode: int, target: str = "", data: bytes | None = None
) -> None:
    member = tarfile.TarInfo(path)
    member.type = kind
    member.mode = mode
    member.linkname = target
    member.mtime = MTIME
    member.size = len(data) if data is not None else 0
    archive.addfile(member, io.BytesIO(data) if data is not None else None)
