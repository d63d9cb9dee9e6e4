"""Short words of an order are found in the catalogue, and what is not there is told with what is."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from components.domain import choices
from components.domain.contracts import ContractVersion
from components.domain.extras import Extra, Raise
from components.domain.images import ImageOffer
from components.domain.problems import DomainError
from tests.domain.sample import HOST, IMAGE, NETWORK, PACKAGE
from tests.domain.sample import fleet as sample

TODAY = date(2026, 11, 22)
NEWER = replace(PACKAGE, version="2026-11")
ADOPTED = replace(PACKAGE, name="adopted-1c", adopted=True)


def test_a_package_is_named_whole_or_by_its_newest_version() -> None:
    fleet = replace(sample(), packages={one.key: one for one in (NEWER, PACKAGE, ADOPTED)})
    assert choices.package(fleet, "small") == "small@2026-11"
    assert choices.package(fleet, "small@2026-01") == "small@2026-01"
    with pytest.raises(DomainError, match=r"no package \"smal\".*small@2026-01, small@2026-11\."):
        choices.package(fleet, "smal")
    with pytest.raises(DomainError, match=r"adopted machines have; it is not sold"):
        choices.package(fleet, ADOPTED.key)


def test_extras_are_counted() -> None:
    key, name = "memory@2026-01", "memory"
    piece = Extra(
        name=name,
        version="2026-01",
        title="Memory",
        adds=Raise(memory_mib=1024),
        price_month=Decimal(5),
        set_up=Decimal(0),
    )
    fleet = replace(sample(), extras={key: piece})
    assert choices.extras(fleet, [f"{key}=2"]) == {key: 2}
    assert choices.extras(fleet, [name]) == {key: 1}
    assert choices.extras(fleet, [f"{name}=0"]) == {key: 0}
    assert choices.extras(fleet, []) == {}
    for wrong in (f"{key}=two", f"{key}=-1", f"{key}=1.5", "nothing=1"):
        with pytest.raises(DomainError, match=r"is no extra|There is no extra"):
            choices.extras(fleet, [wrong])


def test_the_contract_is_the_newest_that_was_valid_when_it_was_signed() -> None:
    made = [
        ContractVersion(key=f"standard@{day:%Y-%m}", title="", valid_from=day)
        for day in (date(2026, 1, 1), date(2026, 11, 1), date(2027, 1, 1))
    ]
    fleet = replace(sample(), contracts={one.key: one for one in made})
    assert choices.contract(fleet, "", TODAY) == "standard@2026-11"
    assert choices.contract(fleet, "standard@2027-01", TODAY) == "standard@2027-01"
    with pytest.raises(DomainError, match=r"valid on 2025-12-31.*--contract: standard@2026-01"):
        choices.contract(fleet, "", date(2025, 12, 31))


def test_the_image_is_the_first_that_may_be_installed() -> None:
    offers = {
        "gone": ImageOffer(name="gone", new_installs_until=TODAY.replace(day=21)),
        "unbuilt": ImageOffer(name="unbuilt", new_installs_until=None),
        "old": ImageOffer(name="old", new_installs_until=None),
        "last-day": ImageOffer(name="last-day", new_installs_until=TODAY),
        "good": ImageOffer(name="good", new_installs_until=None),
    }
    images = {name: replace(IMAGE, name=name) for name in ("gone", "last-day", "good")}
    images["old"] = replace(IMAGE, name="old", expires=TODAY)
    fleet = replace(sample(), offers=offers, images=images)
    assert choices.image(fleet, "", TODAY) == "last-day"
    assert choices.image(fleet, "", TODAY, {"last-day": "nobody mends it"}) == "good"
    assert choices.image(fleet, "gone", TODAY) == "gone"
    with pytest.raises(DomainError, match=r'no image "bad".*last-day, good\.'):
        choices.image(fleet, "bad", TODAY)
    with pytest.raises(DomainError) as told:
        choices.image(replace(fleet, offers={key: offers[key] for key in ("gone", "unbuilt", "old")}), "", TODAY)
    whys = "gone was for new VPSs until 2026-11-21; unbuilt is not built; old expired on 2026-11-22."
    assert str(told.value) == f"No image may be installed today: {whys} Build one with `vps image build`."


def test_terms_are_those_of_the_contract() -> None:
    assert [choices.months(one) for one in ("1", "3", "12")] == [1, 3, 12]
    for wrong in ("6", "smal", "03"):
        with pytest.raises(DomainError, match=rf"A term of {wrong} months is not sold.*TERM-1.*Write 1, 3 or 12"):
            choices.months(wrong)


def test_a_support_level_is_one_that_is_agreed_on() -> None:
    assert [choices.support(one) for one in ("standard", "vip")] == ["standard", "vip"]
    with pytest.raises(DomainError, match=r'no support level "gold".*standard, vip'):
        choices.support("gold")


def test_a_full_name_is_whole_and_nobodys_yet() -> None:
    fleet = sample()
    (taken,) = {vps.fqdn for _, vps in fleet.machines()}
    assert choices.fqdn(fleet, f"new.{taken}") == f"new.{taken}"
    for wrong in (taken, "Web1.coop.example", "web1"):
        with pytest.raises(DomainError):
            choices.fqdn(fleet, wrong)


def test_somebody_chooses_a_network_only_where_a_host_carries_several() -> None:
    four = replace(NETWORK, name="admin0", ipv6=None, ipv6_gateway=None)
    fleet = replace(sample(), networks={"public1": NETWORK, "admin0": four})
    assert choices.networks(fleet, None) == ()
    first = replace(HOST, networks={"public1": "bridge:br0", "admin0": "bridge:br1", "gone": "bridge:br2"})
    second = replace(HOST, name="lab2", networks={"public1": "bridge:br0"})
    both = replace(fleet, hosts={"lab1": first, "lab2": second})
    assert choices.networks(both, None) == ("admin0", "public1")
    assert choices.networks(both, "lab1") == ("admin0", "public1")
    assert choices.networks(both, "lab2") == choices.networks(both, "lab9") == ()
    # One network for each host: the host decides.
    apart = {"lab1": replace(HOST, networks={"admin0": "bridge:br1"}), "lab2": second}
    assert choices.networks(replace(fleet, hosts=apart), None) == ()


def test_a_vps_gets_one_address_of_each_family_that_its_network_has() -> None:
    four = replace(NETWORK, name="four", ipv6=None, ipv6_gateway=None)
    fleet = replace(sample(), networks={"public1": NETWORK, "four": four})
    assert choices.families(fleet, "public1") == (1, 1)
    assert choices.families(fleet, "four") == (1, 0)
    # Nothing carries the other one: it takes IPv6 from nobody.
    assert choices.families(fleet, None) == (1, 1)
    carried = replace(HOST, name="lab2", networks={"four": "bridge:br0"})
    assert choices.families(replace(fleet, hosts={**fleet.hosts, "lab2": carried}), None) == (1, 0)
    with pytest.raises(DomainError, match=r'no network "x".*public1, four'):
        choices.families(fleet, "x")


def test_a_label_is_the_first_free_one() -> None:
    assert choices.label(()) == "web1"
    assert choices.label(("web1", "web3", "db")) == "web2"
