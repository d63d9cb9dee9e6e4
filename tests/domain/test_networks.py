"""Addresses of a network, and ranges."""

from ipaddress import ip_address

import pytest

from components.domain.networks import AddressRange
from components.domain.problems import DomainError
from tests.domain.sample import NETWORK


def test_addresses_get_the_prefix_of_their_range() -> None:
    assert NETWORK.with_prefix("192.0.2.10") == "192.0.2.10/24"
    assert NETWORK.with_prefix("2001:0db8:1:0::0010") == "2001:db8:1::10/64"


@pytest.mark.parametrize("bad", ["192.0.3.10", "2001:db8:2::1", "192.0.2.300", "", "192.0.2.0/24", "2001:db8:1::10%x"])
def test_addresses_of_elsewhere_are_refused(bad: str) -> None:
    with pytest.raises(DomainError):
        NETWORK.with_prefix(bad)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("192.0.2.2-192.0.2.9", "192.0.2.9", "192.0.2.10"),
        ("192.0.2.8/30", "192.0.2.11", "192.0.2.12"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("2001:db8::1-2001:db8::f", "2001:db8::a", "2001:db8::10"),
    ],
)
def test_ranges(text: str, inside: str, outside: str) -> None:
    whole = AddressRange.parse(text)
    assert ip_address(inside) in whole
    assert ip_address(outside) not in whole
    assert AddressRange.parse(str(whole)) == whole


def test_a_range_holds_one_family() -> None:
    assert ip_address("::1") not in AddressRange.parse("0.0.0.0-0.0.0.9")


@pytest.mark.parametrize("text", ["", "x", "192.0.2.9-192.0.2.2", "192.0.2.1-2001:db8::1", "192.0.2.1/24", "::1%x"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        AddressRange.parse(text)
    assert caught.value.remedy
