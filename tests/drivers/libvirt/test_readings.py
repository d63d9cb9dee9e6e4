"""Numbers of libvirt in our units, and what is said where one of the sides is silent."""

import pytest

from components.drivers.base import Mark, Phase
from components.drivers.libvirt import tree
from components.drivers.libvirt.mark import DiskNote, NicNote, Notes
from components.drivers.libvirt.monitor import Drive
from components.drivers.libvirt.probe import InForce, nothing
from components.drivers.libvirt.readings import GIB, MIB, NOT_ASKED, Asked, Subject, differing, percent, read, tap

MARK = Mark(fleet="f", backend="b", urn="u", client="c", vps="v", phase=Phase.READY, incarnation="i")
NOTES = Notes(
    mark=MARK,
    pool="vps",
    seed="s",
    disks={"root": DiskNote(volume="d", size_gib=10)},
    nics={"n0": NicNote(rate_mbit_s=100)},
)
XML = """<domain><uuid>u1</uuid><memory unit='KiB'>2097152</memory><vcpu current='2'>4</vcpu>
<cputune><global_period>100000</global_period><global_quota>150000</global_quota></cputune><devices>
<disk type='file'><source file='/p/d'/><target dev='vda'/><alias name='ua-disk-root'/>
<iotune><total_bytes_sec>104857600</total_bytes_sec><total_iops_sec>1000</total_iops_sec></iotune></disk>
<interface type='bridge'><alias name='ua-nic-n0'/><target dev='vnet7'/>
<bandwidth><inbound average='12500'/><outbound average='12500'/></bandwidth></interface></devices></domain>"""
IN_FORCE = InForce(rates={"vnet7": (100_000_000, 100_000_000)}, quotas={"u1": (150_000, 100_000)})
ASKED = Asked(sizes={"root": 10 * GIB}, drives={"root": Drive(size=10 * GIB, iops=1000, rate=100 * MIB)})
DECLARED = {
    "vcpus": 2,
    "cpuCapPercent": 150,
    "memoryMib": 2048,
    "disks.root.sizeGib": 10,
    "disks.root.iops": 1000,
    "disks.root.rateMibS": 100,
    "nics.n0.rateMbitS": 100,
}


def subject(live=XML, in_force=IN_FORCE, asked=ASKED, config=XML):
    tree_of_live = tree.glance(live) if live else None
    return Subject(config=tree.glance(config), live=tree_of_live, notes=NOTES, in_force=in_force, asked=asked)


@pytest.mark.parametrize(
    ("quota", "period", "share"),
    [
        (150_000, 100_000, 150),
        (33_333, 100_000, 33),
        (-1, 100_000, None),
        (0, 100_000, None),
        (None, None, None),
        (2**64 // 1_000_000, 100_000, None),
    ],
)
def test_a_quota_is_a_share_of_one_core(quota, period, share):
    assert percent(quota, period) == share


@pytest.mark.parametrize(("ways", "told"), [((100, 100), 100), ((100, 900), 900), ((900, 100), 900), ((5, 100), 5)])
def test_the_way_of_a_nic_that_is_not_as_noted_is_told(ways, told):
    assert differing(100, ways) == told


def test_one_machine_that_was_asked_is_known_in_full_each_value_with_its_source():
    found = read(subject())

    assert {key: reading.configured for key, reading in found.items()} == DECLARED
    assert {key: reading.effective for key, reading in found.items()} == DECLARED
    assert {key: reading.source for key, reading in found.items()} == {
        "vcpus": "the running domain",
        "cpuCapPercent": "cgroup",
        "memoryMib": "the running domain",
        "disks.root.sizeGib": "QEMU",
        "disks.root.iops": "QEMU",
        "disks.root.rateMibS": "QEMU",
        "nics.n0.rateMbitS": "tc on the host",
    }


def test_one_of_a_list_says_what_was_not_asked():
    found = read(subject(asked=None))

    assert {key: reading.configured for key, reading in found.items()} == DECLARED
    size = found.pop("disks.root.sizeGib")
    assert (size.effective, size.source) == (None, NOT_ASKED)
    assert all(reading.effective == DECLARED[key] for key, reading in found.items())
    assert found["disks.root.iops"].source == "the running domain"


def test_where_nobody_answered_what_is_in_force_is_unknown_and_not_absent():
    untold = Asked(sizes={"root": 10 * GIB}, drives="QEMU did not answer within 5 s")
    found = read(subject(in_force=nothing("the probe of the host failed: denied"), asked=untold))

    silent = {key: reading.source for key, reading in found.items() if reading.effective is None}
    assert silent == {
        "cpuCapPercent": "unknown: the probe of the host failed: denied",
        "disks.root.sizeGib": "unknown: QEMU did not answer within 5 s",
        "disks.root.iops": "unknown: QEMU did not answer within 5 s",
        "disks.root.rateMibS": "unknown: QEMU did not answer within 5 s",
        "nics.n0.rateMbitS": "unknown: the probe of the host failed: denied",
    }
    assert not any(reading.absent for reading in found.values())


def test_without_a_probe_libvirt_says_what_the_cgroup_holds():
    asked = Asked(sizes=ASKED.sizes, drives=ASKED.drives, cpu=(20_000, 100_000))

    cap = read(subject(in_force=nothing("the host has no probe"), asked=asked))["cpuCapPercent"]

    assert (cap.effective, cap.source) == (20, "cgroup")


def test_the_kernels_word_is_taken_before_libvirts():
    asked = Asked(sizes=ASKED.sizes, drives=ASKED.drives, cpu=(150_000, 100_000))
    lowered = InForce(rates=IN_FORCE.rates, quotas={"u1": (20_000, 100_000)})

    assert read(subject(in_force=lowered, asked=asked))["cpuCapPercent"].effective == 20


def test_a_limit_that_the_kernel_does_not_hold_is_absent():
    lifted = InForce(rates={"vnet7": (None, 100_000_000)}, quotas={"u1": (None, None)})

    found = read(subject(in_force=lifted))

    assert found["cpuCapPercent"].absent
    assert found["nics.n0.rateMbitS"].absent
    assert found["nics.n0.rateMbitS"].source == "only traffic from the guest is limited"


def test_a_machine_that_is_off_has_nothing_in_force():
    found = read(subject(live="", in_force=InForce(), asked=None))

    assert {reading.source for reading in found.values()} == {"machine is off"}
    assert tap(subject(live=""), "n0") == ""


def test_of_virtio_mem_only_what_is_plugged_in_counts():
    device = "<memory model='virtio-mem'><target><size unit='KiB'>1048576</size><current unit='KiB'>262144</current>"
    live = XML.replace("</devices>", f"{device}</target></memory></devices>")

    assert read(subject(live=live))["memoryMib"].effective == 2048 - 768
