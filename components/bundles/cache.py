"""Bundles on this machine, each under its name and the digest of its bytes, and verified sources by their pins.

`<name>-<sha256>.tar` gets its name by a rename when it is whole; `<name>-<sha256>.json`, its manifest, comes last.
`fetched/` holds sources that were verified once: what is there is verified again whenever it is used.
"""

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.bundles import turn
from components.bundles.errors import BundleError

_DRAFT = ".new-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A bundle in the cache; `described` is its manifest.json."""

    file: Path
    sha256: str
    bytes: int
    described: dict[str, Any]


def folder() -> Path:
    """The folder of bundles: `$XDG_CACHE_HOME/aegir-vps/bundles`, by default below `~/.cache`."""
    return turn.folder("bundles")


def fetched() -> Path:
    """The folder of verified sources."""
    return folder() / "fetched"


def find(inputs: str) -> Made | None:
    """The newest bundle that was made of these inputs (`Manifest.inputs`), or None."""
    found = [made for made in entries() if made.described.get("inputs") == inputs]
    return found[0] if found else None


def entries() -> list[Made]:
    """Every whole bundle in the cache, newest first."""
    rows: list[tuple[float, Made]] = []
    for beside in folder().glob("*.json"):
        match = re.fullmatch(r"(?P<name>.+)-(?P<sha256>[0-9a-f]{64})", beside.stem)
        file = beside.with_suffix(".tar")
        try:
            described = json.loads(beside.read_text(encoding="utf-8"))
            found = file.stat()
        except (OSError, ValueError):
            continue
        if match and isinstance(described, dict):
            made = Made(file=file, sha256=match["sha256"], bytes=found.st_size, described=described)
            rows.append((beside.stat().st_mtime, made))
    return [made for _, made in sorted(rows, key=lambda row: (-row[0], row[1].sha256))]


def store(draft: Path, name: str, sha256: str, described: dict[str, object]) -> Made:
    """Give a finished archive its name. The description comes last: without it the bundle does not exist."""
    file = folder() / f"{name}-{sha256}.tar"
    draft.chmod(0o644)
    draft.rename(file)
    beside = file.with_suffix(".json")
    fresh = draft.with_name("described.json")
    fresh.write_text(json.dumps(described, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.rename(beside)
    return Made(file=file, sha256=sha256, bytes=file.stat().st_size, described=dict(described))


@contextlib.contextmanager
def workplace(progress: Callable[[str], None]) -> Iterator[Path]:
    """A scratch folder of the cache, for one maker at a time; what an interrupted one left is removed."""
    try:
        fetched().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BundleError(
            f"Unable to use the cache of bundles {folder()}: {error.strerror}.",
            "Make it writable, or set XDG_CACHE_HOME to a folder that is.",
        ) from error
    late = BundleError(
        f"Unable to make a bundle: another one has held {folder() / '.lock'} for an hour.",
        "Look for it with `fuser` and end it.",
    )
    with turn.turn(folder(), "waiting for another bundle to be made …", late, progress):
        for left in folder().glob(f"{_DRAFT}*"):
            shutil.rmtree(left, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder()))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
