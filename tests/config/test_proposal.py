"""Proposals for machines that a host holds: complete what is left as a comment, and the fleet loads."""

import datetime as dt
from dataclasses import replace

import pytest
from ruamel.yaml import YAML

from components.config.catalogue_file import PackageShape
from components.config.client_file import ClientFile
from components.config.documents import parse
from components.config.proposal import limits_of, propose
from components.domain.limits import UNLIMITED
from components.drivers.adoption import Stranger
from components.drivers.base import Power
from tests.domain.sample import HOST, LIMITS, PACKAGE, fleet

TODAY = dt.date(2026, 12, 1)
STRANGER = Stranger(
    uuid="5d1f6c1e-8f0b-4f39-9d0a-7b1c2d3e4f50",
    name="Old Web_1",
    power=Power.RUNNING,
    limits={
        "vcpus": 2,
        "memoryMib": 1024,
        "cpuCapPercent": 0,
        "disks.root.sizeGib": 12,
        "disks.root.iops": 0,
        "disks.root.rateMibS": 0,
        "nics.n0.rateMbitS": 0,
    },
    disk="root",
    nic="n0",
    pool="default",
    volume="old.qcow2",
    mac="52:54:00:12:34:56",
    attach="bridge:br0",
    addresses=("192.0.2.55", "10.0.0.3", "2001:db8:1::55"),
)


def filled_in(text: str) -> ClientFile:
    """The proposal with what a person adds."""
    for key in ("name:", "contacts:", "  ada:", "contract:", "term:", "fqdn:", "network:", "ipv4:"):
        text = text.replace(f"# {key}", key, 1)
    document = parse(text.encode())
    assert document.flaws == []
    return ClientFile.model_validate(document.data)


def test_what_the_host_told_stands_in_the_file() -> None:
    proposal = propose(fleet(), HOST, "oldcoop", [STRANGER], TODAY)
    client = filled_in(proposal.client).domain("oldcoop")
    vps = client.vps["old-web-1"]
    assert (vps.uuid, vps.mac, vps.pool) == (STRANGER.uuid, STRANGER.mac, "default")
    assert (vps.host, vps.network, vps.image) == ("kvm1", "public1", "base-debian-13")
    assert (vps.ipv4, vps.ipv6) == (("192.0.2.55",), ("2001:db8:1::55",))
    assert not vps.antispoof
    assert "# also seen: 10.0.0.3" in proposal.client
    (key,) = proposal.packages
    assert vps.package == key == "adopted-2c-1024m-12g@2026-12"


def test_the_package_is_exactly_what_it_has() -> None:
    ((key, text),) = propose(fleet(), HOST, "oldcoop", [STRANGER], TODAY).packages.items()
    package = PackageShape.model_validate(parse(text.encode()).data).domain(key)
    assert package.adopted
    assert package.limits == limits_of(STRANGER)
    assert package.limits.disk_iops == UNLIMITED


def test_what_a_host_can_not_know_is_a_comment() -> None:
    """So that `vps check` names it."""
    text = propose(fleet(), HOST, "oldcoop", [STRANGER], TODAY).client
    keys = set(YAML().load(text))
    assert keys == {"id", "language", "vps"}
    assert {"term", "fqdn"}.isdisjoint(YAML().load(text)["vps"]["old-web-1"])


def test_a_package_that_fits_is_used_and_two_alike_share_one() -> None:
    sold = {
        "vcpus": LIMITS.vcpus,
        "cpuCapPercent": LIMITS.cpu_cap_percent,
        "memoryMib": LIMITS.memory_mib,
        "disks.root.sizeGib": LIMITS.disk_gib,
        "disks.root.iops": LIMITS.disk_iops,
        "disks.root.rateMibS": LIMITS.disk_rate_mib_s,
        "nics.n0.rateMbitS": LIMITS.nic_rate_mbit_s,
    }
    machines = [replace(STRANGER, limits=sold), STRANGER, replace(STRANGER, name="other")]
    proposal = propose(fleet(), HOST, "oldcoop", machines, TODAY)
    assert len(proposal.packages) == 1
    assert f"package: {PACKAGE.key}\n" in proposal.client


def test_a_name_that_is_taken_by_other_limits_gets_a_number() -> None:
    capped = replace(STRANGER, name="b", limits={**STRANGER.limits, "cpuCapPercent": 50})
    packages = propose(fleet(), HOST, "oldcoop", [STRANGER, capped], TODAY).packages
    assert list(packages) == ["adopted-2c-1024m-12g@2026-12", "adopted-2c-1024m-12g@2026-12-2"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("web", "web"),
        ("on", "vps-on"),
        ("12345", "vps-12345"),
        ("---", "vps"),
        ("\x1b[31m\nx", "vps-31m-x"),
        ("ü", "vps"),
    ],
)
def test_any_name_becomes_a_label(name: str, label: str) -> None:
    """A stranger's text neither breaks the file nor reaches a terminal as it is."""
    text = propose(fleet(), HOST, "oldcoop", [replace(STRANGER, name=name)], TODAY).client
    assert "\x1b" not in text
    assert list(filled_in(text).vps) == [label]


def test_names_alike_stay_apart() -> None:
    text = propose(fleet(), HOST, "oldcoop", [STRANGER, replace(STRANGER, name="old web 1")], TODAY).client
    assert list(YAML().load(text)["vps"]) == ["old-web-1", "old-web-1-2"]


def test_a_network_that_no_file_names_is_told() -> None:
    found = replace(STRANGER, attach="network:default", addresses=())
    text = propose(fleet(), HOST, "oldcoop", [found], TODAY).client
    assert 'names no network with attach "network:default"' in text
    assert "network" not in YAML().load(text)["vps"]["old-web-1"]
    assert "the host saw none" in text


def test_the_pool_of_the_host_is_not_pinned() -> None:
    text = propose(fleet(), HOST, "oldcoop", [replace(STRANGER, pool=HOST.pool.name)], TODAY).client
    assert "pool" not in YAML().load(text)["vps"]["old-web-1"]
