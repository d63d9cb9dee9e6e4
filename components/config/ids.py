"""Permanent ids of clients and VPSs: random, and never one that was ever used, in whatever branch.

UUIDs, MACs, ledger and backups hang on them, so an id of a client who left must not come back with another.
"""

import os
import re
import secrets
import subprocess
from collections.abc import Collection
from pathlib import Path

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that people mistake for each other."""
_SHORT, _LONG = 6, 12
_HISTORY_S = 20
"""Seconds that git may take to look through the whole history."""


def fresh(prefix: str, taken: Collection[str], fleet: Path | None = None, *, most_s: float = _HISTORY_S) -> str:
    """A new id `<prefix>-…` that is none of `taken`, and that the git history of `fleet` never held.

    Where that can't be asked within `most_s` seconds, the id is long enough that chance repeats none.
    """
    while True:
        made = _random(prefix, _SHORT)
        if made in taken:
            continue
        known = _was_used(fleet, made, most_s) if fleet is not None else False
        if known is None:
            return _random(prefix, _LONG)
        if not known:
            return made


def _random(prefix: str, length: int) -> str:
    return f"{prefix}-{''.join(secrets.choice(LETTERS) for _ in range(length))}"


def _was_used(fleet: Path, made: str, most_s: float) -> bool | None:
    """Whether any commit of any branch brought or took away the id; None when git can't tell, or has no time to."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(fleet), "log", "--all", "--format=%H", "-1", "--pickaxe-regex"]
    command += [f"-S\\b{re.escape(made)}\\b", "--", "clients"]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=most_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return bool(done.stdout.strip()) if done.returncode == 0 else None
