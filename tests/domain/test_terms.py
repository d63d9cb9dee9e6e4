"""For how long VPSs are sold."""

from components.domain.terms import LENGTHS


def test_lengths_are_those_of_the_contract() -> None:
    """TERM-1: one, three or twelve months."""
    assert LENGTHS == (1, 3, 12)
