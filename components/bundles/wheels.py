"""Wheels for a guest's virtual environment, each pinned by name, version and the SHA-256 of one file.

pip fetches them: from the mirror's folder `python`, else as this machine's pip is set up. It runs nothing of what it
fetches (`--only-binary`), and what it brings is compared with the pins once more.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from components.bundles.command import run
from components.bundles.errors import BundleError, all_of
from components.bundles.mirror import PYTHON, Mirror
from components.bundles.tree import Entry, Tree, sorted_entries

REQUIREMENTS = "requirements.txt"
"""Under this name the pins lie beside the wheels in a bundle."""

DEADLINE_S = 1800.0
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!+]+) --hash=sha256:(?P<sha256>[0-9a-f]{64})"
)


def pins(file: Path) -> dict[str, str]:
    """Package and version → SHA-256 of its wheel. Raises BundleError that names every line that is no pin."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for number, line in _lines(file.read_text(encoding="utf-8")):
        words = " ".join(line.partition("#")[0].split())
        if not words:
            continue
        match = _LINE.fullmatch(words)
        if match is None:
            wrong.append(f"{file}:{number}: `{words[:80]}` is no `name==version --hash=sha256:…` with one hash.")
        elif match["name"].lower() in (name.partition("==")[0].lower() for name in found):
            wrong.append(f"{file}:{number}: {match['name']} is pinned twice.")
        else:
            found[f"{match['name']}=={match['version']}"] = match["sha256"]
    if wrong or not found:
        raise all_of("Unable to read the pins of Python packages", wrong or [f"{file}: it names no package."])
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with the number where it begins: a backslash at its end goes on in the next one."""
    begun, parts = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun or number
        parts += line
        if parts.endswith("\\"):
            parts = f"{parts[:-1]} "
            continue
        yield begun, parts
        begun, parts = 0, ""


def platforms(glibc: str) -> list[str]:
    """Every platform tag of wheels that a guest with this C library takes, like pip's own choice there."""
    major, minor = (int(part) for part in glibc.split("."))
    tags = [f"manylinux_{major}_{number}_x86_64" for number in range(minor, 4, -1)]
    return [*tags, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "any"]


def fetch(file: Path, version: str, glibc: str, mirror: Mirror, folder: Path) -> None:
    """Bring every pinned wheel into `folder`. Raises BundleError when one is missing or is another one."""
    wanted = pins(file)
    abi = f"cp{version.replace('.', '')}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--no-input", "--no-cache-dir", "--dest", str(folder), "--requirement", str(file)]
    command += ["--python-version", version, "--implementation", "cp", "--abi", abi, "--abi", "abi3", "--abi", "none"]
    for tag in platforms(glibc):
        command += ["--platform", tag]
    place, own = where(mirror)
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if own:
        command += ["--no-index", "--find-links", own]
        env = {name: value for name, value in env.items() if not name.startswith("PIP_") or name == "PIP_CERT"}
        env["PIP_CONFIG_FILE"] = os.devnull
    said = run(command, deadline_s=DEADLINE_S, env=env)
    if said.code != 0:
        raise BundleError(f"pip can't bring what {file.name} pins from {place}: {said.why()}.")
    found = {_sha256(one): one.name for one in folder.iterdir()}
    missing = sorted(name for name, sha256 in wanted.items() if sha256 not in found)
    strange = sorted(name for sha256, name in found.items() if sha256 not in wanted.values())
    if missing or strange:
        raise BundleError(f"{place} gave other wheels than pinned: {', '.join([*missing, *strange])}.")


def are_intact(folder: Path, wanted: dict[str, str]) -> bool:
    """Whether the folder holds the pinned wheels and nothing else."""
    return sorted(_sha256(one) for one in folder.iterdir()) == sorted(wanted.values())


def where(mirror: Mirror) -> tuple[str, str]:
    """Whom pip asks, in words, and its `--find-links`; empty when the mirror has no wheels and pip's own set-up counts.

    A mirror at an address is taken to have them: pip says when it hasn't.
    """
    if mirror.base and (mirror.folder is None or (mirror.folder / PYTHON).is_dir()):
        place = f"{mirror.base}/{PYTHON}{'' if mirror.folder else '/'}"
        return place, place
    return "the package index that pip on this machine is set up with", ""


def tree(file: Path, folder: Path) -> Tree:
    """The wheels and the pins that `pip install --no-index --require-hashes` wants."""
    wheels = sorted(folder.iterdir(), key=lambda one: one.name)
    sources = {one.name: one for one in wheels} | {REQUIREMENTS: file}
    entries = sorted_entries(Entry(path=name, size=one.stat().st_size) for name, one in sources.items())
    listed = [{"file": one.name, "sha256": _sha256(one)} for one in wheels]
    return Tree(
        entries=entries,
        contents=lambda: (sources[entry.path].read_bytes() for entry in entries),
        facts={"packages": sorted(pins(file)), "wheels": listed},
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
