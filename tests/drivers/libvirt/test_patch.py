"""A change touches the elements that we own; everything else stays as it was read."""

from dataclasses import replace

import pytest

from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import patch, sizes, tree
from tests.drivers.libvirt.foreign import CHANGES, FOREIGN, apart_from
from tests.drivers.libvirt.test_domain_xml import MARK, SPEC, rendered

EDITS = """
  <metadata><libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0"/></metadata>
  <cputune><vcpupin vcpu="0" cpuset="1"/></cputune>
  <qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><qemu:arg value="-x"/></qemu:commandline>
"""


def adopted():
    """A domain that others have edited as well."""
    domain = tree.parse(rendered())
    extra = tree.parse(f"<x>{EDITS}</x>")
    domain.find("metadata").insert(0, extra.find("metadata")[0])
    domain.find("cputune").append(extra.find("cputune")[0])
    domain.append(extra[-1])
    tree.add(tree.child(domain, "devices"), "hostdev", mode="subsystem", type="usb")
    drive = patch.find_disk(domain, "root")
    tree.add(drive, "address", type="pci", bus="0x07")
    tree.child(drive, "iotune/total_bytes_sec_max").text = "999"
    return tree.text(domain)


def notes(spec=SPEC):
    return marks.find(tree.parse(rendered())).limited(spec)


def test_a_patch_to_the_same_limits_changes_nothing():
    domain = tree.parse(adopted())
    patch.limits(domain, SPEC, notes())
    once = tree.text(domain)
    patch.limits(domain, SPEC, notes())

    assert tree.text(domain) == once


def test_foreign_edits_and_addresses_stay():
    domain = tree.parse(adopted())
    wanted = replace(SPEC, vcpus=1, memory_mib=512, cpu_cap_percent=50)

    patch.limits(domain, wanted, notes(wanted))

    text = tree.text(domain)
    for kept in ('vcpupin vcpu="0" cpuset="1"', "libosinfo:libosinfo", 'qemu:arg value="-x"', 'bus="0x07"', "hostdev"):
        assert kept in text
    assert tree.value(patch.find_disk(domain, "root"), "iotune/total_bytes_sec_max") == "999"
    assert sizes.read(domain).vcpus == 1
    assert tree.value(domain, "memory") == str(512 * 1024)
    assert tree.value(domain, "cputune/global_quota") == "50000"


def test_limits_of_disks_and_nics_go_to_the_device_of_that_name():
    domain = tree.parse(adopted())
    disks = {**SPEC.disks, "data": replace(SPEC.disks["data"], iops=7, rate_mib_s=3)}
    nics = {**SPEC.nics, "n1": replace(SPEC.nics["n1"], rate_mbit_s=8)}
    wanted = replace(SPEC, disks=disks, nics=nics)

    patch.limits(domain, wanted, notes(wanted))

    assert tree.value(patch.find_disk(domain, "data"), "iotune/total_iops_sec") == "7"
    assert tree.value(patch.find_disk(domain, "data"), "iotune/total_bytes_sec") == str(3 * 1024 * 1024)
    assert tree.value(patch.find_disk(domain, "root"), "iotune/total_iops_sec") == "1000"
    assert tree.attribute(patch.find_nic(domain, "n1"), "bandwidth/outbound", "average") == "1000"
    assert tree.attribute(patch.find_nic(domain, "n0"), "bandwidth/outbound", "average") == "12500"


def test_a_rate_that_the_host_cannot_take_is_taken_out_and_put_back():
    domain = tree.parse(adopted())

    patch.rates(domain, notes().without_rates("no sch_sfq"))
    assert patch.find_nic(domain, "n0").find("bandwidth") is None
    patch.rates(domain, notes().without_rates(""))
    assert tree.attribute(patch.find_nic(domain, "n0"), "bandwidth/inbound", "average") == "12500"


def test_separate_read_and_write_throttles_give_way_to_the_common_one():
    domain = tree.parse(adopted())
    tune = patch.find_disk(domain, "root").find("iotune")
    tune.find("total_iops_sec").tag = "read_iops_sec"

    patch.limits(domain, SPEC, notes())

    assert patch.find_disk(domain, "root").find("iotune/read_iops_sec") is None


def test_the_mark_is_written_in_its_place_once():
    domain = tree.parse(adopted())

    marks.put(domain, notes().marked(replace(MARK, revision=9)))

    assert marks.find(domain).mark.revision == 9
    assert tree.text(domain).count("<vps:machine ") == 1


def test_a_domain_without_metadata_gets_it_before_the_memory():
    domain = tree.parse("<domain><name>x</name><memory>1</memory></domain>")

    marks.put(domain, notes())

    assert [child.tag for child in domain] == ["name", "metadata", "memory"]


def test_devices_of_an_adopted_machine_are_told_by_what_was_noted():
    domain = tree.parse(rendered())
    for alias in [*domain.iterfind("devices/disk/alias"), *domain.iterfind("devices/interface/alias")]:
        alias.set("name", "other")
    assert patch.find_disk(domain, "root") is None
    assert patch.find_nic(domain, "n0") is None
    noted = notes()
    mac = tree.attribute(domain, "devices/interface/mac", "address")
    noted = replace(
        noted,
        disks={**noted.disks, "root": replace(noted.disks["root"], target="vda")},
        nics={**noted.nics, "n0": replace(noted.nics["n0"], mac=mac.upper())},
    )

    assert patch.find_disk(domain, "root", noted) is domain.find("devices/disk")
    marks.put(domain, noted)
    assert patch.find_nic(domain, "n0") is domain.find("devices/interface")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda foreign: foreign.name)
def test_a_machine_that_others_made_stays_as_it_is_apart_from_what_was_changed(foreign, change):
    before = foreign.xml
    wanted = CHANGES[change](foreign.spec)
    domain = tree.parse(before)
    noted = foreign.notes.limited(wanted)

    patch.limits(domain, wanted, noted)

    after = tree.text(domain)
    assert apart_from(after, change, foreign) == apart_from(before, change, foreign)
    assert marks.find(domain) == noted
    has = sizes.read(domain)
    assert (has.vcpus, has.memory_mib) == (wanted.vcpus, wanted.memory_mib)
    if wanted != foreign.spec:
        assert apart_from(after, "nothing", foreign) != apart_from(before, "nothing", foreign)
