"""What a guest's tree is laid of: the layer of every managed guest, its flavour's, then the recipe's own folder.

A layer is a folder of data: `layer.yaml` (`packages`), `essential/*.sh`, `overlay/`, `hooks/*.sh`. Documents beside
them (README.md, manifests of bundles) don't go into an image and are no part of its inputs.
"""

import hashlib
import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from components.config import flavour_file
from components.domain.problems import DomainError
from components.images.errors import ImageError

_LAID = ("layer.yaml", "flavour.yaml", "essential", "overlay", "hooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: what it is called, where it lies and the Debian packages that it wants."""

    name: str
    folder: Path
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What a managed guest is. `said` is its flavour.yaml; `expires` the earliest date in it (None: it names none)."""

    name: str
    folder: Path
    layers: tuple[Layer, ...]
    said: dict[str, Any]
    expires: date | None

    def listing(self) -> list[list[object]]:
        """Every file of its layers that goes into an image."""
        return [[layer.name, listing(layer.folder, _LAID)] for layer in self.layers]


def flavour(name: str, templates: Path) -> Flavour:
    """The flavour `name` of the folder `templates`, with the layer of every guest under its own.

    Raises ImageError when there is none or when its files can't be understood.
    """
    folder = templates / "flavours" / name
    try:
        loaded = flavour_file.load(name, folder.parent)
    except DomainError as error:
        raise ImageError(str(error)) from error
    return Flavour(
        name=name,
        folder=folder,
        layers=(_layer("guest", templates / "guest"), _layer(f"flavour {name}", folder)),
        said=mapping(folder / "flavour.yaml"),
        expires=flavour_file.expires(loaded),
    )


def copy(layer: Layer, place: Path) -> Layer:
    """The layer with a copy of its files in a folder of `place`."""
    target = place / layer.name.replace(" ", "-")
    shutil.copytree(layer.folder, target, symlinks=True)
    return replace(layer, folder=target)


def scripts(layers: tuple[Layer, ...], kind: str) -> list[Path]:
    """The `essential` or `hooks` scripts of all layers in the order of their names; of equal ones the lower layer's."""
    found = [(path.name, number, path) for number, layer in enumerate(layers) for path in _shell(layer.folder / kind)]
    return [path for _, _, path in sorted(found)]


def overlays(layers: tuple[Layer, ...]) -> list[Path]:
    """The folders of files that are laid over the system, the lowest layer's first."""
    return [folder for layer in layers if (folder := layer.folder / "overlay").is_dir()]


def listing(folder: Path, only: tuple[str, ...] = ()) -> list[list[object]]:
    """Name, executable bit and SHA-256 of each file below `folder`; `only` keeps what lies at or below those names."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return [
        [
            path.relative_to(folder).as_posix(),
            bool(path.stat().st_mode & 0o100),
            hashlib.sha256(path.read_bytes()).hexdigest(),
        ]
        for path in files
        if not only or path.relative_to(folder).parts[0] in only
    ]


def mapping(file: Path) -> dict[str, Any]:
    """A YAML file that holds names and values. Raises ImageError when it doesn't."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ImageError(f"Unable to read {file}: {error}.", "Mend the file.") from error
    if not isinstance(data, dict):
        raise ImageError(f"Unable to read {file}: it is no mapping of names to values.", "Mend the file.")
    return data


def _layer(name: str, folder: Path) -> Layer:
    file = folder / "layer.yaml"
    data = mapping(file) if file.is_file() else {}
    packages = data.get("packages") or []
    wrong = [f"unknown key `{key}`" for key in data if key != "packages"]
    if not isinstance(packages, list) or not all(isinstance(item, str) for item in packages):
        wrong.append("`packages` must be a list of names")
    if wrong:
        raise ImageError(f"Unable to use the layer {name}: {file}: {'; '.join(wrong)}.", "Mend the file.")
    return Layer(name=name, folder=folder, packages=tuple(packages))


def _shell(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sh")) if folder.is_dir() else []
