"""Where the fleet's files are: which folder, and which file holds what."""

import os
from pathlib import Path

from components.domain.problems import DomainError

FLEET = "fleet.yaml"
CATALOGUE = "catalogue.yaml"
LOCK = "images.lock.yaml"
HOSTS = "hosts"
CLIENTS = "clients"
VARIABLE = "VPS_FLEET"
"""Environment variable that names the fleet folder."""


def find_fleet(option: Path | None = None) -> Path:
    """The fleet folder: the option's, else VPS_FLEET's, else the nearest one at or above the working folder.

    Raises DomainError when there is none.
    """
    if option is not None:
        return _named(option, "--fleet")
    variable = os.environ.get(VARIABLE, "")
    if variable:
        return _named(Path(variable), VARIABLE)
    here = Path.cwd()
    for folder in (here, *here.parents):
        for candidate in (folder / "stacks", folder):
            if (candidate / FLEET).is_file():
                return candidate
    raise DomainError(
        f"No fleet was found at or above {here}: no folder there holds {FLEET} or stacks/{FLEET}.",
        f"Go into the fleet's checkout, or name its folder with --fleet or {VARIABLE}.",
    )


def _named(folder: Path, how: str) -> Path:
    for candidate in (folder, folder / "stacks"):
        if (candidate / FLEET).is_file():
            return candidate.absolute()
    state = f"holds no {FLEET}" if folder.is_dir() else "is no folder"
    raise DomainError(
        f"{folder} ({how}) is no fleet: it {state}.",
        f"Name the folder that holds {FLEET}, {CATALOGUE}, hosts/, clients/.",
    )


def place(path: tuple[str | int, ...]) -> tuple[str, tuple[str | int, ...]]:
    """The file (relative to the folder) that holds a path from the fleet's root, and the path inside that file."""
    if not path:
        return FLEET, ()
    match path[0]:
        case "clients" | "hosts" if len(path) > 1:
            return f"{path[0]}/{path[1]}.yaml", path[2:]
        case "clients" | "hosts":
            return f"{path[0]}/", ()
        case "offers":
            return CATALOGUE, ("images", *path[1:])
        case "packages" | "extras" | "contracts" | "term_discounts" | "services":
            return CATALOGUE, path
        case "images":
            return LOCK, path
        case _:
            return FLEET, path


def root_path(file: str, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path from the fleet's root of a path inside a file: `place` the other way round."""
    folder, _, name = file.partition("/")
    if name:
        return (folder, name.removesuffix(".yaml"), *path)
    if file == CATALOGUE and path and path[0] == "images":
        return ("offers", *path[1:])
    return path
