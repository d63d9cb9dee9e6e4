"""One file over https, http or from a folder, kept only when its bytes have the SHA-256 that the manifest names."""

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from components.bundles.errors import BundleError

DEADLINE_S = 1800.0
MAX_BYTES = 1 << 30
_ATTEMPTS = 3
_PAUSE_S = 2.0
_SILENCE_S = 60
_CHUNK = 1 << 18


def fetch(place: str, sha256: str, target: Path, *, deadline_s: float = DEADLINE_S) -> None:
    """Bring the file at `place` (an address or an absolute path) to `target`.

    `target` appears whole or not at all. Raises BundleError; the caller names the source.
    """
    draft = target.with_name(f"{target.name}.part")
    try:
        found = _tried(place, draft, time.monotonic() + deadline_s)
        if found != sha256:
            raise BundleError(f"{place} has the SHA-256 {found}, and {sha256} is pinned.")
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)


def _tried(place: str, draft: Path, until: float) -> str:
    """Copy it, again after a passing fault; the SHA-256 of what came."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _copy(place, draft, until)
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == _ATTEMPTS:
                raise BundleError(f"{place} answers {error.code} {error.reason}.") from error
        except FileNotFoundError as error:
            raise BundleError(f"there is no file {place}.") from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            if attempt == _ATTEMPTS:
                why = getattr(error, "reason", None) or error
                raise BundleError(f"{place} can't be read: {why}.") from error
        time.sleep(_PAUSE_S * attempt)
    raise AssertionError


def is_intact(file: Path, sha256: str) -> bool:
    """Whether the file is there with these bytes."""
    try:
        with file.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _copy(place: str, draft: Path, until: float) -> str:
    digest = hashlib.sha256()
    size = 0
    with draft.open("wb") as out:
        for chunk in _chunks(place):
            size += len(chunk)
            if size > MAX_BYTES:
                raise BundleError(f"{place} is larger than {MAX_BYTES >> 20} MiB.")
            if time.monotonic() > until:
                raise BundleError(f"{place} did not arrive within its deadline; {size >> 20} MiB had come.")
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _chunks(place: str) -> Iterator[bytes]:
    if place.startswith("/"):
        with Path(place).open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                yield chunk
        return
    request = urllib.request.Request(place, headers={"User-Agent": "aegir-vps"})  # noqa: S310 - http(s) by the manifest
    with urllib.request.urlopen(request, timeout=_SILENCE_S) as answer:  # noqa: S310
        expected = answer.headers.get("Content-Length")
        got = 0
        while chunk := answer.read(_CHUNK):
            got += len(chunk)
            yield chunk
        if expected is not None and got != int(expected):
            raise ConnectionError(f"it ended after {got} of {expected} bytes")
