"""The pack's own reading of the declared files, so that an error of the product's loader is not repeated here.

Every scalar is read as its text (PyYAML's BaseLoader): nothing is a date, a number or a boolean before a rule says so.
The folder is `VPS_FLEET`, or `stacks` beside the pack. A file is read once per process: a pack lives for one operation.
"""

import functools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_LIMIT = 1024 * 1024
_QUANTITY = re.compile(r"([0-9]{1,12}) ?([A-Za-z/%]{1,8})", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)

UNITS: Mapping[str, Mapping[str, int]] = {
    "MiB": {"MiB": 1, "GiB": 1024, "TiB": 1024 * 1024},
    "GiB": {"GiB": 1, "TiB": 1024},
    "MiB/s": {"MiB/s": 1, "GiB/s": 1024},
    "Mbit/s": {"Mbit/s": 1, "Gbit/s": 1000},
    "%": {"%": 1},
    "": {"": 1},
}
"""By the unit in which a rule counts: what a file may write, and how many of the former it is."""


class DeclaredError(Exception):
    """A declared file can't be judged: it is missing, broken, or lacks what a rule needs. Cause and remedy in words."""


class _Loader(yaml.BaseLoader):
    """Refuses a key that stands twice: two readers could each take another one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, f"a key is no text in line {line}")
            if key.value in seen:
                told = f"key {key.value} stands twice, again in line {line}"
                raise yaml.constructor.ConstructorError(None, None, told)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def folder() -> Path:
    """Where the declared files are."""
    return _folder(os.environ.get("VPS_FLEET", ""))


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
    found = _read(base, f"hosts/{name}.yaml")
    if not isinstance(found, Mapping):
        raise DeclaredError(f"hosts/{name}.yaml holds no map. Describe the host in it.")
    return found


def spares(base: Path) -> Mapping[str, object]:
    """The spares of fleet.yaml by name; none is no error here. Raises DeclaredError."""
    found = _read(base, "fleet.yaml")
    if isinstance(found, Mapping) and found.get("spares"):
        return _mapping(found, "spares", "fleet.yaml")
    return {}


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


@functools.cache
def _folder(named: str) -> Path:
    return Path(named) if named else Path(__file__).resolve().parent.parent / "stacks"


@functools.cache
def _read(base: Path, name: str) -> object:
    path = base / name
    try:
        content = path.read_bytes()
        if len(content) > _LIMIT:
            raise DeclaredError(f"{path} is larger than 1 MiB. Make it a file that people can read.")
        return yaml.load(content.decode(), Loader=_Loader)  # noqa: S506 - BaseLoader makes texts, lists and maps only
    except OSError as error:
        raise DeclaredError(f"{path} can't be read: {error.strerror}. Put it back, or set VPS_FLEET.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise DeclaredError(f"{path} is no YAML: {cause}. Run `vps check` and mend it.") from error


def _mapping(found: object, key: str, where: str) -> Mapping[str, object]:
    value = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(value, Mapping):
        raise DeclaredError(f"{where} has no {key}. Run `vps check` and mend it.")
    return value
