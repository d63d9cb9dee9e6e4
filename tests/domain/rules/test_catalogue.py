"""Rules for what is sold: for each a fleet that breaks it."""

from dataclasses import fields, replace

import pytest

from components.domain.images import ImageOffer
from components.domain.limits import Limits
from components.domain.packages import Backup
from components.domain.terms import Discount
from tests.domain.sample import CONTRACT_VERSION, IMAGE, LIMITS, PACKAGE, fleet, judged

KEY = "small@2026-01"


@pytest.mark.parametrize("field", [one.name for one in fields(Limits)])
def test_no_limit_may_be_nothing(field: str) -> None:
    """VPS-4: all limits above zero."""
    broken = replace(PACKAGE, limits=replace(LIMITS, **{field: 0}))
    found = [one for one in judged(fleet(packages={KEY: broken})) if "VPS-4" in one.message]
    assert len(found) == 1
    assert found[0].path[:3] == ("packages", KEY, "limits")


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"traffic_gb": 0}, ("traffic",), "VPS-4"),
        ({"limits": replace(LIMITS, cpu_cap_percent=250)}, ("limits", "cpu_cap"), "more than 2 vcpus can use"),
        ({"grows_to": replace(PACKAGE.grows_to, disk_gib=5)}, ("grows_to", "disk"), "less than the package has"),
        ({"backup": Backup(every_hours=0, keep_days=1)}, ("backup",), "backup promise of nothing"),
    ],
)
def test_each_fault_of_a_package(changes: dict[str, object], path: tuple[str, ...], said: str) -> None:
    (problem,) = judged(fleet(packages={KEY: replace(PACKAGE, **changes)}))  # type: ignore[arg-type]
    assert problem.path == ("packages", KEY, *path)
    assert said in problem.message


@pytest.mark.parametrize("key", ["small", "small@", "small@2026", "small@2026-13", "Small@2026-01", "@2026-01"])
def test_a_package_is_named_with_its_version(key: str) -> None:
    found = list(judged(fleet(packages={KEY: PACKAGE, key: PACKAGE})))
    assert [one.path for one in found] == [("packages", key)]


def test_contract_versions_discounts_and_offers() -> None:
    broken = fleet(
        contracts=dict.fromkeys(("standard@2026-01", "loose"), CONTRACT_VERSION),
        discounts=(Discount(months=2, percent=5), Discount(months=3, percent=101)),
        offers={
            IMAGE.name: ImageOffer(name=IMAGE.name, new_installs_until=None),
            "A b": ImageOffer(name="A b", new_installs_until=None),
        },
    )
    assert [one.path for one in judged(broken)] == [
        ("contracts", "loose"),
        ("term_discounts", 0),
        ("term_discounts", 1),
        ("offers", "A b"),
    ]


def test_a_locked_image_has_a_digest_and_a_future() -> None:
    bad = replace(IMAGE, sha256="latest", expires=IMAGE.built)
    found = list(judged(fleet(images={IMAGE.name: bad})))
    assert [one.path[-1] for one in found] == ["sha256", "expires"]
    assert all("vps image build" in one.remedy for one in found)


@pytest.mark.parametrize("zone", ["Europe/Brusels", "CEST", "localtime", "/etc/localtime"])
def test_months_are_counted_in_a_zone_that_there_is(zone: str) -> None:
    """Contract J4."""
    version = replace(CONTRACT_VERSION, time_zone=zone)
    (problem,) = judged(fleet(contracts={version.key: version}))
    assert (problem.code, problem.path) == ("unknown-time-zone", ("contracts", version.key, "timezone"))
    good = replace(CONTRACT_VERSION, time_zone="Europe/Brussels")
    assert list(judged(fleet(contracts={good.key: good}))) == []


def test_a_term_has_one_discount() -> None:
    twice = (Discount(months=12, percent=5), Discount(months=12, percent=10))
    (problem,) = judged(fleet(discounts=twice))
    assert (problem.code, problem.path) == ("bad-discount", ("term_discounts", 1))
