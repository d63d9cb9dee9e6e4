"""Physical security that the contract promises."""

from dataclasses import replace

import pytest

from tests.domain.sample import DATACENTRE


def test_a_complete_one_lacks_nothing() -> None:
    assert list(DATACENTRE.shortfalls()) == []


@pytest.mark.parametrize(
    ("lacking", "requirement"),
    [
        ({"ups": False}, "SEC-1"),
        ({"generator": False}, "SEC-1"),
        ({"temperature_control": False}, "SEC-2"),
        ({"humidity_control": False}, "SEC-2"),
        ({"access_cards": False}, "SEC-3"),
        ({"registered": ()}, "SEC-3"),
        ({"intrusion_detection": False}, "SEC-4"),
        ({"cameras": False}, "SEC-4"),
    ],
)
def test_each_fact_is_needed(lacking: dict[str, object], requirement: str) -> None:
    found = list(replace(DATACENTRE, **lacking).shortfalls())
    assert [one for one, _ in found] == [requirement]
