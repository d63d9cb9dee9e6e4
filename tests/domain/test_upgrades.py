"""Another package from a day on: half-open periods, a disk that never shrinks, and nothing that isn't sold."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.extras import Extra, Raise
from components.domain.problems import DomainError
from components.domain.sales import Sale
from components.domain.upgrades import upgrade
from tests.domain.sample import LIMITS, PACKAGE, fleet, vps

START = date(2026, 12, 1)
TODAY = date(2026, 12, 20)
LARGE = replace(PACKAGE, name="large", limits=replace(LIMITS, memory_mib=4096, disk_gib=40))
LARGER = replace(PACKAGE, name="larger", limits=replace(LIMITS, memory_mib=8192, disk_gib=80))
ADOPTED = replace(PACKAGE, name="adopted-1c", adopted=True)


def extra(name: str, most: int = 4, **adds: int) -> Extra:
    return Extra(
        name=name,
        version="2026-01",
        title=name,
        adds=Raise(**adds),
        price_month=Decimal(5),
        set_up=Decimal(0),
        most=most,
    )


MEMORY, DISK = extra("memory", memory_mib=1024), extra("disk", disk_gib=20)
FLEET = fleet(
    packages={one.key: one for one in (PACKAGE, LARGE, LARGER, ADOPTED)},
    extras={one.key: one for one in (MEMORY, DISK)},
)


def test_what_was_before_becomes_history() -> None:
    found = upgrade(FLEET, vps(), LARGE.key, {}, date(2027, 1, 15), TODAY)

    assert found.vps.package == LARGE.key
    assert found.vps.since == date(2027, 1, 15)
    assert found.vps.before == (Sale(package=PACKAGE.key),)
    assert found.vps.sale(found.since - timedelta(days=1)) == found.was == Sale(package=PACKAGE.key)
    assert found.vps.sale(found.since) == found.will
    assert found.withdrawn == ()


@pytest.mark.parametrize("day", [START, START - timedelta(days=9)])
def test_before_it_begins_there_is_no_history(day: date) -> None:
    found = upgrade(FLEET, vps(), LARGE.key, {}, day, TODAY)
    assert (found.vps.package, found.vps.since, found.vps.before, found.since) == (LARGE.key, None, (), START)


def test_what_was_declared_for_later_gives_way() -> None:
    later = upgrade(FLEET, vps(), LARGER.key, {}, date(2027, 3, 1), TODAY).vps

    found = upgrade(FLEET, later, LARGE.key, {}, date(2027, 2, 1), TODAY)

    assert [one.package for one in found.vps.sales] == [PACKAGE.key, LARGE.key]
    assert [one.package for one in found.withdrawn] == [LARGER.key]
    back = upgrade(FLEET, later, PACKAGE.key, {}, date(2027, 2, 1), TODAY)
    assert [one.package for one in back.withdrawn] == [LARGER.key]


def test_extras_stay_unless_they_are_named() -> None:
    had = vps(extras={MEMORY.key: 2})
    day = date(2027, 1, 1)
    assert upgrade(FLEET, had, LARGE.key, {}, day, TODAY).vps.extras == {MEMORY.key: 2}
    assert upgrade(FLEET, had, LARGE.key, {MEMORY.key: 3, DISK.key: 1}, day, TODAY).vps.extras == {
        MEMORY.key: 3,
        DISK.key: 1,
    }
    assert upgrade(FLEET, had, PACKAGE.key, {MEMORY.key: 0}, day, TODAY).vps.extras == {}
    with pytest.raises(DomainError, match=r"5 pieces of memory@2026-01 are too many.*At most 4"):
        upgrade(FLEET, had, PACKAGE.key, {MEMORY.key: 5}, day, TODAY)


def test_a_disk_never_shrinks() -> None:
    had = vps(package=LARGE.key)
    day = date(2027, 1, 1)
    with pytest.raises(DomainError, match=r"10 GiB of disk, it has 40 GiB.*larger@2026-01 \(80 GiB\)"):
        upgrade(FLEET, had, PACKAGE.key, {}, day, TODAY)
    with pytest.raises(DomainError, match=r"never shrinks"):
        upgrade(FLEET, vps(extras={DISK.key: 2}), PACKAGE.key, {DISK.key: 1}, day, TODAY)
    # Extras make up for a smaller package.
    assert upgrade(FLEET, vps(extras={DISK.key: 1}), LARGE.key, {DISK.key: 0}, day, TODAY).vps.extras == {}


def test_what_may_have_been_applied_today_counts_as_well() -> None:
    grown = upgrade(FLEET, vps(), LARGE.key, {}, TODAY, TODAY).vps
    with pytest.raises(DomainError, match="never shrinks"):
        upgrade(FLEET, grown, PACKAGE.key, {}, TODAY, TODAY)
    tomorrow = upgrade(FLEET, vps(), LARGE.key, {}, TODAY + timedelta(days=1), TODAY).vps
    assert upgrade(FLEET, tomorrow, PACKAGE.key, {}, TODAY + timedelta(days=1), TODAY).vps.package == PACKAGE.key
    # Before its term begins a machine may be there already.
    early = date(2026, 11, 1)
    with pytest.raises(DomainError, match="never shrinks"):
        upgrade(FLEET, vps(package=LARGE.key), PACKAGE.key, {}, early, early)


def test_what_it_has_already_is_no_change() -> None:
    with pytest.raises(DomainError, match="has that already from 2026-12-01 on"):
        upgrade(FLEET, vps(), PACKAGE.key, {}, date(2027, 1, 1), TODAY)


def test_versions_of_adopted_machines_are_for_those_alone() -> None:
    day = date(2027, 1, 1)
    with pytest.raises(DomainError, match="not sold"):
        upgrade(FLEET, vps(), ADOPTED.key, {}, day, TODAY)
    pinned = vps(uuid="5d1f6c1e-8f0b-4f39-9d0a-7b1c2d3e4f50")
    assert upgrade(FLEET, pinned, ADOPTED.key, {}, day, TODAY).vps.package == ADOPTED.key


@given(st.lists(st.tuples(st.sampled_from((PACKAGE, LARGE, LARGER)), st.integers(-40, 400)), max_size=8))
def test_every_day_has_one_sale_whatever_is_written_in_which_order(steps: list[tuple[object, int]]) -> None:
    """Days before a change keep what they had, later ones have the new one, and a disk never shrinks on the way."""
    found = vps()
    for package, offset in steps:
        day = START + timedelta(days=offset)
        try:
            change = upgrade(FLEET, found, package.key, {}, day, TODAY)  # type: ignore[attr-defined]
        except DomainError:
            continue
        since = max(day, START)
        days = [START + timedelta(days=number) for number in range(401)]
        assert all(change.vps.sale(one) == found.sale(one) for one in days if one < since)
        assert all(change.vps.sale(one).package == package.key for one in days if one >= since)  # type: ignore[attr-defined]
        found = change.vps
    dates = [one.since or START for one in found.sales]
    assert dates == sorted(set(dates))
    disks = [FLEET.limits(one).disk_gib for one in found.sales]
    assert disks == sorted(disks)


def test_what_the_catalogue_lacks_can_not_be_compared() -> None:
    for gone in (vps(package="gone@2025-01"), vps(extras={"gone@2025-01": 1})):
        with pytest.raises(DomainError, match=r"It has gone@2025-01, which catalogue.yaml lacks\. Put that back"):
            upgrade(FLEET, gone, LARGE.key, {}, START, TODAY)


def test_what_would_begin_after_the_end_is_refused() -> None:
    for over in (
        vps(ends=START + timedelta(days=9)),
        vps(term=replace(vps().term, start=START, months=1, renew=False)),
    ):
        day = over.ends or over.term.end
        assert day is not None
        with pytest.raises(DomainError, match=rf"never be in force: the VPS is sold until {day}"):
            upgrade(FLEET, over, LARGE.key, {}, day, START)
        assert upgrade(FLEET, over, LARGE.key, {}, day - timedelta(days=1), START).will.package == LARGE.key
