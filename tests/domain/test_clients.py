"""Clients and their VPSs."""

from components.domain import names
from tests.domain.sample import vps


def test_the_uuid_hangs_on_ids_not_on_names() -> None:
    expected = names.machine_uuid("demo", "c-q7m2", "v-h3k9")
    assert vps("web1").machine_uuid("demo", "c-q7m2") == expected
    assert vps("renamed", fqdn="other.example").machine_uuid("demo", "c-q7m2") == expected


def test_an_adopted_machine_keeps_its_uuid() -> None:
    pinned = "11111111-2222-4333-8444-555555555555"
    assert vps(uuid=pinned).machine_uuid("demo", "c-q7m2") == pinned
