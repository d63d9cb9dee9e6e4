"""Rules for images by the calendar."""

from dataclasses import replace
from datetime import date

import pytest

from components.domain.images import ImageOffer
from components.domain.rules.images import closed, problems
from tests.domain.sample import IMAGE, fleet

NAME = "base-debian-13"


@pytest.mark.parametrize(
    ("today", "until", "code", "told"),
    [
        (date(2027, 11, 1), None, None, False),
        (date(2027, 11, 2), None, "new-from-expired-image", True),
        (date(2026, 12, 31), date(2026, 12, 31), None, False),
        (date(2027, 1, 1), date(2026, 12, 31), "new-from-withdrawn-image", False),
        (date(2027, 11, 2), date(2026, 12, 31), "new-from-withdrawn-image", False),
    ],
    ids=["its last day", "expired", "the last day for new ones", "phased out", "both"],
)
def test_an_image_is_closed_to_new_ones(today: date, until: date | None, code: str | None, told: bool) -> None:
    """One that was phased out on purpose may expire: nobody has to do anything."""
    one = fleet(offers={NAME: ImageOffer(name=NAME, new_installs_until=until)})
    assert [found for found, _ in closed(one, today).values()] == ([code] if code else [])
    assert [problem.code for problem in problems(one, today)] == (["image-expired"] if told else [])


def test_one_that_was_never_right_is_told_elsewhere() -> None:
    wrong = replace(IMAGE, expires=IMAGE.built)
    assert closed(fleet(images={NAME: wrong}), date(2030, 1, 1)) == {}
