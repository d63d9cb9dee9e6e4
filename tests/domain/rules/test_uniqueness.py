"""Nothing is held twice; a clash is told at each of its places."""

from dataclasses import replace

import pytest

from components.domain.names import machine_uuid
from tests.domain.sample import HOST, client, fleet, judged, vps

OTHER = {"id": "v-2222", "ipv4": ("192.0.2.11",), "ipv6": (), "fqdn": "b.example", "panel": None, "access": ()}


def two(**changes: object) -> list[tuple[str | int, ...]]:
    second = replace(client("b", vps(**{**OTHER, **changes})), id="c-bbbb")  # type: ignore[arg-type]
    return [one.path for one in judged(fleet(client("a"), second))]


def test_two_clients_apart_don_t_clash() -> None:
    assert two() == []


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"id": "v-h3k9"}, ("id", "id")),
        ({"fqdn": "web1.coop.example"}, ("fqdn", "fqdn")),
        ({"uuid": machine_uuid("demo", "c-q7m2", "v-h3k9")}, ("id", "uuid")),
    ],
)
def test_ids_names_and_uuids(changes: dict[str, object], places: tuple[str, str]) -> None:
    assert two(**changes) == [
        ("clients", "a", "vps", "web1", places[0]),
        ("clients", "b", "vps", "web1", places[1]),
    ]


def test_pinned_macs() -> None:
    """Two frames of one MAC on a bridge: both clients lose theirs."""
    pinned = {"uuid": machine_uuid("demo", "c-x", "v-x"), "mac": "52:54:00:12:34:56"}
    one = client("a", vps(**{**pinned, "uuid": machine_uuid("demo", "c-y", "v-y")}))
    second = replace(client("b", vps(**{**OTHER, **pinned})), id="c-bbbb")  # type: ignore[arg-type]
    found = [problem.path for problem in judged(fleet(one, second))]
    assert found == [("clients", "a", "vps", "web1", "mac"), ("clients", "b", "vps", "web1", "mac")]


@pytest.mark.parametrize(
    ("changes", "family"),
    [({"ipv4": ("192.0.2.10",)}, "ipv4"), ({"ipv6": ("2001:0db8:0001::0:10",)}, "ipv6")],
)
def test_addresses_are_compared_by_meaning(changes: dict[str, object], family: str) -> None:
    assert two(**changes) == [
        ("clients", "a", "vps", "web1", family, 0),
        ("clients", "b", "vps", "web1", family, 0),
    ]


def test_each_is_told_its_own_command() -> None:
    """Who has the address in force is not known here; the command leaves that one as it is."""
    second = client("b", vps("web2", **(OTHER | {"ipv4": ("192.0.2.10",)})), id="c-bbbb")  # type: ignore[arg-type]
    remedies = [one.remedy for one in judged(fleet(client("a"), second))]
    assert ["vps new --again a/web1" in remedies[0], "vps new --again b/web2" in remedies[1]] == [True, True]


def test_client_ids() -> None:
    found = list(judged(fleet(client("a"), client("b", vps(**OTHER)))))  # type: ignore[arg-type]
    assert [one.path for one in found] == [("clients", "a", "id"), ("clients", "b", "id")]
    assert "also that of b" in found[0].message


def test_hosts_and_their_pieces() -> None:
    found = [one.path for one in judged(fleet(hosts={"kvm1": HOST, "kvm2": replace(HOST, name="kvm2")}))]
    assert ("hosts", "kvm1", "uri") in found
    assert ("hosts", "kvm2", "inventory", 0, "serial") in found
