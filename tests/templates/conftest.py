"""cloud-init as the guest has it: the Debian package of the image's suite, unpacked, nothing installed."""

import fcntl
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.images import cache
from components.images.sources import as_deb822, for_suite

SUITES = ("bookworm", "trixie")


@dataclass(frozen=True)
class Unpacked:
    """cloud-init of a Debian release; `path` holds its Python package."""

    suite: str
    path: Path


@pytest.fixture(scope="session", params=SUITES)
def guest_cloudinit(request):
    """The folder that holds the guest's `cloudinit` package; fetched once through this machine's own apt mirror."""
    folder = cache.folder().parent / "cloud-init"
    folder.mkdir(parents=True, exist_ok=True)
    unpacked = folder / request.param
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not unpacked.is_dir():
            with tempfile.TemporaryDirectory(dir=folder) as name:
                Path(name).chmod(0o755)
                _fetch(Path(name), request.param).rename(unpacked)
    return Unpacked(suite=request.param, path=unpacked / "usr/lib/python3/dist-packages")


def _fetch(work, suite):
    """Unpacks the package with a private apt: its lists, cache and sources are its own."""
    (work / "lists/partial").mkdir(parents=True)
    (work / "archives/partial").mkdir(parents=True)
    (work / "debian.sources").write_text(as_deb822([s for s in for_suite(suite) if suite in s.suites]))
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": str(work),
        "Dir::State::lists": str(work / "lists"),
        "Dir::Cache": str(work),
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    arguments = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    for words in (["update"], ["download", "cloud-init"]):
        done = subprocess.run(
            ["apt-get", "-q", *arguments, *words], cwd=work, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    (package,) = work.glob("cloud-init_*.deb")
    subprocess.run(["dpkg-deb", "-x", package, work / "root"], check=True, timeout=60)
    shutil.copy(package, work / "root")
    return work / "root"
