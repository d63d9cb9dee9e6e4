"""Rules for extras and sales: for each a fleet that breaks it, and one that doesn't."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from components.domain import rules
from components.domain.extras import Extra, Raise
from components.domain.fleet import Fleet
from components.domain.limits import UNLIMITED
from components.domain.problems import Problem
from components.domain.sales import Sale
from components.domain.terms import Term
from tests.domain.sample import LIMITS, PACKAGE, client, fleet, vps

DAY = date(2026, 12, 10)
MEMORY = Extra(
    name="memory",
    version="2026-01",
    title="Memory",
    adds=Raise(memory_mib=1024),
    price_month=Decimal("4.00"),
    set_up=Decimal("0.00"),
    most=2,
)
CPU = replace(MEMORY, name="cpu", adds=Raise(vcpus=1, cpu_cap_percent=50), most=1, support="vip")
BIG = replace(PACKAGE, name="big", limits=replace(LIMITS, disk_gib=40))
SOLD = {"small@2026-01": PACKAGE, "big@2026-01": BIG}
EXTRAS = {"memory@2026-01": MEMORY, "cpu@2026-01": CPU}


def found(machine: dict[str, object], **changes: object) -> list[Problem]:
    one = fleet(client("example-coop", vps(**machine)), **{"packages": SOLD, "extras": EXTRAS} | changes)
    return list(rules.problems(one, today=DAY))


def codes(machine: dict[str, object], **changes: object) -> list[str]:
    return [problem.code for problem in found(machine, **changes)]


@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"extras": {"memory@2026-01": 2}},
        {"since": date(2026, 12, 1)},
        {"since": date(2027, 1, 1), "before": (Sale(package="small@2026-01"),), "package": "big@2026-01"},
        {
            "since": date(2027, 2, 1),
            "before": (
                Sale(package="small@2026-01", extras={"memory@2026-01": 5}),
                Sale(package="small@2026-01", since=date(2027, 1, 1)),
            ),
            "package": "big@2026-01",
        },
    ],
    ids=["plain", "as many as go", "from the start", "later more", "three"],
)
def test_what_is_right_is_not_told(machine: dict[str, object]) -> None:
    """What was sold earlier is history: more pieces than go today are no fault there."""
    assert codes(machine) == []


@pytest.mark.parametrize(
    ("machine", "code", "path"),
    [
        ({"extras": {"memry@2026-01": 1}}, "unknown-extra", ("extras", "memry@2026-01")),
        ({"extras": {"memory@2026-01": 3}}, "too-many-pieces", ("extras", "memory@2026-01")),
        ({"extras": {"memory@2026-01": 0}}, "too-many-pieces", ("extras", "memory@2026-01")),
        ({"extras": {"cpu@2026-01": 1}}, "extra-needs-support", ("extras", "cpu@2026-01")),
        (
            {"before": (Sale(package="tiny@2026-01"),), "since": date(2027, 1, 1)},
            "unknown-package",
            ("before", 0, "package"),
        ),
        (
            {"before": (Sale(package="small@2026-01", extras={"x@2026-01": 1}),), "since": date(2027, 1, 1)},
            "unknown-extra",
            ("before", 0, "extras", "x@2026-01"),
        ),
        ({"before": (Sale(package="small@2026-01"),)}, "sale-order", ("since",)),
        ({"before": (Sale(package="small@2026-01"),), "since": date(2026, 12, 1)}, "sale-order", ("since",)),
        (
            {
                "before": (
                    Sale(package="small@2026-01", since=date(2026, 12, 1)),
                    Sale(package="small@2026-01", since=date(2026, 12, 1)),
                ),
                "since": date(2027, 2, 1),
            },
            "sale-order",
            ("before", 1, "since"),
        ),
        ({"since": date(2027, 1, 1)}, "sale-order", ("since",)),
        (
            {"before": (Sale(package="small@2026-01", since=date(2026, 12, 2)),), "since": date(2027, 1, 1)},
            "sale-order",
            ("before", 0, "since"),
        ),
        ({"since": date(2026, 11, 30)}, "sale-outside-term", ("since",)),
        (
            {"since": date(2027, 3, 1), "before": (Sale(package="small@2026-01"),), "ends": date(2027, 3, 1)},
            "sale-never-in-force",
            ("since",),
        ),
        (
            {
                "since": date(2027, 3, 1),
                "before": (Sale(package="small@2026-01"),),
                "term": Term(months=3, start=date(2026, 12, 1), renew=False),
            },
            "sale-never-in-force",
            ("since",),
        ),
        (
            {"before": (Sale(package="big@2026-01"),), "since": date(2027, 1, 1)},
            "disk-shrinks",
            ("package",),
        ),
    ],
)
def test_each_fault_is_told_at_its_place(machine: dict[str, object], code: str, path: tuple[object, ...]) -> None:
    (problem,) = found(machine)
    assert (problem.code, problem.path) == (code, ("clients", "example-coop", "vps", "web1", *path))
    assert problem.message
    assert problem.remedy


@pytest.mark.parametrize(
    "machine",
    [
        {"since": date(2027, 3, 1), "before": (Sale(package="small@2026-01"),), "ends": date(2027, 3, 1)},
        {"extras": {"cpu@2026-01": 1}},
    ],
    ids=["ends before it grows", "VIP is gone"],
)
def test_what_a_client_gives_up_stops_no_apply(machine: dict[str, object]) -> None:
    (problem,) = found(machine)
    assert not problem.blocks


def test_an_extra_of_vip_goes_with_vip(monkeypatch: pytest.MonkeyPatch) -> None:
    one = client("example-coop", vps(extras={"cpu@2026-01": 1}))
    one = replace(one, contract=replace(one.contract, support="vip"))
    told = rules.problems(fleet(one, extras=EXTRAS), today=DAY)
    assert "extra-needs-support" not in {problem.code for problem in told}


def test_nothing_is_added_to_what_has_no_limit() -> None:
    package = replace(PACKAGE, adopted=True, limits=replace(LIMITS, cpu_cap_percent=UNLIMITED))
    extra = replace(CPU, support="")
    adopted = vps(extras={"cpu@2026-01": 1}, uuid="f1a5c1f4-7c39-5b1e-9a57-0d1f0f6b6b1e")
    one: Fleet = fleet(
        client("example-coop", adopted), packages={"small@2026-01": package}, extras={"cpu@2026-01": extra}
    )
    assert [problem.code for problem in rules.problems(one, today=DAY)] == ["extra-on-unlimited"]


@pytest.mark.parametrize(
    ("key", "extra", "code"),
    [
        ("memory", MEMORY, "bad-version-key"),
        ("memory@2026-01", replace(MEMORY, adds=Raise()), "extra-adds-nothing"),
        ("memory@2026-01", replace(MEMORY, support="gold"), "unknown-support-level"),
    ],
)
def test_an_extra_of_the_catalogue_is_whole(key: str, extra: Extra, code: str) -> None:
    (problem,) = rules.problems(fleet(extras={key: extra}), today=DAY)
    assert (problem.code, problem.path[:2]) == (code, ("extras", key))
