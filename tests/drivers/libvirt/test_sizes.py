"""vCPUs, memory and their room in the XML of a machine of ours and of others'."""

from dataclasses import replace

import pytest

from components.drivers.libvirt import sizes, tree
from tests.drivers.libvirt.foreign import FOREIGN
from tests.drivers.libvirt.test_domain_xml import SPEC, rendered

ROOMY = replace(SPEC, vcpus=2, memory_mib=2048, grows_vcpus=4, grows_memory_mib=4096)


def put(spec, **changes):
    domain = tree.parse(rendered())
    sizes.put(domain, replace(spec, **changes))
    return domain


def test_room_is_written_and_read_back():
    found = sizes.read(put(ROOMY))

    assert found == sizes.Sizes(vcpus=2, max_vcpus=4, memory_mib=2048, max_memory_mib=4096, free_slots=sizes.SLOTS)


def test_without_room_there_is_neither_numa_nor_a_current_number():
    domain = put(ROOMY)

    sizes.put(domain, replace(ROOMY, vcpus=4, memory_mib=4096))

    assert domain.find("maxMemory") is None
    assert domain.find("cpu/numa") is None
    assert domain.find("vcpu").attrib == {"placement": "static"}
    assert sizes.read(domain) == sizes.Sizes(vcpus=4, max_vcpus=4, memory_mib=4096, max_memory_mib=4096)


def test_the_numa_cell_says_what_is_said_outside():
    domain = put(ROOMY, vcpus=3, memory_mib=3072)

    (cell,) = domain.iterfind("cpu/numa/cell")
    assert (cell.get("cpus"), sizes.mib(domain.find("memory"))) == ("0-3", 3072)
    assert int(cell.get("memory")) == 3072 * 1024
    assert [child.tag for child in domain].index("maxMemory") < [child.tag for child in domain].index("memory")


def test_a_room_that_no_boot_could_have_is_not_asked_for():
    found = sizes.read(put(ROOMY, grows_vcpus=1000, grows_memory_mib=2**30))

    assert (found.max_vcpus, found.max_memory_mib) == (sizes.LARGEST_PLACES, sizes.LARGEST_ROOM_MIB)
    found = sizes.read(put(ROOMY, memory_mib=2**20, grows_memory_mib=2**21))
    assert found.max_memory_mib == found.memory_mib == 2**20


@pytest.mark.parametrize(
    ("wanted", "size"), [(2048 + 128, 128), (4096, 2048), (2048 + 100, 0), (2048, 0), (1024, 0), (4096 + 128, 0)]
)
def test_one_dimm_brings_what_fits(wanted, size):
    assert sizes.dimm_mib(sizes.read(put(ROOMY)), wanted) == size


def test_a_domain_whose_slots_are_used_takes_no_dimm():
    domain = put(ROOMY)
    for _ in range(sizes.SLOTS):
        tree.add(tree.child(domain, "devices"), "memory", model="dimm")

    assert sizes.dimm_mib(sizes.read(domain), 4096) == 0


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("uefi", {"vcpus": 5}, "2 vCPUs per socket, which 5 vCPUs don't fill"),
        ("uefi", {"vcpus": 3}, ""),
        ("uefi", {"vcpus": 8}, ""),
        ("numa", {"memory_mib": 256}, "256 MiB leave nothing beside them"),
        ("numa", {"memory_mib": 512, "vcpus": 8}, ""),
        ("legacy", {"vcpus": 9, "memory_mib": 64}, ""),
    ],
)
def test_what_can_not_be_written_is_said(name, changes, words):
    (foreign,) = [found for found in FOREIGN if found.name == name]

    found = sizes.obstacle(tree.parse(foreign.xml), replace(foreign.spec, **changes))

    assert words in found
    assert bool(found) == bool(words)


def test_nobody_guesses_which_of_several_numa_cells_shall_change():
    (foreign,) = [found for found in FOREIGN if found.name == "numa"]
    domain = tree.parse(foreign.xml)
    tree.add(domain.find("cpu/numa"), "cell", id="1", cpus="4-5", memory="1024", unit="KiB")

    assert "2 cells" in sizes.obstacle(domain, replace(foreign.spec, memory_mib=1024))
    assert sizes.obstacle(domain, replace(foreign.spec, vcpus=1)) == ""


def test_an_adopted_machine_gets_no_room_of_ours():
    for foreign in FOREIGN:
        domain = tree.parse(foreign.xml)
        sizes.put(domain, foreign.spec, adopted=True)
        assert tree.text(domain) == tree.text(tree.parse(foreign.xml))
