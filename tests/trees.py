"""Trees of golden images for guests in containers: unpacked once for each image, without a loop device."""

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.images import cache
from components.images.disk import ROOT_SECTOR, SECTOR

AEGIR_OVERRIDE = "VPS_TEST_AEGIR_TREE"
OVERRIDE = "VPS_TEST_TREE"
"""Trees that are taken as they are, while images are being worked on."""


@contextmanager
def tree(sha256: str) -> Iterator[Path]:
    """The root tree of a cached image, not to be written to. Trees that nobody uses give way to a new one."""
    folder = cache.folder().parent / "trees"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as unpacking:
        fcntl.flock(unpacking, fcntl.LOCK_EX)
        if not (folder / sha256).is_dir():
            for other in folder.glob("*.used"):
                _drop(other)
            _unpack(cache.path(sha256), folder / sha256)
        used = (folder / f"{sha256}.used").open("w")
        fcntl.flock(used, fcntl.LOCK_SH)
    with used:
        yield folder / sha256


def _drop(used: Path) -> None:
    """Take a tree away unless somebody uses it."""
    with used.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(used.with_suffix(""), ignore_errors=True)
        used.unlink()


def _unpack(image: Path, target: Path) -> None:
    """Write the files of an image's root filesystem: debugfs reads it where it lies in the disk."""
    work = target.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    (work / "root").mkdir(parents=True)
    raw = work / "disk.raw"
    _run("qemu-img", "convert", "-O", "raw", str(image), str(raw))
    filesystem = f"{raw}?offset={ROOT_SECTOR * SECTOR}"
    _run("debugfs", "-R", f"rdump / {work}/root", filesystem)
    (work / "root").chmod(0o755)
    _special_modes(work / "root", filesystem)
    raw.unlink()
    for path in ("bin/sh", "usr/lib/systemd/systemd", "etc/passwd"):
        assert (work / "root" / path).exists(), f"{image} was not unpacked: no {path}"
    (work / "root").rename(target)
    shutil.rmtree(work)


def _special_modes(root: Path, filesystem: str) -> None:
    """Give files their set-user, set-group and sticky bits: rdump leaves them out."""
    folders = [
        "/",
        *(f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_dir() and not path.is_symlink()),
    ]
    listing = _run("debugfs", "-f", "-", filesystem, stdin="".join(f'ls -p "{folder}"\n' for folder in folders))
    folder = root
    for line in listing.splitlines():
        if line.startswith("debugfs: ls -p"):
            folder = root / line.split('"')[1].lstrip("/")
        elif line.startswith("/"):
            _, _, mode, _, _, name, *_ = line.split("/")
            path = folder / name
            if int(mode or "0", 8) & 0o7000 and name != ".." and not path.is_symlink() and path.exists():
                path.chmod(int(mode, 8) & 0o7777)


def _run(*command: str, stdin: str = "") -> str:
    words = ["nice", "-n", "5", *command]
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
