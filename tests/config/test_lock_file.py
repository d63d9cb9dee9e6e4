"""images.lock.yaml, every key of it."""

from datetime import date

from components.config.documents import parse
from components.config.lock_file import LockFile
from components.domain.images import Image
from tests.config.conftest import LOCK


def test_every_key_arrives() -> None:
    document = parse(LOCK.format(digest="ab" * 32).encode())
    assert document.flaws == []
    entry = LockFile.model_validate(document.data).images["base-debian-13"]
    assert entry.domain("base-debian-13") == Image(
        name="base-debian-13",
        sha256="ab" * 32,
        bytes=412345678,
        virtual_gib=3,
        inputs="ab" * 32,
        built=date(2026, 11, 22),
        expires=date(2027, 11, 22),
    )
