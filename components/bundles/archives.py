"""A tar or zip archive as a tree. It is never unpacked as it is: every member is judged first, then read."""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from components.bundles.errors import BundleError
from components.bundles.tree import Entry, Tree, sorted_entries

MAX_BYTES = 2 << 30
MAX_MEMBERS = 200_000


def tree(file: Path, strip: int) -> Tree:
    """The archive's members without their first `strip` folders. Raises BundleError when it can't be read."""
    try:
        if zipfile.is_zipfile(file):
            return _zip(file, strip)
        return _tar(file, strip)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise BundleError(f"it is no archive that can be read: {error}.") from error


def _short(path: str, strip: int) -> str:
    return "/".join(path.removeprefix("./").rstrip("/").split("/")[strip:]) if not path.startswith("/") else path


def _bounded(count: int, size: int) -> None:
    if count > MAX_MEMBERS or size > MAX_BYTES:
        raise BundleError(f"it unpacks to {count} members and {size >> 20} MiB, which is too much.")


def _tar(file: Path, strip: int) -> Tree:
    entries: list[Entry] = []
    size = 0
    with tarfile.open(file) as archive:
        for member in archive:
            size += member.size
            _bounded(len(entries), size)
            path = _short(member.name, strip)
            if path not in ("", "."):
                entries.append(_tar_entry(member, path))

    def contents() -> Iterator[bytes]:
        with tarfile.open(file) as archive:
            members = {_short(member.name, strip): member for member in archive}
            for entry in ordered:
                if entry.target is None and not entry.is_folder:
                    handle = archive.extractfile(members[entry.path])
                    yield handle.read() if handle else b""

    ordered = sorted_entries(entries)
    return Tree(entries=ordered, contents=contents)


def _tar_entry(member: tarfile.TarInfo, path: str) -> Entry:
    if member.issym():
        return Entry(path=path, target=member.linkname)
    if member.mode & (stat.S_ISUID | stat.S_ISGID) and not member.isdir():
        return Entry(path=path, other="a file that runs as another user (setuid or setgid)")
    if member.isdir():
        return Entry(path=path, is_folder=True)
    if member.isreg():
        return Entry(path=path, size=member.size, is_executable=bool(member.mode & 0o100))
    kind = "a hard link" if member.islnk() else "a device" if member.ischr() or member.isblk() else "a special file"
    return Entry(path=path, other=kind)


def _zip(file: Path, strip: int) -> Tree:
    entries: list[Entry] = []
    members: dict[str, zipfile.ZipInfo] = {}
    with zipfile.ZipFile(file) as archive:
        _bounded(len(archive.infolist()), sum(member.file_size for member in archive.infolist()))
        for member in archive.infolist():
            path = _short(member.filename, strip)
            if path in ("", "."):
                continue
            mode = member.external_attr >> 16
            if stat.S_ISLNK(mode):
                entries.append(Entry(path=path, target=archive.read(member).decode("utf-8", "backslashreplace")))
            elif mode & (stat.S_ISUID | stat.S_ISGID) and not member.is_dir():
                entries.append(Entry(path=path, other="a file that runs as another user (setuid or setgid)"))
            elif member.is_dir():
                entries.append(Entry(path=path, is_folder=True))
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                entries.append(Entry(path=path, other="a special file"))
            else:
                entries.append(Entry(path=path, size=member.file_size, is_executable=bool(mode & 0o100)))
                members[path] = member

    def contents() -> Iterator[bytes]:
        with zipfile.ZipFile(file) as archive:
            for entry in ordered:
                if entry.target is None and not entry.is_folder:
                    yield archive.read(members[entry.path])

    ordered = sorted_entries(entries)
    return Tree(entries=ordered, contents=contents)
