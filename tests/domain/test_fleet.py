"""The whole fleet."""

from components.domain.fleet import Fleet
from tests.domain.sample import client, fleet, vps


def test_machines_come_with_their_client_in_order() -> None:
    whole = fleet(client("b", vps("z"), vps("a")), client("a", vps("m")))
    assert [(owner.key, one.key) for owner, one in whole.machines()] == [("b", "z"), ("b", "a"), ("a", "m")]


def test_an_empty_fleet_has_no_machines() -> None:
    assert list(Fleet(id="demo", name="", currency="EUR").machines()) == []
