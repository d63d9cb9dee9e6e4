"""The domain that Create defines, as reviewed text (`golden/`; rewrite with VPS_GOLDEN=write)."""

import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from components.drivers.base import DiskSpec, ImageRef, MachineSpec, Mark, NicSpec, Phase
from components.drivers.libvirt import domain_xml, tree

GOLDEN = Path(__file__).parent / "golden"
SPEC = MachineSpec(
    uuid="6f1f0f5e-3b54-5f0a-9d5e-0c1f2e3d4c5b",
    name="demo-c-q7m2-v-h3k9",
    title='O\'Neil & <Sons>\n"web1" \x00é',
    pool="vps",
    vcpus=2,
    cpu_cap_percent=150,
    memory_mib=2048,
    grows_vcpus=4,
    grows_memory_mib=4096,
    disks={
        "root": DiskSpec(
            size_gib=10, iops=1000, rate_mib_s=100, image=ImageRef(name="base-debian-13", sha256="a" * 64)
        ),
        "data": DiskSpec(size_gib=20, iops=500, rate_mib_s=50, image=ImageRef(name="base-debian-13", sha256="a" * 64)),
    },
    nics={
        "n0": NicSpec(attach="network:public1", mac="02:00:00:00:00:01", rate_mbit_s=100, addresses=("192.0.2.10/24",)),
        "n1": NicSpec(attach="bridge:br0", mac="02:00:00:00:00:02", rate_mbit_s=1000, addresses=()),
    },
)
MARK = Mark(
    fleet="demo",
    backend="b1",
    urn="urn:pulumi:client.x::aegir-vps::vps:index:Machine::x",
    client="c-q7m2",
    vps="v-h3k9",
    phase=Phase.CREATING,
    incarnation="f00d",
)


def rendered(*, accelerated=False, left_out=""):
    notes = domain_xml.notes_for(SPEC, MARK).without_rates(left_out)
    made = tree.parse(domain_xml.render(SPEC, notes, accelerated=accelerated))
    domain_xml.add_drives(made, SPEC, notes, pool_path="/pool")
    return tree.text(made)


def test_while_it_is_made_a_domain_has_no_disk_to_run_on():
    made = tree.parse(domain_xml.render(SPEC, domain_xml.notes_for(SPEC, MARK), accelerated=True))

    assert made.find("devices/disk") is None
    assert len(made.findall("devices/interface")) == 2


@pytest.mark.parametrize(
    ("name", "arguments"), [("kvm", {"accelerated": True}), ("emulated", {"left_out": "its kernel lacks sch_sfq"})]
)
def test_the_domain_is_as_reviewed(name, arguments):
    made = ET.fromstring(rendered(**arguments))
    ET.indent(made)
    text = ET.tostring(made, encoding="unicode") + "\n"
    path = GOLDEN / f"{name}.xml"
    if os.environ.get("VPS_GOLDEN") == "write":
        path.write_text(text)

    assert text == path.read_text()


def test_the_cap_counts_for_the_whole_machine():
    domain = tree.parse(rendered())

    assert tree.value(domain, "cputune/global_quota") == "150000"
    assert tree.value(domain, "cputune/global_period") == "100000"


def test_rates_are_kilobytes_a_second():
    assert domain_xml.kilobytes(100) == 12500


def test_a_title_that_xml_cannot_carry_is_cleaned():
    assert tree.value(tree.parse(rendered()), "title") == 'O\'Neil & <Sons> "web1" é'


def test_the_seed_of_a_reinstalled_machine_is_another_volume():
    assert domain_xml.notes_for(SPEC, replace(MARK, reinstall=3)).seed.endswith("-seed3.iso")
