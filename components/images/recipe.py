"""Recipes of images: data in `templates/images/<name>/`, and the digest of everything that goes into a build."""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.images import layers
from components.images.errors import ImageError
from components.images.layers import Flavour, Layer
from components.images.sources import Mirrors

RECIPES = Path(__file__).resolve().parents[2] / "templates" / "images"

FORMAT = 1
"""Of the builder itself: raised by hand when its code changes what comes out, so that images are built anew."""

KINDS = ("debian", "busybox")
_KEYS = ("kind", "suite", "size_gib", "expires_days", "packages", "modules", "flavour", "bundle")
_NAMESPACE = uuid.UUID("5b3f1c52-6a0f-5a53-9d53-0c8c3a3f7f10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one image is made.

    `kind`: `debian` (a whole system by mmdebstrap) or `busybox` (kernel and busybox in an initramfs, for tests);
    `size_gib`: smallest disk that holds it; `expires_days`: age in days after which no new VPS should be made from it;
    `modules`: kernel modules that a `busybox` image loads, dependencies come along; `flavour`: what a managed guest is
    (it adds two layers: that of every guest and the flavour's own); `bundle`: the flavour's manifest of pinned sources;
    `baked`: SHA-256 of the archive that was packed from it, empty when none is at hand.
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
    flavour: Flavour | None = None
    bundle: str = ""
    baked: str = ""

    def layers(self) -> tuple[Layer, ...]:
        """What the tree is laid of, the lowest first; the recipe's own folder comes last."""
        own = Layer(name=f"image {self.name}", folder=self.folder, packages=self.packages)
        return (*(self.flavour.layers if self.flavour else ()), own)

    def all_packages(self) -> tuple[str, ...]:
        """The Debian packages of all layers, each once."""
        return tuple(dict.fromkeys(package for layer in self.layers() for package in layer.packages))

    def manifest(self) -> dict[str, Any]:
        """What the bundle is to be packed from; nothing without a bundle. Raises ImageError when it can't be read."""
        return layers.mapping(self.flavour.folder / self.bundle) if self.flavour and self.bundle else {}

    def copied(self, place: Path) -> "Recipe":
        """The same recipe with all its layers' files copied into `place`, where no edit reaches them."""
        own = replace(self, folder=layers.copy(self.layers()[-1], place).folder)
        if self.flavour is None:
            return own
        laid = tuple(layers.copy(layer, place) for layer in self.flavour.layers)
        return replace(own, flavour=replace(self.flavour, layers=laid))

    def inputs(self) -> str:
        """SHA-256 over all layers' files and their executable bits, the bundle, the builder's format, the mirrors."""
        mirrors = [self.mirrors.archive, self.mirrors.security] if self.mirrors else []
        named: list[object] = [FORMAT, self.name, layers.listing(self.folder), mirrors]
        if self.flavour:
            named.append([self.flavour.name, self.flavour.listing(), self.baked])
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()

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
    data = layers.mapping(folder / "recipe.yaml")
    wrong = _problems(data)
    if wrong:
        raise ImageError(
            f"Unable to build image {name}: {folder / 'recipe.yaml'}: {'; '.join(wrong)}.", "Mend the recipe."
        )
    flavour = layers.flavour(data["flavour"], recipes.parent) if "flavour" in data else None
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
        flavour=flavour,
        bundle=data.get("bundle", ""),
    )


def _problems(data: Mapping[str, Any]) -> list[str]:
    wrong = [f"unknown key `{key}`" for key in data if key not in _KEYS]
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
    named = [key for key in ("flavour", "bundle") if key in data]
    wrong += [f"`{key}` must be a plain name" for key in named if not _is_plain(data[key])]
    if "flavour" in data and data.get("kind") == "busybox":
        wrong.append("`flavour` needs kind `debian`")
    if "bundle" in data and "flavour" not in data:
        wrong.append("`bundle` needs a `flavour` whose folder holds it")
    return wrong


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9][a-z0-9._-]*", value) is not None


def _mirrors(fleet: Path) -> Mirrors | None:
    file = fleet / "fleet.yaml"
    if not file.is_file():
        return None
    named = layers.mapping(file).get("apt")
    if named is None:
        return None
    if not isinstance(named, dict) or not all(isinstance(named.get(key), str) for key in ("archive", "security")):
        raise ImageError(
            f"Unable to use the mirrors in {file}: `apt` must name both `archive` and `security`.",
            "Write both URLs, or leave `apt` out to use the apt sources of the building machine.",
        )
    return Mirrors(archive=named["archive"], security=named["security"])
