"""Parts by what people call them: never a guess."""

from dataclasses import replace

import pytest

from components.domain.inventory import bearer, part_of
from components.domain.problems import DomainError
from tests.domain.sample import HOST, part

TWO_DISKS = replace(HOST, inventory=(*HOST.inventory, part("hard_drive", "2")))


@pytest.mark.parametrize("called", ["hard_drive-1", "hard_drive", "hard-drive", "Hard drive"])
def test_a_part_is_found(called: str) -> None:
    assert part_of(HOST, called).serial == "hard_drive-1"


def test_one_of_two_is_named_by_its_serial() -> None:
    assert part_of(TWO_DISKS, "hard_drive-2").serial == "hard_drive-2"
    with pytest.raises(DomainError, match="hard_drive-1, hard_drive-2"):
        part_of(TWO_DISKS, "hard_drive")


def test_what_is_not_covered_is_told() -> None:
    """HW-2: a power supply has no clock."""
    with pytest.raises(DomainError, match=r"inventory lists server server-1.*vps host set kvm1 failed"):
        part_of(HOST, "power_supply")


def test_who_bears_a_serial() -> None:
    assert bearer([HOST], "cpu-1") == (HOST, part("cpu"))
    assert bearer([HOST], "cpu-9") is None
