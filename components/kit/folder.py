"""A kit's folder: written whole or not at all, and never over a file that we did not make.

`.kit.json` in it lists what we made, by digest. It is written before the files are put in their places (with the
digests of before and after) and once more when they are, so a run that was cut is ended by the next one.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from components.domain.problems import DomainError

MANIFEST = ".kit.json"
_SCHEMA = 1
_DRAFT = ".kit-draft-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    """The day of the documents, and each file's digests: of what it holds, or may hold while a run goes on."""

    date: str = ""
    files: Mapping[str, list[str]] = field(default_factory=dict)


_NOTHING = _Manifest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a run did in a kit's folder: names of files, sorted. `kept` are old ones that somebody edited since."""

    folder: Path
    made: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was written or removed."""
        return bool(self.made or self.replaced or self.removed)


@contextlib.contextmanager
def opened(out: Path) -> Iterator[None]:
    """Hold the folder of all kits against a second run, and clear what a cut one left there.

    Raises DomainError when it can't be made, or another run holds it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise DomainError(
            f"Unable to write kits into {out}: {error.strerror}.", "Name a folder that can be written with --out."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DomainError(
                f"Unable to write kits into {out}: another run is writing there.", "Run this again when it has ended."
            ) from error
        for left in out.glob(f"{_DRAFT}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(handle)


def made_on(folder: Path) -> str:
    """The day that a kit's documents carry; empty where there is no kit."""
    return _manifest(folder).date


def is_current(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Whether the folder holds exactly these documents already."""
    known = _manifest(folder).files
    return known.keys() == files.keys() and all(_read(folder / name) == data for name, data in files.items())


def write(out: Path, client: str, files: Mapping[str, bytes], day: str) -> Written:
    """Bring `out/client` to hold these files; to be called inside of `opened`.

    Raises DomainError, before anything is touched, when one of the names is taken by a file that we did not make, or
    that was edited since.
    """
    folder = out / client
    try:
        return _write(out, folder, files, day)
    except OSError as error:
        raise DomainError(
            f"Unable to write the kit of {client} into {folder}: {error.strerror}.",
            "Mend that and run this again: it goes on where it ended.",
        ) from error


def _write(out: Path, folder: Path, files: Mapping[str, bytes], day: str) -> Written:
    known = _manifest(folder).files
    fresh = {name: _digest(data) for name, data in files.items()}
    found = {name: _found(folder / name) for name in {*known, *fresh}}
    strange = sorted(name for name in fresh if found[name] and found[name] not in (fresh[name], *known.get(name, ())))
    if strange:
        raise DomainError(
            f"Unable to write the kit into {folder}: {', '.join(strange)} "
            f"{'was' if len(strange) == 1 else 'were'} not made by this command, or edited since.",
            "Move that elsewhere, or name another folder with --out. Nothing was touched.",
        )
    made = sorted(name for name in fresh if not found[name])
    replaced = sorted(name for name in fresh if found[name] not in ("", fresh[name]))
    over = sorted(known.keys() - fresh.keys())
    removed = [name for name in over if found[name] in known[name]]
    kept = [name for name in over if found[name] and name not in removed]
    with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=out, ignore_cleanup_errors=True) as scratch:
        draft = Path(scratch) / folder.name
        if not folder.exists():
            _draft(draft, files)
            _note(draft, {name: [digest] for name, digest in fresh.items()}, day)
            draft.rename(folder)
        elif made or replaced or removed or made_on(folder) != day:
            _draft(draft, {name: files[name] for name in (*made, *replaced)})
            both = {name: sorted({*known.get(name, ()), *([fresh[name]] if name in fresh else ())}) for name in found}
            _note(folder, both, made_on(folder))
            for name in (*made, *replaced):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (draft / name).rename(folder / name)
            for name in removed:
                (folder / name).unlink(missing_ok=True)
            _note(folder, {name: [digest] for name, digest in fresh.items()}, day)
    return Written(folder=folder, made=tuple(made), replaced=tuple(replaced), removed=tuple(removed), kept=tuple(kept))


def _draft(draft: Path, files: Mapping[str, bytes]) -> None:
    draft.mkdir()
    for name, data in files.items():
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(data)


def _note(folder: Path, files: Mapping[str, list[str]], day: str) -> None:
    text = json.dumps({"schema": _SCHEMA, "date": day, "files": files}, indent=1, sort_keys=True) + "\n"
    partial = folder / f"{MANIFEST}.new"
    partial.write_text(text, encoding="utf-8")
    partial.rename(folder / MANIFEST)


def _manifest(folder: Path) -> _Manifest:
    """What we noted; a file that holds no such note counts as none, so that nothing beside it is taken for ours."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if found["schema"] != _SCHEMA:
            return _NOTHING
        files = {str(name): [str(digest) for digest in digests] for name, digests in found["files"].items()}
        noted = date.fromisoformat(found["date"]).isoformat() if found["date"] else ""
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return _NOTHING
    inside = {name: digests for name, digests in files.items() if ".." not in Path(name).parts and name[:1] != "/"}
    return _Manifest(date=noted, files=inside)


def _found(file: Path) -> str:
    """The digest of what stands there, empty for nothing; an empty file is what a power cut leaves of ours."""
    if file.is_symlink() or (file.exists() and not file.is_file()):
        return "no file"
    data = _read(file)
    return _digest(data) if data else ""


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
