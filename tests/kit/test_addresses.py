"""Assigned addresses: all of them, none twice."""

from dataclasses import replace

import pytest

from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.kit.addresses import assigned, owners
from tests.domain import sample


def test_every_address_of_every_vps_with_prefix_and_gateway() -> None:
    fleet = sample.fleet(
        sample.client("a", sample.vps(), sample.vps("web2", id="v-2222", ipv4=("192.0.2.11",), ipv6=()))
    )
    rows = assigned(fleet, fleet.clients["a"], owners(fleet))
    assert [(one["vps"], one["address"], one["family"], one["prefix"], one["gateway"]) for one in rows] == [
        ("web1", "192.0.2.10", "IPv4", "24", "192.0.2.1"),
        ("web1", "2001:db8:1::10", "IPv6", "64", "2001:db8:1::1"),
        ("web2", "192.0.2.11", "IPv4", "24", "192.0.2.1"),
    ]


def _two(ipv6: str) -> Fleet:
    other = sample.client("b", sample.vps("web2", id="v-2222", ipv4=("192.0.2.11",), ipv6=(ipv6,)), id="c-2222")
    return sample.fleet(sample.client("a"), other)


@pytest.mark.parametrize("client", ["a", "b"])
def test_an_address_that_two_have_refuses_both_kits(client: str) -> None:
    """However it is spelt."""
    fleet = _two("2001:0db8:0001::0010")
    with pytest.raises(DomainError, match=r"2001:db8:1::10 is assigned to a/web1 and b/web2"):
        assigned(fleet, fleet.clients[client], owners(fleet))


def test_a_clash_of_others_concerns_nobody_else() -> None:
    fleet = _two("2001:db8:1::10")
    third = sample.client("c", sample.vps("web3", id="v-3333", ipv4=("192.0.2.12",), ipv6=()), id="c-3333")
    fleet = replace(fleet, clients={**fleet.clients, "c": third})
    assert len(assigned(fleet, third, owners(fleet))) == 1


def test_what_is_no_address_stops_nobody_else() -> None:
    """`vps check` names it."""
    broken = sample.client("b", sample.vps("web2", id="v-2222", ipv4=("192.0.2",), ipv6=()), id="c-2222")
    fleet = sample.fleet(sample.client("a"), broken)
    assert len(assigned(fleet, fleet.clients["a"], owners(fleet))) == 2
