"""The suite itself: each of its workers must find the same tests, or none of them runs."""

import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def _collected(seed: str) -> list[str]:
    """The tests' names as a worker of its own finds them."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        check=False,
        cwd=_ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": seed, "HOME": str(_ROOT), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    return [line for line in found.stdout.splitlines() if "::" in line]


def test_workers_of_another_second_and_hash_seed_find_the_same_tests() -> None:
    first = _collected("1")
    time.sleep(1.1)
    second = _collected("2")

    assert len(first) > 4000
    assert first == second
