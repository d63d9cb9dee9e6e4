"""The pack's own reading of the declared files, so that an error of the product's loader is not repeated here.

Every scalar is read as its text (`texts`): nothing is a date, a number or a boolean before a rule says so.
The folder is `VPS_FLEET`, or `stacks` beside the pack. A file is read once per process: a pack lives for one operation.
"""

import datetime
import functools
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from policies import texts

Found = TypeVar("Found")

_LIMIT = 1024 * 1024
_QUANTITY = re.compile(r"([0-9]{1,12}) ?([A-Za-z/%]{1,8})", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)

UNITS: Mapping[str, Mapping[str, int]] = {
    "MiB": {"MiB": 1, "GiB": 1024, "TiB": 1024 * 1024},
    "GiB": {"GiB": 1, "TiB": 1024},
    "MiB/s": {"MiB/s": 1, "GiB/s": 1024},
    "Mbit/s": {"Mbit/s": 1, "Gbit/s": 1000},
    "GB": {"GB": 1, "TB": 1000},
    "h": {"h": 1},
    "days": {"days": 1},
    "%": {"%": 1},
    "": {"": 1},
}
"""By the unit in which a rule counts: what a file may write, and how many of the former it is."""


class DeclaredError(Exception):
    """A declared file can't be judged: it is missing, broken, or lacks what a rule needs. Cause and remedy in words."""


class UndeclaredError(DeclaredError):
    """No line declares the machine: one rule says so, the others, which compare it with its line, keep silent."""


_FORGET: list[Callable[[], None]] = []


def kept(found: Callable[..., Found]) -> Callable[..., Found]:
    """Like functools.cache: asked once per process with the same arguments. `forget` forgets it."""
    cached = functools.cache(found)
    _FORGET.append(cached.cache_clear)
    return cached


def forget() -> None:
    """Forget everything that was read or concluded, so that the files are read again."""
    for clear in _FORGET:
        clear()


def folder() -> Path:
    """Where the declared files are."""
    return _folder()


def fleet(base: Path) -> Mapping[str, object]:
    """What fleet.yaml declares. Raises DeclaredError."""
    return _map_of(base, "fleet.yaml")


def catalogue(base: Path, key: str, name: str, word: str) -> Mapping[str, object]:
    """The entry `name` under `key` of catalogue.yaml. Raises DeclaredError."""
    found = _map_of(base, "catalogue.yaml").get(key)
    known = found if isinstance(found, Mapping) else {}
    entry = known.get(name)
    if not isinstance(entry, Mapping):
        listed = ", ".join(sorted(map(str, known))[:8]) or "none"
        raise DeclaredError(f"catalogue.yaml has no {word} {name} (it has {listed}). Name one of these, or add it.")
    return entry


def locked(base: Path) -> Mapping[str, object]:
    """The locked images by name. Raises DeclaredError."""
    return lines(_map_of(base, "images.lock.yaml").get("images"))


def client(base: Path, name: str) -> Mapping[str, object]:
    """What clients/<name>.yaml declares. Raises DeclaredError."""
    if not _NAME.fullmatch(name):
        raise UndeclaredError("the machine names no client whom a file could declare. Declare it in a client's file.")
    return _map_of(base, f"clients/{name}.yaml")


def contents(base: Path, kind: str) -> Mapping[str, bytes]:
    """The files of hosts/ or clients/, unread: bytes by the stem of the name. Raises DeclaredError."""
    return _contents(base, kind)


def parsed(content: bytes, where: str) -> Mapping[str, object]:
    """The map that a file holds. Raises DeclaredError, naming the file as `where`."""
    found = _parsed(content, where)
    if not isinstance(found, Mapping):
        raise DeclaredError(f"{where} holds no map. Run `vps check` and mend it.")
    return found


def describes_adopted(base: Path, name: str) -> bool:
    """Whether the package only says what adopted machines have. Raises DeclaredError."""
    packages = _mapping(_read(base, "catalogue.yaml"), "packages", "catalogue.yaml")
    found = packages.get(name)
    return isinstance(found, Mapping) and found.get("adopted") == "true"


def package(base: Path, name: str) -> Mapping[str, object]:
    """The limits of a package version, by their names in catalogue.yaml. Raises DeclaredError."""
    packages = _mapping(_read(base, "catalogue.yaml"), "packages", "catalogue.yaml")
    if name not in packages:
        sold = ", ".join(sorted(packages)) or "none"
        raise DeclaredError(f"catalogue.yaml sells no package {name} (it sells {sold}). Name one that is sold.")
    return _mapping(packages[name], "limits", f"catalogue.yaml, package {name}")


def host(base: Path, name: str) -> Mapping[str, object]:
    """What hosts/<name>.yaml declares. Raises DeclaredError."""
    if not _NAME.fullmatch(name):
        raise DeclaredError("the resource names no host that a file could have. Declare it through a host's file.")
    return _map_of(base, f"hosts/{name}.yaml")


def spares(base: Path) -> Mapping[str, object]:
    """The spares of fleet.yaml by name; none is no error here. Raises DeclaredError."""
    found = _read(base, "fleet.yaml")
    if isinstance(found, Mapping) and found.get("spares"):
        return _mapping(found, "spares", "fleet.yaml")
    return {}


def day(text: str) -> datetime.date | None:
    """`2026-01-31` as a day; None for any other text."""
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None


def quantity(text: object, unit: str) -> int | None:
    """`2 GiB` in MiB is 2048; None when the text is no quantity of that unit. No unit: a bare whole number."""
    if not isinstance(text, str):
        return None
    if not unit:
        return int(text) if text.isascii() and text.isdecimal() else None
    found = _QUANTITY.fullmatch(text)
    if found is None or found[2] not in UNITS[unit]:
        return None
    return int(found[1]) * UNITS[unit][found[2]]


def lines(found: object) -> Mapping[str, object]:
    """A map of the file, or the empty one."""
    return found if isinstance(found, Mapping) else {}


def listed(found: object) -> tuple[object, ...]:
    """A list of the file, or the empty one."""
    return tuple(found) if isinstance(found, list) else ()


@kept
def _folder() -> Path:
    return Path(os.environ.get("VPS_FLEET", "") or Path(__file__).resolve().parent.parent / "stacks")


@kept
def _map_of(base: Path, name: str) -> Mapping[str, object]:
    found = _read(base, name)
    if not isinstance(found, Mapping):
        raise DeclaredError(f"{base / name} holds no map. Run `vps check` and mend it.")
    return found


@kept
def _read(base: Path, name: str) -> object:
    path = base / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DeclaredError(f"{path} can't be read: {error.strerror}. Put it back, or set VPS_FLEET.") from error
    return _parsed(content, str(path))


def _parsed(content: bytes, where: str) -> object:
    if len(content) > _LIMIT:
        raise DeclaredError(f"{where} is larger than 1 MiB. Make it a file that people can read.")
    try:
        return texts.read(content.decode())
    except (texts.UnreadableError, UnicodeDecodeError) as error:
        raise DeclaredError(
            f"{where} is no YAML: {' '.join(str(error).split())}. Run `vps check` and mend it."
        ) from error


@kept
def _contents(base: Path, kind: str) -> Mapping[str, bytes]:
    try:
        return {path.stem: path.read_bytes() for path in sorted((base / kind).glob("[!.]*.yaml"))}
    except OSError as error:
        raise DeclaredError(
            f"{base / kind}/ can't be read: {error.strerror}. Put it back, or set VPS_FLEET."
        ) from error


def _mapping(found: object, key: str, where: str) -> Mapping[str, object]:
    value = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(value, Mapping):
        raise DeclaredError(f"{where} has no {key}. Run `vps check` and mend it.")
    return value
