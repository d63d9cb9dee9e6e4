"""The official release is taken whole and verified, or not at all."""

import hashlib
import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from components.engine.location import CHECKOUT

TOOLS = CHECKOUT / ".ci" / "toolchain"


@pytest.fixture
def archive(tmp_path):
    """A release as Pulumi packs it: a folder `pulumi` with the engine and a host per language."""
    path = tmp_path / "release.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in (
            "pulumi",
            "pulumi-language-python",
            "pulumi-language-python-exec",
            "pulumi-language-go",
            "LICENSE",
        ):
            content = f"#!/bin/sh\necho {name}\n".encode()
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def install(listing: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder.parent / "list").write_text(listing)
    command = [sys.executable, str(TOOLS / "release.py"), str(folder.parent / "list"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def pin(path: Path, digest: str | None = None) -> str:
    processor = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()
    return f"# comment\n{digest or hashlib.sha256(path.read_bytes()).hexdigest()} {processor} file://{path}\n"


def test_a_release_that_is_what_was_pinned_is_installed(tmp_path, archive):
    """Engine and Python host, executable; other languages stay out, and nothing temporary is left."""
    folder = tmp_path / "cache" / "engine"
    folder.parent.mkdir()
    done = install(pin(archive), folder)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in folder.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    ]
    assert subprocess.run([folder / "pulumi"], capture_output=True, text=True, check=True).stdout == "pulumi\n"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["engine", "list"]


def test_a_release_that_is_something_else_is_thrown_away(tmp_path, archive):
    """A wrong digest has a status of its own, names both digests and leaves nothing."""
    folder = tmp_path / "cache" / "engine"
    folder.parent.mkdir()
    done = install(pin(archive, "0" * 64), folder)
    assert done.returncode == 2
    assert "0" * 64 in done.stderr
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in done.stderr
    assert [p.name for p in folder.parent.iterdir()] == ["list"]


def test_a_release_without_python_host_is_refused(tmp_path):
    """What can't run a program of ours is no engine for us."""
    path = tmp_path / "release.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("pulumi/pulumi"), io.BytesIO())
    done = install(pin(path), tmp_path / "engine")
    assert done.returncode == 2
    assert "no pulumi-language-python" in done.stderr
    assert not (tmp_path / "engine").exists()


def test_a_release_that_cannot_be_had_says_why(tmp_path):
    """No traceback: set-up builds the engine instead."""
    done = install(pin(tmp_path / "gone.tar.gz", "0" * 64), tmp_path / "engine")
    assert done.returncode == 1
    assert "No such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "engine").exists()


def test_an_unknown_processor_has_no_release(tmp_path, archive):
    """The list speaks of other processors only."""
    done = install(f"{'0' * 64} sparc64 file://{archive}\n", tmp_path / "engine")
    assert done.returncode == 1
    assert "no official release for" in done.stderr


def test_the_pins_agree_on_one_version():
    """Release, module and build stamp name the same version, and the digests look like SHA-256."""
    listing = (TOOLS / "release.txt").read_text()
    pins = re.findall(r"^([0-9a-f]{64}) (\S+) https://\S+/(v[\d.]+)/pulumi-(v[\d.]+)-linux", listing, re.MULTILINE)
    assert {processor for _, processor, *_ in pins} == {"x86_64", "aarch64"}
    module = re.search(r"pulumi/pkg/v3 (\S+)", (TOOLS / "go.mod").read_text())
    built = re.search(r"^version=(\S+)$", (TOOLS / "engine.sh").read_text(), re.MULTILINE)
    assert module
    assert built
    assert {version for *_, a, b in pins for version in (a, b)} == {module[1]} == {built[1]}


def test_the_build_asks_for_the_go_that_its_module_asks_for():
    """engine.sh compares with the `go` line of go.mod, so both must say the same."""
    line = re.search(r"^go (\S+)$", (TOOLS / "go.mod").read_text(), re.MULTILINE)
    needs = re.search(r"^needs_go=(\S+)", (TOOLS / "engine.sh").read_text(), re.MULTILINE)
    assert line
    assert needs
    assert line[1] == needs[1]
