"""What is declared of guests."""

from components.domain.guests import WEEKDAYS, Guests, Maintenance


def test_a_fleet_that_says_nothing_has_a_window_on_sundays() -> None:
    """Short and at night; mail goes nowhere."""
    assert Guests().maintenance == Maintenance(day="sunday", opens="03:00", hours=2)
    assert Guests().smarthost == ""
    assert Guests().maintenance.day in WEEKDAYS
    assert len(WEEKDAYS) == 7
