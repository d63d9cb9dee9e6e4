"""Limits by their keys."""

import pytest

from components.domain import limits


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("vcpus", 2, "2"),
        ("cpuCapPercent", 150, "150 %"),
        ("memoryMib", 2048, "2048 MiB"),
        ("disks.root.rateMibS", 100, "100 MiB/s"),
        ("nics.n0.rateMbitS", None, "unknown"),
        ("nics.n0.rateMbitS", limits.UNLIMITED, "unlimited"),
        ("memoryMib", 0, "0 MiB"),
    ],
)
def test_values_are_shown_with_their_unit(key: str, value: int | None, shown: str) -> None:
    assert limits.display(key, value) == shown


def test_a_key_that_is_no_limit_is_an_error() -> None:
    with pytest.raises(KeyError):
        limits.unit("colour")


def test_declared_limits_are_told_from_everything_else_that_is_declared() -> None:
    found = limits.declared(
        {
            "vcpus": 2,
            "order": 1,
            "disks": {"root": {"sizeGib": 10, "standalone": True, "image": {"name": "i"}}},
            "nics": {"n0": {"rateMbitS": 0, "mac": "m"}},
        }
    )

    assert found == {"vcpus": 2, "disks.root.sizeGib": 10, "nics.n0.rateMbitS": 0}
    assert limits.declared({}) == {}
