"""A terminal has a width, a pipe has none."""

import os
import subprocess
import sys
from contextlib import suppress

SAY = "from components.cli.terminal import width; print(width())"


def test_only_a_terminal_is_narrow() -> None:
    """COLUMNS, which a shell may export, is the width of a terminal and not of a pipe."""
    narrow = os.environ | {"COLUMNS": "72"}
    piped = subprocess.run([sys.executable, "-c", SAY], env=narrow, capture_output=True, text=True, check=True)
    assert piped.stdout == "None\n"
    ours, theirs = os.openpty()
    subprocess.run([sys.executable, "-c", SAY], env=narrow, stdout=theirs, check=True)
    os.close(theirs)
    with suppress(OSError):
        assert os.read(ours, 99).strip() == b"72"
    os.close(ours)
