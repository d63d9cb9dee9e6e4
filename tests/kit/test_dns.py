"""Records: right names, right zones, who sets them, and files that a name server's own tool takes."""

import subprocess
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest

from components.domain.clients import Client, Panel
from components.domain.networks import Network
from components.kit import dns
from tests.domain import sample

CHECK = ["named-checkzone", "-i", "local", "-k", "fail", "-M", "fail", "-n", "fail", "-r", "fail", "-D"]
"""Every doubt is an error; name servers may stand in zones that aren't here."""


def _client(*sites: str, fqdn: str = "web1.coop.example") -> Client:
    return sample.client("example-coop", sample.vps(fqdn=fqdn, panel=Panel(admin="ada", ssl_sites=sites)))


def _network(four: str = "192.0.2.0/24", six: str = "2001:db8:1::/64") -> Network:
    return replace(sample.NETWORK, ipv4=ip_network(four), ipv6=ip_network(six))


def test_forward_records_of_a_vps_and_its_sites() -> None:
    """Also for a site that is the VPS's own name, once."""
    records = dns.forward(_client("www.coop.example", "web1.coop.example"), own_mail=True)
    assert [(one.name, one.type, one.value, one.why) for one in records] == [
        ("web1.coop.example", "A", "192.0.2.10", "host"),
        ("web1.coop.example", "AAAA", "2001:db8:1::10", "host"),
        ("web1.coop.example", "TXT", '"v=spf1 a -all"', "mail"),
        ("www.coop.example", "A", "192.0.2.10", "site"),
        ("www.coop.example", "AAAA", "2001:db8:1::10", "site"),
    ]
    assert {one.who for one in records} == {dns.CLIENT}


def test_nothing_is_said_of_mail_that_another_server_sends() -> None:
    """A wrong SPF record loses mail; none loses nothing."""
    assert "TXT" not in {one.type for one in dns.forward(_client(), own_mail=False)}


def test_reverse_records_lead_back_to_the_forward_name() -> None:
    client = _client()
    found = {one.name: one for one in dns.reverse(client, {"public1": _network()})}
    four = "10.2.0.192.in-addr.arpa"
    six = "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    assert found.keys() == {four, six}
    assert {one.value for one in found.values()} == {"web1.coop.example."}
    assert {one.who for one in found.values()} == {dns.PROVIDER}
    assert (found[four].zone, found[six].zone) == ("2.0.192.in-addr.arpa", "0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")


@pytest.mark.parametrize(
    ("address", "network", "zone"),
    [
        ("192.0.2.10", "192.0.2.0/26", "2.0.192.in-addr.arpa"),
        ("192.0.2.10", "192.0.2.8/31", "2.0.192.in-addr.arpa"),
        ("10.1.33.7", "10.1.32.0/20", "1.10.in-addr.arpa"),
        ("10.1.2.3", "10.0.0.0/8", "10.in-addr.arpa"),
        ("2001:db8:1::10", "2001:db8:1::/48", "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        ("2001:db8:1::10", "2001:db8:1::/62", "0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        ("2001:db8::1", "2001:db8::/127", "0.0.0." + "0.0.0.0." * 5 + "8.b.d.0.1.0.0.2.ip6.arpa"),
    ],
)
def test_reverse_zones_end_at_whole_labels(address: str, network: str, zone: str) -> None:
    """A network need not end where a label does."""
    parsed = ip_address(address)
    held = _network(**{"four" if parsed.version == 4 else "six": network})
    found = dns.reverse_zone(parsed, held)
    assert found == zone
    assert parsed.reverse_pointer.endswith("." + found)
    assert isinstance(parsed, IPv4Address | IPv6Address)


@pytest.mark.parametrize(
    ("fqdn", "sites", "zones"),
    [
        ("web1.coop.example", ("www.coop.example", "coop.example"), {"coop.example"}),
        ("web1.coop.example", ("www.other.example",), {"coop.example", "other.example"}),
        ("web1.coop.example", ("shop.co.uk", "www.shop.co.uk"), {"coop.example", "shop.co.uk"}),
        ("coop.example", (), {"coop.example"}),
    ],
)
def test_forward_names_are_gathered_by_their_zone(fqdn: str, sites: tuple[str, ...], zones: set[str]) -> None:
    assert {one.zone for one in dns.forward(_client(*sites, fqdn=fqdn), own_mail=True)} == zones


@pytest.mark.lab
def test_zone_files_are_taken_by_a_name_servers_own_tool(tmp_path: Path) -> None:
    """Each fragment, included into a zone as its owner would."""
    client = _client("www.coop.example", "coop.example", "www.other.example")
    records = [*dns.forward(client, own_mail=True), *dns.reverse(client, {"public1": _network(six="2001:db8:1::/62")})]
    files = dict(dns.zone_files(records, client.key))
    assert len(files) == 4
    for name, text in files.items():
        fragment = tmp_path / Path(name).name
        fragment.write_text(text)
        zone = fragment.name.removesuffix(".zone").partition("-")[2]
        whole = tmp_path / "whole"
        whole.write_text(
            f"$TTL 3600\n@ IN SOA ns.hoster.test. help.hoster.test. 1 3600 900 604800 3600\n@ IN NS ns.hoster.test.\n"
            f"$INCLUDE {fragment}\n"
        )
        done = subprocess.run(
            [*CHECK, zone, whole],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "out-of-zone" not in done.stderr
        wanted = [one for one in records if one.zone == zone]
        for one in wanted:
            assert any(
                line.split()[:1] == [f"{one.name}."] and f" {one.type} " in " ".join(line.split()) + " "
                for line in done.stdout.splitlines()
            ), (one, done.stdout)


def test_a_record_stands_once_in_a_zone_file() -> None:
    """Two VPSs may name the same site while it moves from one to the other."""
    one, two = sample.vps(), sample.vps("web2", fqdn="web1.coop.example")
    records = dns.forward(sample.client("c", one, two), own_mail=True)
    ((_, text),) = dns.zone_files(records, "c")
    lines = text.splitlines()
    assert len(lines) == len(set(lines))
