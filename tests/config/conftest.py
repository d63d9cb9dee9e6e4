"""The example fleet, as a folder that a test may break."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

STACKS = Path(__file__).resolve().parents[2] / "stacks"
LOCK = """\
images:
  base-debian-13:
    sha256: "{digest}"
    bytes: 412345678
    virtual_gib: 3
    inputs: "{digest}"
    built: "2026-11-22"
    expires: "2027-11-22"
"""

Edit = Callable[[str, str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example's files, on one image, with a lock file of our own: that one follows the images that were built."""
    fleet = tmp_path / "stacks"
    for kind in ("hosts", "clients"):
        (fleet / kind).mkdir(parents=True)
    for file in [*STACKS.glob("*.yaml"), *STACKS.glob("hosts/*.yaml"), *STACKS.glob("clients/*.yaml")]:
        shutil.copyfile(file, fleet / file.relative_to(STACKS))
    catalogue, client = fleet / "catalogue.yaml", fleet / "clients" / "example-coop.yaml"
    offered = [line for line in catalogue.read_text().splitlines(keepends=True) if "aegir-debian-12:" not in line]
    catalogue.write_text("".join(offered))
    client.write_text(client.read_text().replace("aegir-debian-12", "base-debian-13"))
    (fleet / "images.lock.yaml").write_text(LOCK.format(digest="ab" * 32))
    return fleet


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replace a text that stands once in one of the files."""

    def replace(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (folder / file).write_text(text.replace(old, new))

    return replace


@pytest.fixture
def other_client(folder: Path) -> str:
    """A second client beside the example's, with nothing in common; returns its name."""
    text = (folder / "clients" / "example-coop.yaml").read_text()
    for old, new in (
        ("c-q7m2", "c-zzzz"),
        ("v-h3k9", "v-zzzz"),
        ("192.0.2.10", "192.0.2.20"),
        ("2001:db8:1::10", "2001:db8:1::20"),
        ("web1.coop.example", "web1.other.example"),
    ):
        text = text.replace(old, new)
    (folder / "clients" / "other.yaml").write_text(text)
    return "other"
