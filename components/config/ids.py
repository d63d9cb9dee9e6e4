"""Permanent ids of clients and VPSs: random, and never one that was ever used, in whatever branch.

UUIDs, MACs, ledger and backups hang on them, so an id of a client who left must not come back with another.
"""

import re
import secrets
from collections.abc import Collection
from pathlib import Path

from components.config import checkout
from components.config.folder import CLIENTS
from components.domain.problems import DomainError

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that people mistake for each other."""
_SHORT, _LONG = 6, 12
_HISTORY_S = 20
"""Seconds that git may take to look through the whole history."""


def fresh(prefix: str, taken: Collection[str], fleet: Path | None = None) -> str:
    """A new id `<prefix>-…` that is none of `taken`, and that the git history of the folder `fleet` never held.

    Where git can't tell in time, the id is so long that chance repeats none.
    """
    while True:
        made = _random(prefix, _SHORT)
        if made in taken:
            continue
        known = _was_used(fleet, made) if fleet is not None else False
        if known is None:
            return _random(prefix, _LONG)
        if not known:
            return made


def _random(prefix: str, length: int) -> str:
    return f"{prefix}-{''.join(secrets.choice(LETTERS) for _ in range(length))}"


def _was_used(fleet: Path, made: str) -> bool | None:
    """Whether a commit of any branch brought the id, or took it away; None when git can't tell."""
    looking = ["log", "--all", "--format=%H", "-1", "--pickaxe-regex", f"-S\\b{re.escape(made)}\\b", "--", CLIENTS]
    try:
        done = checkout.run(fleet, *looking, seconds=_HISTORY_S)
    except DomainError:
        return None
    return bool(done.stdout.strip()) if done.returncode == 0 else None
