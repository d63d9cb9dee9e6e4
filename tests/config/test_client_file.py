"""clients/<client>.yaml, every key of it."""

from datetime import date

from components.config.client_file import ClientFile
from components.config.documents import parse
from components.domain.clients import Access, Panel

TEXT = b"""
id: c-q7m2
name: "Example: Cooperative"
language: uk
contacts:
  ada: {name: Ada Ruiz, email: ada@coop.example, roles: [owner, billing], ssh_key: ssh-ed25519 AAAA ada}
  bob: {name: Bob, email: bob@coop.example, roles: []}
contract: {version: standard@2026-01, signed: "2026-11-20", support: vip}
vps:
  web1:
    id: v-h3k9
    package: small@2026-01
    term: {months: 12, start: "2026-12-01", renew: false}
    power: suspended
    host: kvm1
    network: public1
    ipv4: [192.0.2.10, 192.0.2.11]
    ipv6: ["2001:db8:1::10"]
    fqdn: web1.coop.example
    image: base-debian-13
    panel: {admin: ada, ssl_sites: [www.coop.example]}
    access:
      - {who: ada, root: true, since: "2026-12-03", request: T-1041, until: "2027-01-01"}
      - {who: ada, since: "2027-02-03", request: T-1050}
    ends: "2027-03-01"
    reinstall: 2
    uuid: 11111111-2222-4333-8444-555555555555
    antispoof: false
"""


def test_every_key_arrives() -> None:
    document = parse(TEXT)
    assert document.flaws == []
    client = ClientFile.model_validate(document.data).domain("example-coop")
    assert (client.key, client.id, client.name, client.language) == (
        "example-coop",
        "c-q7m2",
        "Example: Cooperative",
        "uk",
    )
    assert client.contacts["ada"].roles == ("owner", "billing")
    assert client.contacts["bob"].ssh_key is None
    assert (client.contract.signed, client.contract.support) == (date(2026, 11, 20), "vip")
    vps = client.vps["web1"]
    assert (vps.key, vps.id, vps.power, vps.ipv4) == ("web1", "v-h3k9", "suspended", ("192.0.2.10", "192.0.2.11"))
    assert (vps.term.months, vps.term.renew) == (12, False)
    assert vps.panel == Panel(admin="ada", ssl_sites=("www.coop.example",))
    assert vps.access == (
        Access(who="ada", root=True, since=date(2026, 12, 3), request="T-1041", until=date(2027, 1, 1)),
        Access(who="ada", root=False, since=date(2027, 2, 3), request="T-1050"),
    )
    assert vps.antispoof is False
    assert (vps.ends, vps.reinstall, vps.uuid) == (date(2027, 3, 1), 2, "11111111-2222-4333-8444-555555555555")


def test_what_may_be_left_out_is_harmless() -> None:
    """No root, no panel, no end, no neighbour's address: silence never gives or takes anything."""
    data = parse(TEXT).data
    assert data is not None
    web1 = data["vps"]["web1"]  # type: ignore[index]
    for key in ("panel", "access", "ends", "reinstall", "uuid", "ipv6", "antispoof"):
        del web1[key]
    vps = ClientFile.model_validate(data).domain("x").vps["web1"]
    assert vps.antispoof is True
    assert (vps.panel, vps.access, vps.ends, vps.reinstall, vps.uuid, vps.ipv6) == (None, (), None, 0, None, ())
