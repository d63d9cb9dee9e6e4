"""A project folder made from the example fleet: what an operator's own repository looks like.

The demo and the engine tests work in such a folder, so that the checkout stays as it was cloned. A file that is there
already is never written again: what somebody edited in a demo stays.
"""

import copy
import datetime as dt
import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from components.domain.images import Image
from components.engine.project import CHECKOUT, Project
from components.images import cache, lock

EXAMPLE = CHECKOUT / "stacks"
HOST = "lab1"
CLIENT = "example-coop"
VPS = "web1"
IMAGE = "base-debian-13"
"""Built from Debian packages alone, so everybody can have it."""
FAKE_IMAGE = b"aegir-vps: the fake driver's golden image; no guest ever boots from it\n"


def make_project(folder: Path, image: str = IMAGE) -> Project:
    """The example as a project of its own in `folder`, on the lab host, its VPS made from `image`."""
    fleet = folder / "stacks"
    is_new = not (fleet / "catalogue.yaml").exists()
    for part in ("", "hosts", "clients", "pulumi"):
        (fleet / part).mkdir(parents=True, exist_ok=True)
    for source in _sources():
        target = fleet / source.relative_to(EXAMPLE)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    settings = folder / "Pulumi.yaml"
    if not settings.exists():
        plugin = CHECKOUT / ".venv" / "bin"
        text = (CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8")
        settings.write_text(text.replace("path: .venv/bin", f"path: {plugin}"), encoding="utf-8")
    project = Project(folder=folder.resolve(), fleet=fleet.resolve())
    if is_new:
        use_image(project, image)
    return project


def make_fake_project(folder: Path) -> Project:
    """The example on the fake driver: its world is a folder of the project, its image a line of text."""
    project = make_project(folder)
    use_host(project, driver="fake", uri=f"fake://{project.work / 'world'}", probe="")
    project.work.mkdir(exist_ok=True)
    lock.record(project.fleet, _fake_image())
    return project


def use_host(project: Project, *, driver: str, uri: str, probe: str) -> None:
    """Let the example's host be another one: the only line of the example that an environment changes."""

    def change(document: dict[str, Any]) -> None:
        document.update({"driver": driver, "uri": uri, "probe": probe})
        if not probe:
            del document["probe"]

    _edit(project.fleet / "hosts" / f"{HOST}.yaml", change)


def use_image(project: Project, image: str) -> None:
    """Let the example's VPS be made from `image`, and the host hold no other: not everybody can build all of them."""

    def keep(document: dict[str, Any]) -> None:
        for other in [name for name in document["images"] if name != image]:
            del document["images"][other]

    def choose(document: dict[str, Any]) -> None:
        document["vps"][VPS]["image"] = image

    _edit(project.fleet / "catalogue.yaml", keep)
    _edit(project.fleet / "images.lock.yaml", keep)
    _edit(project.fleet / "clients" / f"{CLIENT}.yaml", choose)


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change one file of a project; its comments stay, and a file in which nothing changes is not written."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    document = yaml.load(path)
    before = copy.deepcopy(document)
    change(document)
    if document == before:
        return
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    partial.rename(path)


def _sources() -> list[Path]:
    """Every file of the example fleet; the engine's own files are made anew, with the project's own secrets."""
    found = [path for path in EXAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [path for path in found if path.parent.name != "pulumi" and path.name != "__init__.py"]


def _fake_image() -> Image:
    sha256 = hashlib.sha256(FAKE_IMAGE).hexdigest()
    known = cache.describe(sha256)
    if known is not None:
        return known.image()
    today = dt.datetime.now(dt.UTC).date()
    entry = cache.Entry(
        name=IMAGE,
        sha256=sha256,
        bytes=len(FAKE_IMAGE),
        virtual_gib=1,
        inputs=sha256,
        built=today.isoformat(),
        expires=today.replace(year=today.year + 1, day=1).isoformat(),
        packages={},
    )
    cache.folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.folder()) as scratch:
        draft = Path(scratch) / "image"
        draft.write_bytes(FAKE_IMAGE)
        return cache.store(draft, entry, {}).image()
