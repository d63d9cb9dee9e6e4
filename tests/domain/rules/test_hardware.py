"""Rules for spares and warranties."""

from dataclasses import replace
from datetime import date

import pytest

from components.domain.fleet import Fleet
from components.domain.hardware import Spare
from components.domain.problems import Severity
from components.domain.rules.hardware import PARTS_PER_SPARE, irreplaceable, problems
from tests.domain.sample import HOST, fleet, part, spare

TODAY = date(2026, 12, 10)


def with_spare(one: Spare, **changes: object) -> Fleet:
    kinds = ("server", "cpu", "ram", "hard_drive")
    return fleet(spares={kind: spare(kind) for kind in kinds} | {"ram": one}, **changes)


def codes(one: Fleet) -> list[str]:
    return [problem.code for problem in problems(one, TODAY)]


RAM = spare("ram")


@pytest.mark.parametrize(
    ("one", "code", "late"),
    [
        (RAM, None, False),
        (replace(RAM, count=0, place="", supplier="Parts", lead_time_hours=24), None, False),
        (replace(RAM, model="Another", supplier="Parts", lead_time_hours=12), None, False),
        (replace(RAM, count=0, supplier="Parts", lead_time_hours=24), "spare-shelf-empty", False),
        (replace(RAM, count=0, supplier="Parts", lead_time_hours=25), "spare-too-late", True),
        (replace(RAM, count=0, place="", supplier="Parts", lead_time_hours=25), "spare-too-late", True),
        (replace(RAM, model="Another"), "spare-other-model", True),
        (replace(RAM, count=0), None, True),
    ],
    ids=["shelf", "supplier", "either", "shelf empty", "late", "no shelf, late", "model", "no source"],
)
def test_a_part_is_replaced_within_a_day(one: Spare, code: str | None, late: bool) -> None:
    """What has no source at all is told where spares are judged."""
    found = with_spare(one)
    assert codes(found) == ([code] if code else [])
    assert irreplaceable(found, HOST) == (("ram ram-1",) if late else ())


def test_what_is_not_listed_can_t_be_replaced() -> None:
    host = replace(HOST, inventory=HOST.inventory[:2])
    assert irreplaceable(fleet(hosts={"kvm1": host}), host) == ("an unlisted ram", "an unlisted hard_drive")


def test_one_spare_is_few_for_many() -> None:
    kinds = ("server", "cpu", "hard_drive")
    rams = tuple(part("ram", str(number)) for number in range(PARTS_PER_SPARE + 1))
    host = replace(HOST, inventory=(*(part(kind) for kind in kinds), *rams))
    (problem,) = problems(fleet(hosts={"kvm1": host}), TODAY)
    assert (problem.code, problem.severity, problem.measure) == ("spare-few", Severity.WARNING, 1)
    assert "51 parts of kvm1" in problem.message
    assert codes(with_spare(replace(RAM, count=2), hosts={"kvm1": host})) == []


def test_many_hosts_are_told_in_one_line() -> None:
    hosts = {f"kvm{number}": replace(HOST, name=f"kvm{number}") for number in range(5)}
    late = replace(RAM, count=0, supplier="Parts", lead_time_hours=72)
    (problem,) = problems(with_spare(late, hosts=hosts), TODAY)
    assert "5 parts of kvm0, kvm1, kvm2 and 2 more" in problem.message
    assert problem.measure == 5


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2028, 11, 1), None),
        (date(2028, 11, 2), "warranty-ending"),
        (date(2029, 1, 1), "warranty-ending"),
        (date(2029, 1, 2), "warranty-over"),
    ],
)
def test_warranties_are_told_before_and_after_their_end(day: date, code: str | None) -> None:
    found = list(problems(fleet(), day))
    assert [(one.code, one.severity, one.measure) for one in found] == ([(code, Severity.WARNING, 4)] if code else [])
    assert all("4 parts" in one.message for one in found)
