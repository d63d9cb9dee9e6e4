"""Which addresses may be given: the lowest that is nobody's, not reserved and in no quarantine."""

from datetime import date
from ipaddress import IPv4Address, ip_address
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from components.domain.addresses import canonical, free, number, taken
from components.domain.rules.common_ground import unusable
from tests.domain.sample import NETWORK, client, fleet, vps

TODAY = date(2027, 1, 15)
ADDRESSES = st.integers(0, 255).map(lambda last: str(IPv4Address("192.0.2.0") + last))


def test_the_lowest_that_is_free_is_given() -> None:
    held = taken(fleet(), {}, TODAY)
    assert NETWORK.ipv4 is not None
    first = next(free(NETWORK, 4, held))
    below = [one for one in NETWORK.ipv4 if one < first]
    assert all(
        str(one) == "192.0.2.10"
        or one == NETWORK.ipv4_gateway
        or unusable(NETWORK, one)
        or any(one in reserved for reserved in NETWORK.reserved)
        for one in below
    )


@given(mine=st.sets(ADDRESSES, max_size=40), quarantined=st.sets(ADDRESSES, max_size=40))
def test_no_address_is_given_that_somebody_has_or_had_until_lately(mine: set[str], quarantined: set[str]) -> None:
    known = fleet(client("example-coop", vps(ipv4=tuple(sorted(mine)))))
    held = taken(known, dict.fromkeys(quarantined, date(2027, 1, 16)), TODAY)
    given_out = list(free(NETWORK, 4, held))
    assert given_out == sorted(set(given_out))
    assert NETWORK.ipv4 is not None
    for address in given_out:
        assert str(address) not in mine | quarantined
        assert address in NETWORK.ipv4
        assert address != NETWORK.ipv4_gateway
        assert not unusable(NETWORK, address)
        assert not any(address in reserved for reserved in NETWORK.reserved)
    assert len(given_out) > 100


def test_a_quarantine_is_over_on_its_day() -> None:
    lowest = next(free(NETWORK, 4, taken(fleet(), {}, TODAY)))
    until = {str(lowest): date(2027, 1, 16)}
    assert lowest not in free(NETWORK, 4, taken(fleet(), until, TODAY))
    assert lowest in free(NETWORK, 4, taken(fleet(), until, date(2027, 1, 16)))


def test_an_address_is_taken_however_it_is_written() -> None:
    odd = fleet(client("example-coop", vps(ipv6=("2001:DB8:1:0::0010",))))
    assert ip_address("2001:db8:1::10") not in islice(free(NETWORK, 6, taken(odd, {}, TODAY)), 100)
    assert canonical("2001:DB8:1:0::0010") == "2001:db8:1::10"
    assert canonical("nobody") == "nobody"
    assert number("192.0.2.1/24") is None


def test_a_reserved_half_of_all_addresses_is_passed_at_once() -> None:
    """Nobody counts up through an IPv6 range."""
    from dataclasses import replace

    from components.domain.networks import AddressRange

    network = replace(NETWORK, reserved=(AddressRange.parse("2001:db8:1::-2001:db8:1::7fff:ffff:ffff:ffff"),))
    assert str(next(free(network, 6, {4: set(), 6: set()}))) == "2001:db8:1:0:8000::"


def test_a_network_without_the_family_gives_none() -> None:
    from dataclasses import replace

    assert list(free(replace(NETWORK, ipv6=None, ipv6_gateway=None), 6, {4: set(), 6: set()})) == []
