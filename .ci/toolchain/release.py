"""Downloads the official release of the engine, verified: `python3 release.py LIST FOLDER`.

LIST has a line `<sha256> <processor> <address>` for each processor. FOLDER, which must not exist, appears with the
engine and its Python language host in it when everything was right, and not at all otherwise. Exit status: 0 done,
1 it could not be had (the reason is printed), 2 what came is not what was pinned. Standard library only.
"""

import hashlib
import os
import platform
import shutil
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

_SILENCE_S = 20  # a connection that says nothing for so long is given up
_CHUNK = 1 << 20  # bytes
_OTHERS = ("go", "nodejs", "bun", "dotnet", "java", "yaml", "pcl")  # languages that this project doesn't speak


class ReleaseError(Exception):
    """The release could not be had; `status` is the exit status that says which way."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def pinned(listing: str, machine: str) -> tuple[str, str]:
    """Digest and address of the release for `machine`, as `uname -m` names it. Raises ReleaseError without one."""
    for line in listing.splitlines():
        if line.strip() and not line.startswith("#"):
            digest, processor, address = line.split()
            if processor == machine:
                return digest, address
    raise ReleaseError(f"there is no official release for {machine}")


def fetch(address: str, digest: str, target: Path) -> None:
    """Write what `address` serves to `target`. Raises ReleaseError when it can't be had or isn't what `digest` says."""
    told = hashlib.sha256()
    try:
        with urllib.request.urlopen(address, timeout=_SILENCE_S) as source, target.open("wb") as copy:  # noqa: S310 - our own pinned address
            while chunk := source.read(_CHUNK):
                told.update(chunk)
                copy.write(chunk)
    except (OSError, urllib.error.URLError) as error:
        raise ReleaseError(str(getattr(error, "reason", error))) from error
    if told.hexdigest() != digest:
        raise ReleaseError(f"{address} has SHA-256 {told.hexdigest()}, not {digest} as pinned; it was thrown away", 2)


def unpack(archive: Path, folder: Path) -> None:
    """Put the engine's own files of `archive` into `folder`; what other languages need stays behind."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = Path(member.name).name
            if not member.isfile() or any(name.startswith(f"pulumi-language-{other}") for other in _OTHERS):
                continue
            source = tar.extractfile(member)
            if source is not None and name.startswith("pulumi"):
                with source, (folder / name).open("wb") as copy:
                    shutil.copyfileobj(source, copy)
                (folder / name).chmod(0o755)
    for needed in ("pulumi", "pulumi-language-python"):
        if not (folder / needed).is_file():
            raise ReleaseError(f"the release has no {needed}", 2)


def install(listing: str, folder: Path, machine: str) -> None:
    """Make `folder` with the release that `listing` pins for `machine`, whole or not at all."""
    digest, address = pinned(listing, machine)
    with tempfile.TemporaryDirectory(prefix=".release-", dir=folder.parent) as temporary:
        archive, made = Path(temporary, "archive"), Path(temporary, "made")
        fetch(address, digest, archive)
        made.mkdir()
        unpack(archive, made)
        os.replace(made, folder)  # noqa: PTH105 - the same call for folders


def main() -> int:
    """Download what the command line names; returns the exit status."""
    try:
        install(Path(sys.argv[1]).read_text(), Path(sys.argv[2]), platform.machine())
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
