"""The authority of fleet.yaml with the file that it names: a private CA's certificate lies beside fleet.yaml."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from components.config.fleet_file import AcmeShape
from components.domain.authorities import Authority
from components.domain.problems import Problem

MOST_BYTES = 65536
"""More is no certificate; it isn't read."""

PATH = ("acme", "ca_file")


def authority(
    shape: AcmeShape, folder: Path, wholly: Mapping[str, bytes] | None = None
) -> tuple[Authority, Problem | None]:
    """What `acme` declares; with a problem when its file in `folder`, or in `wholly` instead of it, can't be read."""
    text, problem = "", None
    if shape.ca_file is not None:
        text, problem = _read(shape.ca_file, folder, wholly)
    return shape.domain(text), problem


def _read(name: str, folder: Path, wholly: Mapping[str, bytes] | None) -> tuple[str, Problem | None]:
    file = folder / name
    if Path(name).is_absolute() or not file.resolve().is_relative_to(folder.resolve()):
        message = f"{name} lies outside of the fleet's folder, so git doesn't know it."
        return "", Problem(
            code="ca-file", path=PATH, message=message, remedy="Put the file beside fleet.yaml and name it from there."
        )
    try:
        if wholly is not None:
            return _held(wholly, name)[: MOST_BYTES + 1].decode("ascii"), None
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1).decode("ascii"), None
    except OSError as error:
        message, remedy = f"{name} can't be read: {error.strerror}.", "Restore it, or leave ca_file out."
    except UnicodeDecodeError:
        message, remedy = f"{name} is no PEM: it holds bytes that are no text.", "Convert it: openssl x509 -inform DER."
    return "", Problem(code="ca-file", path=PATH, message=message, remedy=remedy)


def _held(wholly: Mapping[str, bytes], name: str) -> bytes:
    name = str(PurePosixPath(name))
    if name not in wholly:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return wholly[name]
