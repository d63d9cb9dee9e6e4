"""Extras raise what a package has, piece by piece."""

from dataclasses import replace
from decimal import Decimal

from components.domain.extras import Extra, Raise, raised
from components.domain.sales import Sale
from tests.domain import sample

MEMORY = Extra(
    name="memory",
    version="2026-01",
    title="1 GiB more memory",
    adds=Raise(memory_mib=1024, vcpus=1),
    price_month=Decimal("4.00"),
    set_up=Decimal("0.00"),
    most=4,
)


def test_each_piece_adds_to_every_limit_that_it_names() -> None:
    limits = raised(sample.LIMITS, {MEMORY: 3})
    assert limits == replace(sample.LIMITS, memory_mib=2048 + 3 * 1024, vcpus=5)


def test_the_fleet_gives_the_limits_of_what_was_sold() -> None:
    fleet = replace(sample.fleet(), extras={MEMORY.key: MEMORY})
    assert fleet.limits(Sale(package="small@2026-01")) == sample.LIMITS
    assert fleet.limits(Sale(package="small@2026-01", extras={"memory@2026-01": 1})).memory_mib == 3072


def test_what_adds_nothing_says_so() -> None:
    assert not Raise()
    assert Raise(traffic_gb=1)
