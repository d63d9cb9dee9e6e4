"""What the contract promises to replace."""

from components.domain import hardware


def test_kinds_are_exactly_those_of_the_contract() -> None:
    """HW-2 names six codes and nothing else."""
    assert set(hardware.KINDS) == {"switch", "server", "hard_drive", "ram", "cpu", "raid_controller"}
    assert set(hardware.KINDS_OF_A_HOST) < set(hardware.KINDS)
