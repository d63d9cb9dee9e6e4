"""A disk that comes from a file instead of an image: what a machine is restored from when its host is lost."""

import hashlib
from pathlib import Path

from components.drivers.base import DiskFile
from components.drivers.errors import DriverError, Missing, Refused

MAGIC = b"QFI\xfb"
GIB = 1024**3


def need(what: str, origin: DiskFile, size_gib: int) -> int:
    """The file's length in bytes, once it is the one that was meant: whole, qcow2, on no other file, no larger inside.

    Raises Missing, Refused, or DriverError for another digest; see the qcow2 specification for the header.
    """
    path = Path(origin.path)
    try:
        with path.open("rb") as stream:
            header = stream.read(32)
            stream.seek(0)
            found = hashlib.file_digest(stream, "sha256").hexdigest()
            length = stream.seek(0, 2)
    except OSError as problem:
        remedy = "Bring it to this machine, then run again"
        raise Missing(what, f"the disk to restore from, {path}, can't be read: {problem.strerror}", remedy) from problem
    if found != origin.sha256:
        raise DriverError(
            what,
            f"{path} has SHA-256 {found}, the client's file says {origin.sha256}",
            "Nothing was made. Find out which is the right file; `vps restore` writes its digest",
        )
    if header[:4] != MAGIC:
        remedy = f"Convert it: qemu-img convert -O qcow2 {path} {path.stem}.qcow2; then vps restore again"
        raise Refused(what, f"{path} is no qcow2 disk", remedy)
    if int.from_bytes(header[8:16], "big"):
        remedy = (
            f"Make it whole where that one is: qemu-img convert -O qcow2 {path} whole.qcow2; then vps restore again"
        )
        raise Refused(what, f"{path} stands on another file and lacks what is in that one", remedy)
    size = int.from_bytes(header[24:32], "big")
    if size > size_gib * GIB:
        cause = f"{path} holds a disk of {size / GIB:.1f} GiB, the package gives {size_gib} GiB"
        raise Refused(what, cause, "A disk never shrinks: choose a larger package")
    return length
