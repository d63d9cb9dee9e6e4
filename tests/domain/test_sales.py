"""What is in force on a day: half-open periods, each up to the day of the next."""

from datetime import date

import pytest

from components.domain.sales import Sale, in_force
from tests.domain import sample

SMALL = Sale(package="small@2026-01")
LARGE = Sale(package="large@2026-01", extras={"memory@2026-01": 2}, since=date(2027, 2, 1))


@pytest.mark.parametrize(
    ("day", "found"),
    [(date(2026, 12, 1), SMALL), (date(2027, 1, 31), SMALL), (date(2027, 2, 1), LARGE), (date(2030, 1, 1), LARGE)],
)
def test_a_period_includes_its_first_day_and_not_that_of_the_next(day: date, found: Sale) -> None:
    assert in_force((SMALL, LARGE), day) == found


def test_before_the_first_day_it_is_the_first_that_counts() -> None:
    assert in_force((LARGE,), date(2026, 1, 1)) == LARGE
    with pytest.raises(ValueError, match="nothing was sold"):
        in_force((), date(2026, 1, 1))


def test_a_vps_has_what_it_had_until_the_new_package_begins() -> None:
    vps = sample.vps(package="large@2026-01", since=date(2027, 2, 1), before=(SMALL,))
    assert vps.sale(date(2027, 1, 31)).package == "small@2026-01"
    assert vps.sale(date(2027, 2, 1)).package == "large@2026-01"
