"""Writes the golden texts anew, for whoever has read what changed: `python -m tests.kit.golden`."""

import os
import tempfile
from pathlib import Path

from components.kit import software
from components.kit.documents import NAMES
from tests.kit.conftest import declared, layers, made

GOLDEN = Path(__file__).parent / "golden"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        software.TEMPLATES = layers(Path(name))
        os.environ["XDG_CACHE_HOME"] = name
        files = made(declared()).files
    GOLDEN.mkdir(exist_ok=True)
    for file in (*(f"{one}.md" for one in NAMES), "dns.html", "dns/forward-coop.example.zone"):
        (GOLDEN / Path(file).name).write_bytes(files[file])


if __name__ == "__main__":
    main()
