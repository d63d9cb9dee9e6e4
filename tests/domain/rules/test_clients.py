"""Rules for clients and their VPSs: for each a passing fleet and one that breaks it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from components.domain.clients import Access, Contact, Contract, Panel, Vps
from components.domain.extras import Extra, Raise
from components.domain.fleet import Fleet
from components.domain.problems import Problem
from components.domain.rules.references import Unread
from components.domain.sales import Sale
from components.domain.terms import Term
from tests.domain.sample import HOST, IMAGE, NETWORK, client, fleet, judged, vps

WEB1 = ("clients", "example-coop", "vps", "web1")


def only(broken: Fleet) -> Problem:
    (problem,) = judged(broken)
    assert problem.remedy
    return problem


def with_vps(**changes: object) -> Fleet:
    return fleet(client("example-coop", vps(**changes)))  # type: ignore[arg-type]


def test_the_sample_has_no_problem() -> None:
    assert list(judged(fleet())) == []


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"package": "smal@2026-01"}, ("package",), 'There is no package "smal@2026-01"'),
        ({"host": "kvm9"}, ("host",), 'There is no host "kvm9"'),
        ({"network": "publik1"}, ("network",), 'There is no network "publik1"'),
        ({"image": "base-debian-12"}, ("image",), 'There is no image "base-debian-12"'),
        ({"id": "h3k9"}, ("id",), "is no VPS id"),
        ({"term": Term(months=2, start=date(2026, 1, 1), renew=True)}, ("term", "months"), "2 months is not sold"),
        ({"power": "on"}, ("power",), '"on" is no power state'),
        ({"fqdn": "web1"}, ("fqdn",), "is no full domain name"),
        ({"fqdn": "Web1.Coop.Example"}, ("fqdn",), "is no full domain name"),
        ({"ends": date(2026, 1, 1)}, ("ends",), "before its term starts"),
        ({"uuid": "XYZ"}, ("uuid",), "is no UUID"),
        ({"ipv4": ("192.0.3.10",)}, ("ipv4", 0), "lies outside the network public1 (192.0.2.0/24)"),
        ({"ipv4": ("192.0.2.1",)}, ("ipv4", 0), "is the gateway"),
        ({"ipv4": ("192.0.2.5",)}, ("ipv4", 0), "is reserved"),
        ({"ipv4": ("192.0.2.255",)}, ("ipv4", 0), "is reserved"),
        ({"ipv4": ("192.0.2.300",)}, ("ipv4", 0), "is no address"),
        ({"ipv4": ("2001:db8:1::20",)}, ("ipv4", 0), "is no IPv4 address"),
        ({"ipv6": ("2001:db8:1:10::/64",)}, ("ipv6", 0), "is no address"),
        ({"ipv6": ("2001:db8:1::10%a b; drop",)}, ("ipv6", 0), "is no address"),
        ({"ipv4": (), "ipv6": ()}, (), "It has no address"),
        ({"panel": Panel(admin="eve")}, ("panel", "admin"), '"eve" is no contact'),
        ({"panel": Panel(admin="ada", ssl_sites=("nope",))}, ("panel", "ssl_sites", 0), "is no full domain name"),
        (
            {"panel": Panel(admin="ada", ssl_sites=("a.example", "b.example", "a.example"))},
            ("panel", "ssl_sites", 2),
            "a.example is listed twice",
        ),
        (
            {"access": (Access(who="eve", root=False, since=date(2026, 12, 3), request="T-1"),)},
            ("access", 0, "who"),
            '"eve" is no contact',
        ),
        (
            {"access": (Access(who="bob", root=True, since=date(2026, 12, 3), request="T-1"),)},
            ("access", 0, "who"),
            "bob has no ssh_key",
        ),
        (
            {"access": (Access(who="ada", root=True, since=date(2026, 12, 3), request=" "),)},
            ("access", 0, "request"),
            "VPS-6",
        ),
        (
            {
                "access": (
                    Access(who="ada", root=True, since=date(2026, 12, 3), request="T-1", until=date(2026, 12, 1)),
                )
            },
            ("access", 0, "until"),
            "before it begins",
        ),
    ],
)
def test_each_fault_of_a_vps_is_one_problem(changes: dict[str, object], path: tuple[object, ...], said: str) -> None:
    problem = only(with_vps(**changes))
    assert problem.path == (*WEB1, *path)
    assert said in problem.message


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"id": "q7m2"}, ("id",), "is no client id"),
        ({"language": "de"}, ("language",), '"de" is no language'),
        (
            {"contract": Contract(version="old@2020-01", signed=date(2026, 1, 1), support="standard")},
            ("contract", "version"),
            "There is no contract version",
        ),
        (
            {"contract": Contract(version="standard@2026-01", signed=date(2026, 1, 1), support="gold")},
            ("contract", "support"),
            '"gold" is no support level',
        ),
    ],
)
def test_each_fault_of_a_client_is_one_problem(changes: dict[str, object], path: tuple[str, ...], said: str) -> None:
    problem = only(fleet(replace(client(), **changes)))  # type: ignore[arg-type]
    assert problem.path == ("clients", "example-coop", *path)
    assert said in problem.message


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        (Contact(name="Eve", email="eve", roles=()), "is no e-mail address"),
        (Contact(name="Eve", email="e@x.example", roles=("boss",)), '"boss" is no role'),
        (Contact(name="Eve", email="e@x.example", roles=(), ssh_key="ssh-ed25519 AAAA eve"), "no public key"),
        (Contact(name="Eve", email="e@x.example", roles=(), ssh_key="ssh-dss AAAAB3 eve"), "no public key"),
        (
            Contact(name="Eve", email="e@x.example", roles=(), ssh_key="-----BEGIN OPENSSH PRIVATE KEY-----"),
            "private key",
        ),
    ],
)
def test_each_fault_of_a_contact_is_one_problem(contact: Contact, said: str) -> None:
    whole = client()
    assert said in only(fleet(replace(whole, contacts={**whole.contacts, "eve": contact}))).message


def test_names_that_are_no_labels() -> None:
    """A VPS, a client's file and a contact each become a name somewhere else."""
    assert "no name for a VPS" in only(fleet(client("example-coop", vps("Web_1")))).message
    assert "no name for a client" in only(fleet(client("Example Coop"))).message
    whole = client()
    bad = replace(whole, contacts={**whole.contacts, "e v e": Contact(name="Eve", email="e@x.example", roles=())})
    assert "no user name" in only(fleet(bad)).message


def test_the_host_must_carry_the_network() -> None:
    other = replace(NETWORK, name="other", ipv4=None, ipv4_gateway=None, ipv6=None, ipv6_gateway=None)
    host = replace(HOST, networks={"other": "bridge:br1"})
    found = list(judged(fleet(networks={"public1": NETWORK, "other": other}, hosts={"kvm1": host})))
    assert [one.message for one in found if one.path == (*WEB1, "network")] == [
        "The host kvm1 does not carry the network public1."
    ]


def test_an_image_that_nobody_built() -> None:
    problem = only(fleet(images={}))
    assert problem.path == (*WEB1, "image")
    assert "vps image build base-debian-13" in problem.remedy


def test_an_image_larger_than_the_disk() -> None:
    assert "needs 11 GiB" in only(fleet(images={IMAGE.name: replace(IMAGE, virtual_gib=11)})).message


def test_an_image_is_held_to_the_disk_that_the_vps_has_now() -> None:
    """Extras count, and what was sold for later is no disk yet."""
    image = {IMAGE.name: replace(IMAGE, virtual_gib=11)}
    disk = Extra(
        name="disk",
        version="2026-01",
        title="Disk",
        adds=Raise(disk_gib=10),
        price_month=Decimal(1),
        set_up=Decimal(0),
        most=1,
    )
    more = {"images": image, "extras": {"disk@2026-01": disk}}
    roomy = vps(extras={"disk@2026-01": 1})
    assert judged(fleet(client("example-coop", roomy), **more)) == []
    later = replace(roomy, since=date(2027, 1, 1), before=(Sale(package="small@2026-01"),))
    assert "small@2026-01 has 10" in only(fleet(client("example-coop", later), **more)).message
    early = replace(later, term=Term(months=3, start=date(2027, 1, 1), renew=True), since=None, before=())
    assert judged(fleet(client("example-coop", early), **more)) == []


def test_what_could_not_be_read_is_not_called_unknown() -> None:
    """A broken catalogue is one problem, not one per VPS that refers to it."""
    bare: Vps = vps(panel=Panel(admin="eve"))
    broken = replace(fleet(client("example-coop", bare)), packages={}, offers={}, contracts={}, hosts={}, networks={})
    gone = [("packages",), ("offers",), ("contracts",), ("hosts",), ("networks",)]
    contacts = ("clients", "example-coop", "contacts", "eve")
    assert list(judged(broken, Unread(frozenset([*gone, contacts])))) == []
