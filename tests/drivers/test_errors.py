"""Errors read as sentences: what, cause, remedy."""

import pytest

from components.drivers.errors import DriverError, Interrupted, Refused


@pytest.mark.parametrize("cause", ["the pool is gone", "the pool is gone."])
def test_sentence(cause: str) -> None:
    """With one full stop, whoever wrote it."""
    error = Refused("Unable to create machine a/b on kvm1", cause, "Mount it.")
    assert str(error) == "Unable to create machine a/b on kvm1: the pool is gone. Mount it."
    assert isinstance(error, DriverError)


def test_interrupted_carries_what_exists() -> None:
    """State must keep it."""
    assert Interrupted("Unable to create", "killed", "Run again.", None).machine is None
