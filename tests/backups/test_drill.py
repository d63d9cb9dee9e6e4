"""The guest of a drill: nobody's. What is done with it is tried in tests/cli/test_backups.py and test_comeback.py."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from components.backups.drill import Stand, kept
from components.backups.enrolment import Enrolled
from components.backups.promise import proof_of
from components.backups.target import Kept
from components.config.loader import load
from components.domain.backups import Backups, Drill
from components.domain.problems import DomainError
from components.engine.project import CHECKOUT

DECLARED = Backups(
    target="ssh://b@h:22/srv/b",
    host_key="k",
    recovery=("age1x",),
    admin="false",
    drill=Drill(network="public1", ipv4="192.0.2.250", ipv6="2001:db8:1::250"),
)
NOTHING = Kept(
    uuid="u",
    enrolled=True,
    sealed=1,
    lost=0,
    snapshots=0,
    kept_bytes=0,
    limit_bytes=1,
    held="",
    now=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
)


def enrolled(backups: Backups = DECLARED) -> Enrolled:
    fleet = replace(load(CHECKOUT / "stacks").fleet, backups=backups)
    client = fleet.clients["example-coop"]
    found = Enrolled.of(fleet, client, client.vps["web1"])
    assert found is not None
    return found


def test_it_has_nothing_of_the_client_but_package_and_image() -> None:
    one = enrolled()
    stand = Stand.of(one, "lab1", "backend")
    assert stand.spec.uuid != one.uuid
    assert stand.mark.vps != one.vps.id
    assert stand.mark.urn == f"urn:vps:drill::{one.uuid}"
    (nic,) = stand.spec.nics.values()
    assert nic.addresses == ("192.0.2.250/24", "2001:db8:1::250/64")
    assert nic.antispoof
    names = ("ada@", "Ada Ruiz", one.client.name, one.vps.fqdn)
    for mine in (*one.vps.ipv4, *one.vps.ipv6, *names, one.uuid):
        assert mine.encode() not in stand.seed, mine
    assert b"drill.invalid" in stand.seed
    assert b"host_key" not in stand.seed, "it makes no backups itself"


def test_the_same_guest_each_time_so_that_what_a_killed_drill_left_is_found() -> None:
    first, second = (Stand.of(enrolled(), "lab1", "backend") for _ in range(2))
    assert (first.spec.uuid, first.mark.urn) == (second.spec.uuid, second.mark.urn)
    assert first.mark.incarnation != second.mark.incarnation


def test_without_addresses_or_on_another_network_there_is_none() -> None:
    with pytest.raises(DomainError, match="no addresses are kept for drills"):
        Stand.of(enrolled(replace(DECLARED, drill=None)), "lab1", "backend")
    with pytest.raises(DomainError, match=r"does not carry public1\. Hosts that do: lab1"):
        Stand.of(enrolled(), "nowhere", "backend")


def test_a_record_of_many_differences_is_kept_whole() -> None:
    """The target cuts at 4096 bytes; a record that is cut proves nothing and hides the one before."""
    record = {"at": "2026-11-22T04:00:00+00:00", "differ": 20, "wrong": ['"ä' * 100] * 20, "host": "lab1"}
    text = kept(record)
    assert len(text.encode()) < 4096
    found = proof_of(replace(NOTHING, proof=text))
    assert found is not None
    assert found["differ"] == 20
    assert 0 < len(found["wrong"]) < 20
    assert json.loads(kept({**record, "wrong": ["x"]}))["wrong"] == ["x"]
    plain = {name: record[name] for name in ("at", "differ", "host")}
    assert json.loads(kept({**record, "run": "x" * 9000})) == plain
