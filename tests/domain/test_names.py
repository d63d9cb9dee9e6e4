"""Identities are frozen: a changed result would orphan machines that clients pay for."""

import re

from hypothesis import given
from hypothesis import strategies as st

from components.domain import names

UUID = "bf8a2b08-122e-558d-8f45-0a3421e4282d"
TEXT = st.text(max_size=30)


def test_golden_identities() -> None:
    """Never change these values; a failure here means that the code is wrong."""
    assert names.machine_uuid("demo", "c-q7m2", "v-h3k9") == UUID
    assert names.mac_address(UUID, "n0") == "12:23:c3:57:41:c5"
    assert names.mac_address(UUID, "n1") == "a2:85:27:62:31:82"


def test_golden_names() -> None:
    domain = names.domain_name("demo", "c-q7m2", "v-h3k9")
    assert domain == "demo-c-q7m2-v-h3k9"
    assert names.disk_volume(domain, UUID, "root") == "demo-c-q7m2-v-h3k9-bf8a2b08-root.qcow2"
    assert names.disk_volume(domain, UUID, "root", 2) == "demo-c-q7m2-v-h3k9-bf8a2b08-root-r2.qcow2"
    assert names.seed_volume(domain, UUID, 2) == "demo-c-q7m2-v-h3k9-bf8a2b08-seed2.iso"
    assert names.image_volume("base-debian-13", "ab" * 32) == "image-base-debian-13-abababababababab.qcow2"
    assert names.client_stack("example-coop") == "client.example-coop"
    assert names.host_stack("lab1") == "host.lab1"


@given(TEXT, TEXT)
def test_macs_are_local_unicast(machine: str, nic: str) -> None:
    mac = names.mac_address(machine, nic)
    assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", mac)
    assert int(mac[:2], 16) & 0b11 == 0b10


@given(TEXT, TEXT, TEXT)
def test_uuids_differ_by_each_id(fleet: str, client: str, vps: str) -> None:
    uuid = names.machine_uuid(fleet, client, vps)
    assert uuid == names.machine_uuid(fleet, client, vps)
    assert uuid != names.machine_uuid(fleet, client, vps + "x")


def test_forms_of_ids_and_names() -> None:
    assert names.is_fleet_id("demo")
    assert not names.is_fleet_id("Demo")
    assert not names.is_fleet_id("d")
    assert names.is_client_id("c-q7m2")
    assert not names.is_client_id("v-q7m2")
    assert not names.is_client_id("c-Q7M2")
    assert names.is_vps_id("v-h3k9")
    assert not names.is_vps_id("v-h3")
    assert names.is_label("web1")
    assert names.is_label("a")
    assert names.is_label("a" * 63)
    for bad in ("", "-web", "web-", "web_1", "Web", "a" * 64, "web.1", "web1\n"):
        assert not names.is_label(bad), bad
    assert names.is_fqdn("web1.coop.example")
    for bad in ("web1", "web1.coop.example.", ".example", "web..example", "10.0.0.1", "a." * 130 + "b", "Web.example"):
        assert not names.is_fqdn(bad), bad
