"""How wide the terminal is that a command writes to."""

import shutil
import sys


def width() -> int | None:
    """Its columns; None where a file or another program reads, to which nothing is too wide."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
