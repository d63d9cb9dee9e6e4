"""What a figure means nothing without: the machine and the versions."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

from components.engine.location import EngineError, engine_path, version_of
from components.engine.project import CHECKOUT


def machine() -> dict[str, str]:
    """Cores, memory, kernel, acceleration, and how busy it is."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    total = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "cores": f"{len(os.sched_getaffinity(0))} ({model[1] if model else platform.machine()})",
        "memory": f"{int(total[1]) / 1024**2:.1f} GiB" if total else "unknown",
        "kernel": platform.release(),
        "acceleration": _acceleration(),
        "load": load(),
    }


def load() -> str:
    """The load average of the last minute: above the bench's own share, figures are noisy."""
    return f"{os.getloadavg()[0]:.1f}"


def versions() -> dict[str, str]:
    """Everything that a figure depends on; what is not there says so."""
    return {
        "ours": _commit(),
        "python": platform.python_version(),
        "pulumi": f"{_engine()}, SDK {metadata.version('pulumi')}, secrets provider passphrase",
        "libvirt": _said(["libvirtd", "--version"]),
        "qemu": _said(["qemu-system-x86_64", "--version"]),
    }


def _acceleration() -> str:
    from components.lab.acceleration import probe

    found = probe()
    return f"{found.kind}: {found.why}"


def _engine() -> str:
    try:
        found = engine_path()
    except EngineError:
        return "no engine"
    version = version_of(found)
    return ".".join(map(str, version)) if version else "unknown engine"


def _commit() -> str:
    commit = _said(["git", "-C", str(CHECKOUT), "rev-parse", "--short=12", "HEAD"], number=False)
    changed = _said(["git", "-C", str(CHECKOUT), "status", "--porcelain", "--untracked-files=no"], number=False)
    return f"{commit}, with uncommitted changes" if changed not in ("", "not there") else commit


def _said(command: list[str], *, number: bool = True) -> str:
    """What a command answers; of a `--version` only the number."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "not there"
    text = done.stdout.strip()
    found = re.search(r"\d+(\.\d+)+", text) if number else None
    return found[0] if found else text
