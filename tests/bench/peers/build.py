"""The peers: Terraform and its libvirt provider, built once from their Go modules for the benchmark alone.

`go.mod` and `go.sum` pin every byte. What is built stays in the cache, under the digest of what it was built from.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from components.images import cache
from tests.bench.figures import CannotMeasure

HERE = Path(__file__).parent
TERRAFORM, PROVIDER = "terraform", "terraform-provider-libvirt"
PACKAGES = ("github.com/hashicorp/terraform", "github.com/dmacvicar/terraform-provider-libvirt")
BUILD_S = 1800
_STAND_IN = re.compile(r"^\t(\S+) => (\./backends/\S+)$", re.MULTILINE)


def build(say: Callable[[str], None]) -> Path:
    """The folder that holds both programs. Raises CannotMeasure, with what Go said, when they can't be had."""
    sources = [HERE / "go.mod", HERE / "go.sum", HERE / "state_backend.go"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    folder = cache.folder().parent / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / digest
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            say("peers: building terraform and terraform-provider-libvirt, once (2 minutes, 1 GB of Go's own cache)")
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                _build(Path(scratch))
                (Path(scratch) / "out").rename(made)
    return made


def versions() -> dict[str, str]:
    """The pinned version of each program."""
    pinned = (HERE / "go.mod").read_text(encoding="utf-8")
    return {
        package.rpartition("/")[2]: found[1]
        for package in PACKAGES
        if (found := re.search(rf"^\t{re.escape(package)} (v\S+)$", pinned, re.MULTILINE))
    }


def _build(scratch: Path) -> None:
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(HERE / name, scratch / name)
    for module, place in _STAND_IN.findall((HERE / "go.mod").read_text(encoding="utf-8")):
        folder = scratch / place
        folder.mkdir(parents=True)
        (folder / "go.mod").write_text(f"module {module}\n\ngo 1.23\n", encoding="utf-8")
        shutil.copyfile(HERE / "state_backend.go", folder / "state_backend.go")
    (scratch / "out").mkdir()
    flags = "-s -w -X github.com/hashicorp/terraform/version.dev=no"
    command = ["go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", flags, "-o", "out/"]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-modcacherw"}
    try:
        done = subprocess.run(
            [*command, *PACKAGES],
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotMeasure(f"the peers can't be built: {error}. Install Go 1.24 or newer") from error
    if done.returncode != 0:
        said = "; ".join(done.stderr.strip().splitlines()[-3:])
        raise CannotMeasure(f"the peers can't be built: {said}")
