"""Rules for what a client may have in all."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.clients import Quota
from components.domain.extras import Extra, Raise
from components.domain.problems import Problem
from components.domain.rules.quotas import problems
from components.domain.sales import Sale
from tests.domain.sample import LIMITS, PACKAGE, client, fleet, vps

TODAY = date(2026, 12, 10)
BIG = replace(PACKAGE, name="big", limits=replace(LIMITS, vcpus=4, memory_mib=4096, disk_gib=40))
SOLD = {"small@2026-01": PACKAGE, "big@2026-01": BIG}
EXTRA = Extra(
    name="m",
    version="2026-01",
    title="M",
    adds=Raise(memory_mib=1024),
    price_month=Decimal(1),
    set_up=Decimal(0),
    most=9,
)


def judged(quota: Quota | None, *machines: object, shared: Quota | None = None) -> list[Problem]:
    named = {one.key: one for one in machines}  # type: ignore[attr-defined]
    one = replace(client("a"), vps=named, quota=quota)
    return list(problems(fleet(one, packages=SOLD, extras={"m@2026-01": EXTRA}, quota=shared or Quota()), TODAY))


@pytest.mark.parametrize(
    ("quota", "over"),
    [
        (Quota(), []),
        (Quota(vps=2, vcpus=4, memory_mib=4096, disk_gib=20), []),
        (Quota(vps=1), [("vps", 1)]),
        (Quota(vcpus=3), [("vcpus", 1)]),
        (Quota(memory_mib=4095), [("memory", 1)]),
        (Quota(disk_gib=10), [("disk", 10)]),
        (Quota(vps=0, disk_gib=0), [("vps", 2), ("disk", 20)]),
    ],
)
def test_each_amount_has_its_own_limit(quota: Quota, over: list[tuple[str, int]]) -> None:
    found = judged(quota, vps("web1"), vps("web2"))
    assert [(one.path[-1], one.measure) for one in found] == over
    assert all(one.code == "client-quota" and not one.blocks and one.remedy for one in found)


def test_the_fleet_s_quota_holds_where_the_client_has_none_of_its_own() -> None:
    tight = Quota(vps=0)
    assert len(judged(None, vps(), shared=tight)) == 1
    assert judged(Quota(vps=1), vps(), shared=tight) == []


def test_extras_count_and_so_does_what_is_sold_for_later() -> None:
    quota = Quota(memory_mib=2048)
    assert judged(quota, vps()) == []
    assert [one.measure for one in judged(quota, vps(extras={"m@2026-01": 2}))] == [2048]
    later = vps(package="big@2026-01", since=date(2027, 1, 1), before=(Sale(package="small@2026-01"),))
    assert [one.measure for one in judged(quota, later)] == [2048]
    earlier = vps(package="small@2026-01", since=date(2026, 12, 5), before=(Sale(package="big@2026-01"),))
    assert judged(quota, earlier) == []


def test_an_ended_vps_counts_no_more() -> None:
    assert judged(Quota(vps=0), vps(ends=TODAY)) == []
    assert len(judged(Quota(vps=0), vps(ends=date(2026, 12, 11)))) == 1


def test_what_is_sold_by_nobody_is_told_elsewhere() -> None:
    assert judged(Quota(memory_mib=0), vps(package="none@2026-01")) == []


@given(st.integers(0, 6), st.integers(0, 6))
def test_a_quota_of_n_holds_n(number: int, quota: int) -> None:
    found = judged(Quota(vps=quota), *(vps(f"web{index}") for index in range(number)))
    assert [one.measure for one in found] == ([number - quota] if number > quota else [])
