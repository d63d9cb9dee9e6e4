"""fleet.yaml, every key of it."""

from ipaddress import IPv4Address, IPv6Network

from components.config.documents import parse
from components.config.fleet_file import FleetFile
from components.domain.hardware import Spare
from components.domain.networks import AddressRange
from components.domain.services import Support

TEXT = b"""
id: demo
name: Demo Hosting
currency: EUR
languages: [en, uk]
datacentres:
  dc1:
    title: One
    address: 1 Example Street
    power: {ups: true, generator: false}
    climate: {temperature: true, humidity: false}
    entry: {cards: true, registered: [Olena], approved: [Eve]}
    detection: {intrusion: true, cameras: false}
networks:
  public1:
    ipv4: {range: 192.0.2.0/24, gateway: 192.0.2.1}
    ipv6: {range: "2001:db8:1::/64", gateway: "2001:db8:1::1"}
    reserved: [192.0.2.2-192.0.2.9, 192.0.2.64/30]
    dns: [192.0.2.1]
    reverse_dns: ns1.hoster.example
  six: {ipv6: {range: "2001:db8:2::/64", gateway: "2001:db8:2::1"}}
spares:
  shelf: {kind: ram, model: R16, count: 4, place: dc1}
  order: {kind: cpu, model: C2, supplier: Parts Ltd, lead_time: 12 h}
retention: {trash: 45 days}
support: {email: help@hoster.example, url: "https://help.hoster.example/", phone: "+1 2", hours: always}
"""


def test_every_key_arrives() -> None:
    document = parse(TEXT)
    assert document.flaws == []
    fleet = FleetFile.model_validate(document.data)
    assert (fleet.id, fleet.currency, fleet.languages, fleet.retention.trash) == ("demo", "EUR", ("en", "uk"), 45)
    datacentre = fleet.datacentres["dc1"].domain("dc1")
    assert (datacentre.registered, datacentre.approved) == (("Olena",), ("Eve",))
    assert [requirement for requirement, _ in datacentre.shortfalls()] == ["SEC-1", "SEC-2", "SEC-4"]
    network = fleet.networks["public1"].domain("public1")
    assert network.ipv4_gateway == IPv4Address("192.0.2.1")
    assert network.reserved == (AddressRange.parse("192.0.2.2-192.0.2.9"), AddressRange.parse("192.0.2.64/30"))
    assert (network.dns, network.reverse_dns) == (("192.0.2.1",), "ns1.hoster.example")
    six = fleet.networks["six"].domain("six")
    assert six.reverse_dns == ""
    assert (six.ipv4, six.ipv6) == (None, IPv6Network("2001:db8:2::/64"))
    assert fleet.spares["shelf"].domain("shelf") == Spare(
        name="shelf", kind="ram", model="R16", count=4, place="dc1", supplier="", lead_time_hours=None
    )
    assert fleet.spares["order"].domain("order").lead_time_hours == 12
    assert fleet.support is not None
    assert fleet.support.domain() == Support(
        email="help@hoster.example", url="https://help.hoster.example/", phone="+1 2", hours="always"
    )
