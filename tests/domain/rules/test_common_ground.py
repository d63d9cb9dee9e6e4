"""Rules for fleet.yaml: for each a fleet that breaks it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from components.domain.networks import AddressRange
from tests.domain.sample import DATACENTRE, NETWORK, fleet, judged, spare


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"id": "Demo"}, ("id",), "is no fleet id"),
        ({"currency": "euro"}, ("currency",), "is no currency"),
        ({"datacentres": {"dc1": replace(DATACENTRE, ups=False)}}, ("datacentres", "dc1"), "SEC-1"),
        (
            {"networks": {"public1": replace(NETWORK, ipv4_gateway=IPv4Address("192.0.3.1"))}},
            ("networks", "public1", "ipv4", "gateway"),
            "is no usable address",
        ),
        (
            {"networks": {"public1": replace(NETWORK, ipv4_gateway=IPv4Address("192.0.2.0"))}},
            ("networks", "public1", "ipv4", "gateway"),
            "is no usable address",
        ),
        (
            {"networks": {"public1": replace(NETWORK, reserved=(AddressRange.parse("192.0.2.250-192.0.3.1"),))}},
            ("networks", "public1", "reserved", 0),
            "lies outside",
        ),
        ({"networks": {"public1": replace(NETWORK, dns=("dns1",))}}, ("networks", "public1", "dns", 0), "no address"),
        (
            {"networks": {"public1": NETWORK, "B": replace(NETWORK, name="B", ipv4=None, ipv6=None, reserved=())}},
            ("networks", "B"),
            "no name for a network",
        ),
        (
            {"networks": {"public1": NETWORK, "b": replace(NETWORK, name="b", ipv4=None, ipv6=None, reserved=())}},
            ("networks", "b"),
            "has no addresses",
        ),
        (
            {
                "networks": {
                    "public1": NETWORK,
                    "b": replace(
                        NETWORK,
                        name="b",
                        ipv4=IPv4Network("192.0.2.128/25"),
                        ipv4_gateway=IPv4Address("192.0.2.129"),
                        ipv6=None,
                        reserved=(),
                    ),
                }
            },
            ("networks", "b", "ipv4", "range"),
            "overlaps with 192.0.2.0/24 of public1",
        ),
    ],
)
def test_each_fault_is_told_at_its_place(changes: dict[str, object], path: tuple[object, ...], said: str) -> None:
    found = [one for one in judged(fleet(**changes)) if one.path == path]
    assert any(said in one.message for one in found), list(judged(fleet(**changes)))
    assert all(one.remedy for one in found)


def test_a_spare_comes_from_somewhere() -> None:
    whole = fleet()
    for lacking in ({"count": 0}, {"place": ""}):
        spares = {**whole.spares, "ram": replace(spare("ram"), **lacking)}  # type: ignore[arg-type]
        (problem,) = judged(replace(whole, spares=spares))
        assert problem.path == ("spares", "ram")
        assert ("None is left at shelf" in problem.message) == ("count" in lacking)
    ordered = replace(spare("ram"), count=0, place="", supplier="Parts Ltd", lead_time_hours=12)
    assert list(judged(replace(whole, spares={**whole.spares, "ram": ordered}))) == []
