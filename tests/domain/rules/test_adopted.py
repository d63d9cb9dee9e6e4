"""Rules for adopted machines: for each a fleet that breaks it."""

from dataclasses import replace

import pytest

from components.domain.fleet import Fleet
from components.domain.limits import UNLIMITED
from tests.domain.sample import LIMITS, PACKAGE, client, fleet, judged, vps

KEY = "adopted-old@2026-01"
BARE = replace(
    PACKAGE,
    name="adopted-old",
    adopted=True,
    limits=replace(
        LIMITS, cpu_cap_percent=UNLIMITED, disk_iops=UNLIMITED, disk_rate_mib_s=UNLIMITED, nic_rate_mbit_s=UNLIMITED
    ),
)
PINNED = {"uuid": "6a1c9f0e-52d4-4b7e-9a53-0c6f1d2e7b84", "mac": "52:54:00:12:34:56", "pool": "default"}


def adopted(package: str = KEY, **changes: object) -> Fleet:
    web1 = vps(**{"package": package, **PINNED, **changes})
    return fleet(client("example-coop", web1), packages={PACKAGE.key: PACKAGE, KEY: BARE})


def test_an_adopted_machine_may_lack_every_cap() -> None:
    assert list(judged(adopted())) == []


def test_it_may_be_brought_to_a_package_that_is_sold() -> None:
    assert list(judged(adopted(package=PACKAGE.key))) == []


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"uuid": "XYZ"}, "uuid", "is no UUID"),
        ({"mac": "52:54:00:12:34"}, "mac", "is no MAC"),
        ({"mac": "52:54:00:AB:CD:EF"}, "mac", "is no MAC"),
        ({"uuid": None, "pool": None}, "mac", "only for adopted machines"),
        ({"uuid": None, "mac": None}, "pool", "only for adopted machines"),
        ({"uuid": None, "mac": None, "pool": None}, "package", "nothing new is sold"),
    ],
)
def test_each_fault(changes: dict[str, object], key: str, said: str) -> None:
    path = ("clients", "example-coop", "vps", "web1", key)
    found = [one for one in judged(adopted(**changes)) if one.path == path]
    assert len(found) == 1
    assert said in found[0].message


def test_a_sold_package_has_every_limit() -> None:
    """VPS-4: without the word `adopted` a cap may not be missing."""
    found = list(judged(adopted()))
    assert found == []
    sold = replace(BARE, adopted=False)
    broken = fleet(packages={PACKAGE.key: PACKAGE, KEY: sold})
    assert {one.path[-1] for one in judged(broken)} == {"cpu_cap", "disk_iops", "disk_rate", "nic_rate"}


def test_no_machine_is_without_memory() -> None:
    """Only caps may be missing."""
    broken = replace(BARE, limits=replace(BARE.limits, memory_mib=0))
    (problem,) = judged(fleet(packages={PACKAGE.key: PACKAGE, KEY: broken}))
    assert problem.path == ("packages", KEY, "limits", "memory")


def test_the_image_of_an_adopted_machine_need_not_fit_its_disk() -> None:
    """It was not made from it."""
    small = replace(BARE, limits=replace(BARE.limits, disk_gib=1), grows_to=replace(BARE.grows_to, disk_gib=1))
    found = replace(adopted(), packages={PACKAGE.key: PACKAGE, KEY: small})
    assert list(judged(found)) == []
