"""What is sold."""

from dataclasses import FrozenInstanceError

import pytest

from tests.domain.sample import PACKAGE


def test_the_key_is_name_and_version() -> None:
    assert PACKAGE.key == "small@2026-01"


def test_a_package_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        PACKAGE.traffic_gb = 1  # type: ignore[misc]
