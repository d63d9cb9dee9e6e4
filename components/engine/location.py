"""Which `pulumi` is used: one that the machine has, or the one that set-up put beside the virtual environment.

A `pulumi` on PATH that is new enough and has its Python language host is used as it is. Otherwise it is the one in
`.venv/engine/`: the official release, or the engine built from its Go module with our language host beside it (see
`.ci/toolchain/README.md`). That folder is never looked for on PATH: another checkout's would run another checkout's
code. Run as a program, this prints the `pulumi` that PATH offers, and nothing when it offers none: set-up asks here, so
that the rule stands in one place. Standard library only, for that reason.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

MINIMUM = (3, 200, 0)  # what a pulumi on PATH must at least be
CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = Path(".venv", "engine")  # under the checkout; what set-up chose
_VERSION_DEADLINE_S = 30


class EngineError(RuntimeError):
    """No engine can be used; the message says why and what to do."""


def engine_path(checkout: Path = CHECKOUT) -> Path:
    """The `pulumi` executable to start, absolute. Raises EngineError, with its remedy, when there is none."""
    found = on_path(os.environ.get("PATH", os.defpath))
    if found is not None:
        return found
    chosen = checkout / FOLDER / "pulumi"
    if os.access(chosen, os.X_OK):
        return chosen
    raise EngineError(
        f"Unable to find the Pulumi engine on this machine: no pulumi {'.'.join(map(str, MINIMUM))} or newer with its "
        f"Python language host is on PATH, and set-up has put none into {chosen.parent}. Run ./run setup."
    )


def on_path(search: str) -> Path | None:
    """The `pulumi` that `search`, a PATH, offers and that can be used as it is; None when there is none."""
    folders = [folder for folder in search.split(os.pathsep) if folder and not Path(folder).match(f"*/{FOLDER}")]
    search = os.pathsep.join(folders)
    found = shutil.which("pulumi", path=search)
    if found is None or shutil.which("pulumi-language-python", path=search) is None:
        return None
    path = Path(found).absolute()
    version = version_of(path)
    return path if version is not None and version >= MINIMUM else None


@functools.cache
def version_of(pulumi: Path) -> tuple[int, int, int] | None:
    """What `pulumi version` says; None when it fails, says nothing in time or carries no version."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        told = subprocess.run(
            [str(pulumi), "version"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_VERSION_DEADLINE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", told.stdout.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


if __name__ == "__main__":
    sys.stdout.write(str(on_path(os.environ.get("PATH", os.defpath)) or ""))
