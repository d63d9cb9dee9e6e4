"""Clients and their VPSs."""

import pytest

from components.domain import names
from components.domain.problems import DomainError
from tests.domain.sample import client, vps


def test_the_uuid_hangs_on_ids_not_on_names() -> None:
    expected = names.machine_uuid("demo", "c-q7m2", "v-h3k9")
    assert vps("web1").machine_uuid("demo", "c-q7m2") == expected
    assert vps("renamed", fqdn="other.example").machine_uuid("demo", "c-q7m2") == expected


def test_an_adopted_machine_keeps_its_uuid() -> None:
    pinned = "11111111-2222-4333-8444-555555555555"
    assert vps(uuid=pinned).machine_uuid("demo", "c-q7m2") == pinned


def test_a_vps_is_found_by_its_name_and_said_to_be_missing() -> None:
    coop = client("example-coop", vps("web1"))
    assert coop.named("web1") is coop.vps["web1"]
    with pytest.raises(DomainError, match=r"has no VPS 'web9'\. Known: example-coop/web1\."):
        coop.named("web9")
    with pytest.raises(DomainError, match=r"this is about one VPS\. Write CLIENT/VPS: example-coop/web1\."):
        coop.named("")
