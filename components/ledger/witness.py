"""Who notes something, and which commit of the fleet's files they look at."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from components.config import checkout
from components.domain.problems import DomainError

VARIABLE = "VPS_ACTOR"
"""Environment: the name to note, where a shared account or a job works for somebody."""


def actor(environ: Mapping[str, str]) -> str:
    """The name that was given, else whoever logged in, `sudo` or not."""
    for name in (VARIABLE, "SUDO_USER", "LOGNAME", "USER"):
        said = note(environ.get(name, ""))
        if said:
            return said
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def why(reason: str) -> str:
    """What was said as the reason, in one line that steers no terminal. Raises DomainError when nothing was."""
    words = note(reason)
    if not words:
        raise DomainError("Nobody said why. Nothing was noted.", "Give --reason: whoever reads it at night is glad.")
    return words


def note(words: str) -> str:
    """Words in one line that steers no terminal; perhaps none."""
    return "".join(one if one.isprintable() else "?" for one in " ".join(words.split()))


def commit(folder: Path) -> str:
    """The commit that the fleet's files are at; empty outside of git, or where git can't tell."""
    try:
        return checkout.told(folder, "rev-parse", "--verify", "HEAD")
    except DomainError:
        return ""
