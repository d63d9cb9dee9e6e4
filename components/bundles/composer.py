"""The packages of a composer.lock, each by the git commit that the lock names, as one tree with its `vendor` folder.

The lock stands beside the manifest with its composer.json, or in a source that is pinned itself (`of`) and holds both.
Archives that the lock names are not taken: forges make them anew, so their bytes are no pin. `vendor/composer/
installed.json` is written here, so that `composer dump-autoload` makes the autoloader offline when the image is built.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.bundles.errors import BundleError, all_of
from components.bundles.manifest import Source
from components.bundles.tree import Entry, Tree, sorted_entries

INSTALLED = "vendor/composer/installed.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package: where upstream has it, and the commit that the lock pins."""

    name: str
    version: str
    url: str
    commit: str
    licence: str


def lock_of(source: Source, earlier: Mapping[str, Tree]) -> tuple[bytes, str]:
    """The bytes of a source's composer.lock, and what to call it. Raises BundleError when the holder has none."""
    if source.file is not None:
        return source.file.read_bytes(), source.file.name
    if source.of not in earlier:
        raise BundleError(f"its {source.lock} is in {source.of}, which could not be had.")
    holder = earlier[source.of]
    files = [entry.path for entry in holder.entries if entry.target is None and not entry.is_folder]
    if source.lock not in files:
        raise BundleError(f"{source.of} holds no {source.lock}.")
    data = next(data for path, data in zip(files, holder.contents(), strict=False) if path == source.lock)
    return data, f"{source.lock} of {source.of}"


def packages(lock: bytes, name: str) -> list[Package]:
    """What the lock pins, without what is for development. Raises BundleError that names every package without pin."""
    found: list[Package] = []
    wrong: list[str] = []
    for entry in _listed(lock, name):
        package = str(entry.get("name", ""))
        source = entry.get("source") or {}
        url, commit = str(source.get("url", "")), str(source.get("reference", ""))
        if not _NAME.fullmatch(package):
            wrong.append(f"{package[:80]!r} is no package's name.")
        elif source.get("type") != "git" or not url.startswith("https://") or not _COMMIT.fullmatch(commit):
            wrong.append(f"{package} is pinned by no git commit at an https address.")
        else:
            licence = " OR ".join(str(one) for one in entry.get("license") or ["NOASSERTION"])
            version = str(entry.get("version", ""))
            found.append(Package(name=package, version=version, url=url, commit=commit, licence=licence))
    if wrong:
        raise all_of(f"Unable to use {name}", wrong, "Update the lock with composer: `composer update --lock`.")
    return sorted(found, key=lambda one: one.name)


def tree(lock: bytes, name: str, beside: Path | None, parts: Sequence[tuple[Package, Tree]]) -> Tree:
    """All packages in one `vendor` folder, with composer's own list of what is there.

    `beside` is the lock's file when it stands with the manifest: it and composer.json come along then.
    """
    listed = [
        {**entry, "install-path": f"../{entry['name']}"}
        for entry in sorted(_listed(lock, name), key=lambda one: str(one["name"]))
    ]
    installed = json.dumps({"packages": listed, "dev": False, "dev-package-names": []}, indent=1, sort_keys=True)
    own = {INSTALLED: f"{installed}\n".encode()}
    if beside is not None:
        own |= {"composer.json": beside.with_name("composer.json").read_bytes(), "composer.lock": lock}
    entries = [Entry(path=path, size=len(data)) for path, data in own.items()]
    for package, part in parts:
        entries += [replace(entry, path=f"vendor/{package.name}/{entry.path}") for entry in part.entries]
    ordered = sorted_entries(entries)

    def contents() -> Iterator[bytes]:
        # Sorted by path, a package's files stand together: one reader at a time is enough.
        readers = {f"vendor/{package.name}/": part.contents() for package, part in parts}
        for entry in ordered:
            if entry.path in own:
                yield own[entry.path]
            elif entry.target is None and not entry.is_folder:
                yield next(readers["/".join(entry.path.split("/")[:3]) + "/"])

    facts: list[dict[str, str]] = [
        {"name": one.name, "version": one.version, "url": one.url, "commit": one.commit, "licence": one.licence}
        for one, _ in parts
    ]
    return Tree(entries=ordered, contents=contents, facts={"packages": facts})


def _listed(lock: bytes, name: str) -> list[dict[str, Any]]:
    try:
        listed = json.loads(lock)["packages"]
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise TypeError("`packages` is no list of packages")
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{name} is no composer.lock: {error}.") from error
    return listed
