"""Golden images."""

from dataclasses import FrozenInstanceError

import pytest

from tests.domain.sample import IMAGE


def test_an_image_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        IMAGE.sha256 = "0" * 64  # type: ignore[misc]
