"""What texts held when they were read last: YAML's plain data by the digest of the bytes, kept in the user's cache.

Reading YAML is most of a look at ten thousand files, and from one look to the next few of them change. Every file is
still read whole: only what its very bytes came to is not worked out again. Nothing that is applied is read this way.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
from functools import cache
from pathlib import Path

import orjson

from components.config import documents

WORTH = 500
"""So many texts that were not known make it worth to keep what they held; fewer are read in a moment."""
_SHARE = 20
"""More new texts than one in so many, and all are written down anew."""
FLEETS = 4
"""Of so many fleets at most anything is kept: some megabytes each."""

Data = dict[str, object]


class Recall:
    """For one fleet folder. Whatever can't be read or kept is worked out as if nothing were known."""

    def __init__(self, folder: Path) -> None:
        self.file = _place(folder)
        self._known = _kept(self.file) if self.file else {}
        self._used: dict[str, Data] = {}
        self._new = 0

    def read(self, file: Path) -> documents.Document:
        """As `documents.read`: the same document, sooner."""
        return documents.read(file, self.parse)

    def parse(self, raw: bytes) -> documents.Document:
        """As `documents.parse`."""
        digest = hashlib.sha256(raw).hexdigest()
        data = self._known.get(digest)
        if data is not None:
            self._used[digest] = data
            return documents.Document(raw.decode("utf-8-sig"), data, [])
        document = documents.parse(raw)
        if document.data is not None and not document.flaws:
            self._used[digest] = document.data
            self._new += 1
        return document

    def keep(self) -> None:
        """Write down what these texts held, if enough of them were new; never raises."""
        if self.file is None or self._new < max(WORTH, len(self._used) // _SHARE):
            return
        with contextlib.suppress(OSError, TypeError):
            body = orjson.dumps({"reader": _reader(), "data": self._used})
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            number, temporary = tempfile.mkstemp(prefix=".", dir=self.file.parent)
            try:
                with os.fdopen(number, "wb") as stream:
                    stream.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
                Path(temporary).replace(self.file)
                _forget(self.file.parent)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise


def _place(folder: Path) -> Path | None:
    """Where a fleet's texts are kept; None for somebody who has no home."""
    name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:24]
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None
    return Path(base) / "aegir-vps" / "read" / f"{name}.json"


def _forget(folder: Path) -> None:
    """Let go of all fleets but those that were looked at last."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[FLEETS:]:
        file.unlink(missing_ok=True)


def _kept(file: Path) -> dict[str, Data]:
    """What was kept, by digest; nothing if anybody else could have written it, or it is not whole, or another's."""
    try:
        with file.open("rb") as stream:
            for found in (os.fstat(stream.fileno()), file.parent.stat()):
                if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                    return {}
            digest, _, body = stream.read().partition(b"\n")
        if digest != hashlib.sha256(body).hexdigest().encode():
            return {}
        kept = orjson.loads(body)
        known: dict[str, Data] = kept["data"] if kept["reader"] == _reader() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return known


@cache
def _reader() -> str:
    """Which reader worked it out: data of another one are not ours. Raises OSError where its source is not there."""
    return hashlib.sha256(Path(documents.__file__).read_bytes()).hexdigest()
