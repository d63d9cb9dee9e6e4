"""Recipes of images: data in `templates/images/<name>/`, and the digest of everything that goes into a build."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.images.errors import ImageError
from components.images.sources import Mirrors

RECIPES = Path(__file__).resolve().parents[2] / "templates" / "images"

FORMAT = 1
"""Of the builder itself: raised by hand when its code changes what comes out, so that images are built anew."""

KINDS = ("debian", "busybox")
_NAMESPACE = uuid.UUID("5b3f1c52-6a0f-5a53-9d53-0c8c3a3f7f10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one image is made.

    `kind`: `debian` (a whole system by mmdebstrap) or `busybox` (kernel and busybox in an initramfs, for tests);
    `size_gib`: smallest disk that holds it; `expires_days`: age in days after which no new VPS should be made from it;
    `modules`: kernel modules that a `busybox` image loads, dependencies come along.
    """

    name: str
    folder: Path
    kind: str
    suite: str
    size_gib: int
    expires_days: int
    packages: tuple[str, ...]
    modules: tuple[str, ...] = ()
    mirrors: Mirrors | None = None

    def inputs(self) -> str:
        """SHA-256 over the recipe's files, their executable bits, the builder's format and the operator's mirrors."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() or path.is_symlink())
        listing = [
            [
                path.relative_to(self.folder).as_posix(),
                bool(path.stat().st_mode & 0o100),
                hashlib.sha256(path.read_bytes()).hexdigest(),
            ]
            for path in files
        ]
        mirrors = [self.mirrors.archive, self.mirrors.security] if self.mirrors else []
        return hashlib.sha256(json.dumps([FORMAT, self.name, listing, mirrors]).encode()).hexdigest()

    def identity(self, role: str) -> str:
        """A UUID for a disk, partition or filesystem that is the same whenever the inputs are."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.inputs()}/{role}"))


def known(recipes: Path = RECIPES) -> list[str]:
    """Names of all recipes."""
    return sorted(path.parent.name for path in recipes.glob("*/recipe.yaml"))


def load(name: str, fleet: Path | None = None, recipes: Path = RECIPES) -> Recipe:
    """The recipe `name`, with the mirrors that `fleet`'s fleet.yaml names under `apt`.

    Raises ImageError when there is none or when it doesn't say what a build needs.
    """
    if name not in known(recipes):
        raise ImageError(
            f"Unable to build image {name}: there is no recipe of that name.",
            f"Choose one of {', '.join(known(recipes)) or '(none)'}, or write {recipes / name / 'recipe.yaml'}.",
        )
    folder = recipes / name
    data = _mapping(folder / "recipe.yaml")
    wrong = _problems(data)
    if wrong:
        raise ImageError(
            f"Unable to build image {name}: {folder / 'recipe.yaml'}: {'; '.join(wrong)}.", "Mend the recipe."
        )
    return Recipe(
        name=name,
        folder=folder,
        kind=data["kind"],
        suite=data["suite"],
        size_gib=data["size_gib"],
        expires_days=data["expires_days"],
        packages=tuple(data["packages"]),
        modules=tuple(data.get("modules", ())),
        mirrors=_mirrors(fleet) if fleet else None,
    )


def _mapping(file: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ImageError(f"Unable to read {file}: {error}.", "Mend the file.") from error
    if not isinstance(data, dict):
        raise ImageError(f"Unable to read {file}: it is no mapping of names to values.", "Mend the file.")
    return data


def _problems(data: Mapping[str, Any]) -> list[str]:
    wrong = [f"unknown key `{key}`" for key in data if key not in Recipe.__dataclass_fields__]
    if data.get("kind") not in KINDS:
        wrong.append(f"`kind` must be one of {', '.join(KINDS)}")
    if not isinstance(data.get("suite"), str):
        wrong.append("`suite` must name a release of Debian")
    for key in ("size_gib", "expires_days"):
        value = data.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            wrong.append(f"`{key}` must be a whole number of at least 1")
    for key in ("packages", "modules"):
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            wrong.append(f"`{key}` must be a list of names")
    return wrong


def _mirrors(fleet: Path) -> Mirrors | None:
    file = fleet / "fleet.yaml"
    if not file.is_file():
        return None
    named = _mapping(file).get("apt")
    if named is None:
        return None
    if not isinstance(named, dict) or not all(isinstance(named.get(key), str) for key in ("archive", "security")):
        raise ImageError(
            f"Unable to use the mirrors in {file}: `apt` must name both `archive` and `security`.",
            "Write both URLs, or leave `apt` out to use the apt sources of the building machine.",
        )
    return Mirrors(archive=named["archive"], security=named["security"])
