"""What is written for a newcomer is read back as it was meant, whatever people are called."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config.client_file import ClientFile
from components.config.documents import parse
from components.config.newcomer import NewClient, NewVps, Person, client_text, person, scalar, user_name, with_vps
from components.domain.clients import Client
from components.domain.names import is_label
from components.domain.problems import DomainError
from components.domain.terms import Term

ADA = Person(name="Ada Ruiz", email="ada@coop.example", ssh_key="ssh-ed25519 AAAA+/0= ada")
VPS = NewVps(
    label="web1",
    id="v-h3k9aa",
    package="small@2026-01",
    extras={"memory@2026-01": 2},
    term=Term(months=3, start=dt.date(2026, 12, 1), renew=True),
    host="lab1",
    network="public1",
    ipv4=("192.0.2.10",),
    ipv6=("2001:db8:1::10",),
    fqdn="web1.coop.example",
    image="base-debian-13",
)
CLIENT = NewClient(
    key="coop",
    id="c-q7m2aa",
    name="Example Cooperative",
    language="en",
    people=(ADA,),
    contract="standard@2026-01",
    signed=dt.date(2026, 11, 20),
    support="vip",
    accepted="T-7",
)

EXPECTED = """\
# yaml-language-server: $schema=../schema/client.json
# What is declared here becomes true with `vps up client.coop`, and stays true with every later one.
id: c-q7m2aa                        # permanent, chosen once; names may change
name: Example Cooperative
language: en
contacts:
  ada:
    name: Ada Ruiz
    email: ada@coop.example
    roles: [owner, technical, billing]
    ssh_key: ssh-ed25519 AAAA+/0= ada
contract: {version: standard@2026-01, signed: "2026-11-20", support: vip, vip: {since: "2026-12-01", accepted: T-7}}
vps:
  web1:
    id: v-h3k9aa                    # UUID, MAC, ledger and backups hang on this, never on a name
    package: small@2026-01          # `vps package` changes it and keeps what was before
    extras: {memory@2026-01: 2}
    term: {months: 3, start: "2026-12-01", renew: true}
    power: managed                  # managed | stopped | suspended
    host: lab1                      # an edit moves no machine, `vps move` does
    network: public1
    ipv4: [192.0.2.10]
    ipv6: ["2001:db8:1::10"]
    fqdn: web1.coop.example
    image: base-debian-13
    # access: [{who: ada, root: true, since: "2026-12-01", request: T-1041}]   # upon request only
    # ends: "2026-12-01"            # `vps end` writes it; the only way to end a VPS: never by deleting lines
"""


def read(text: str) -> Client:
    document = parse(text.encode())
    assert not document.flaws
    return ClientFile.model_validate(document.data).domain("coop")


def test_the_file_is_laid_out_for_people() -> None:
    assert client_text(CLIENT, VPS) == EXPECTED


def test_what_is_written_is_what_is_read() -> None:
    client = read(client_text(CLIENT, VPS))

    (vps,) = client.vps.values()
    assert (client.id, client.name, client.contract.signed) == ("c-q7m2aa", "Example Cooperative", CLIENT.signed)
    assert client.contract.vip is not None
    assert (client.contract.vip.since, client.contract.vip.accepted) == (VPS.term.start, "T-7")
    assert client.contacts["ada"].ssh_key == ADA.ssh_key
    assert {key: getattr(vps, key) for key in ("package", "extras", "term", "host", "ipv4", "ipv6", "fqdn")} == {
        key: getattr(VPS, key) for key in ("package", "extras", "term", "host", "ipv4", "ipv6", "fqdn")
    }


@given(
    name=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1),
    email=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1),
)
def test_any_name_comes_back_as_it_was_given(name: str, email: str) -> None:
    people = (replace(ADA, name=name, email=email), replace(ADA, name=f"{name} {name}"))
    client = read(
        client_text(replace(CLIENT, name=name, people=people, accepted=""), replace(VPS, label="no", extras={}))
    )
    first, second = client.contacts.values()
    assert (client.name, first.name, first.email, second.name) == (name, name, email, f"{name} {name}")
    assert all(is_label(key) for key in client.contacts)
    assert list(client.vps) == ["no"]


@pytest.mark.parametrize(
    "text", ["no", "true", "1e3", "0123", "2026-12-01", "a: b", "a #b", "- a", "", "null", "~", "[a"]
)
def test_what_some_reader_takes_for_something_else_is_quoted(text: str) -> None:
    assert scalar(text).startswith('"')


def test_people_are_called_by_their_first_name_until_two_share_it() -> None:
    assert user_name("Ada Ruiz", ()) == "ada"
    assert user_name("Ada Ümit", ("ada",)) == "ada-umit"
    assert user_name("Ada", ("ada",)) == "ada-2"
    assert user_name("Олена", ()) == "contact"
    assert user_name("No One", ()) == "one"


def test_a_contact_is_a_name_and_an_address() -> None:
    assert person(" Ada Ruiz <ada@coop.example> ", "key") == Person(
        name="Ada Ruiz", email="ada@coop.example", ssh_key="key"
    )
    assert person("ada@coop.example") is None
    assert person("Ada <>") is None


FLOW = """\
vps:
  web1:
    access: [{who: ada}]
    # ends: "2027-03-01"
"""


@pytest.mark.parametrize("end", ["", "\n", "\n# About the quota.\nquota: {vps: 3}\n", "quota: {vps: 3}\n", "# end\n"])
def test_one_more_vps_comes_below_the_others_and_moves_no_comment(end: str) -> None:
    assert with_vps(f"id: c-1\n{FLOW}{end}", "  web2:\n    id: v-2\n") == f"id: c-1\n{FLOW}  web2:\n    id: v-2\n{end}"


@pytest.mark.parametrize(("outer", "inner"), [(4, 8), (2, 6), (3, 6)])
def test_one_more_vps_is_indented_and_ended_as_the_others(outer: int, inner: int) -> None:
    text = f"id: c-1\r\nvps:\r\n{' ' * outer}web1:\r\n{' ' * inner}id: v-1\r\n"
    lines = f"{' ' * outer}web2:\r\n{' ' * inner}id: v-2\r\n"
    assert with_vps(text, "  web2:\n    id: v-2\n") == text + lines


def test_a_last_line_without_an_end_gets_one() -> None:
    assert (
        with_vps("vps:   # all\n  web1: {id: v-1}", "  web2: {}\n") == "vps:   # all\n  web1: {id: v-1}\n  web2: {}\n"
    )


@pytest.mark.parametrize("text", ["vps: {}\n", "vps: {web1: {id: v-1}}\n", "id: c-1\n", "- 1\n"])
def test_vpss_that_stand_side_by_side_are_refused(text: str) -> None:
    with pytest.raises(DomainError, match="one below the other"):
        with_vps(text, "  web2: {}\n")
