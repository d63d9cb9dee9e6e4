"""The very packages that an image holds, as a repository that its peer installs them from."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from components.images import sources
from components.images.cache import Entry
from components.images.recipe import Recipe
from tests.bench.figures import CannotMeasure

ADDRESS, PORT = "192.0.2.1", 8480
"""The host's own on the network of its guests, in the namespace of a lab."""
URL = f"http://{ADDRESS}:{PORT}/"
DEADLINE_S = 1800


def fill(folder: Path, recipe: Recipe, full: Entry, bare: Entry) -> int:
    """Download into `folder` what one image holds and the other lacks, at the same versions; how many packages.

    Raises CannotMeasure when one of them can't be had any more.
    """
    lacking = [f"{name}={version}" for name, version in full.packages.items() if bare.packages.get(name) != version]
    private, pool = folder / "apt", folder / "pool"
    for place in (private / "lists/partial", private / "archives/partial", pool):
        place.mkdir(parents=True)
    (private / "debian.sources").write_text(sources.as_deb822(sources.for_suite(recipe.suite, recipe.mirrors)))
    (private / "status").touch()
    settings = {
        "Dir::State::status": private / "status",
        "Dir::State::lists": private / "lists",
        "Dir::Cache": private,
        "Dir::Etc::SourceList": private / "debian.sources",
        "Dir::Etc::SourceParts": "/dev/null",
        "APT::Architecture": "amd64",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 3,
    }
    apt = ["apt-get", "--quiet", *(word for key, value in settings.items() for word in ("--option", f"{key}={value}"))]
    _run([*apt, "update"], pool, recipe)
    _run([*apt, "download", *lacking], pool, recipe)
    for deb in pool.glob("*.deb"):
        deb.rename(pool / f"{deb.name.partition('_')[0]}.deb")  # versions hold signs that addresses write otherwise
    return index(folder)


def index(folder: Path) -> int:
    """Write the list of the packages in `folder/pool`, as apt reads it; how many they are."""
    stanzas = [_stanza(deb) for deb in sorted((folder / "pool").glob("*.deb"))]
    (folder / "Packages").write_text("\n".join(stanzas), encoding="utf-8")
    return len(stanzas)


@contextmanager
def served(folder: Path, network: Sequence[str]) -> Iterator[None]:
    """Serve `folder` in the network that the words of `network` enter, as long as this is open."""
    words = [sys.executable, "-m", "http.server", str(PORT), "--bind", ADDRESS, "--directory", str(folder)]
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *network, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        server.kill()
        server.wait()


def _stanza(deb: Path) -> str:
    control = subprocess.run(["dpkg-deb", "--field", deb], capture_output=True, text=True, timeout=60, check=True)
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    return f"{control.stdout}Filename: pool/{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"


def _run(command: list[str], folder: Path, recipe: Recipe) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    if done.returncode != 0:
        raise CannotMeasure(
            f"the packages of image {recipe.name} can't be had any more: {done.stderr.strip()[-600:]}."
            f" Build it anew (vps image build {recipe.name}) when a mirror has gone on since it was built."
        )
