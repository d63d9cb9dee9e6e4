"""What of a host may be sold."""

from dataclasses import replace

from components.domain.hosts import Node
from tests.domain.sample import HOST


def test_what_may_be_sold_is_what_is_left_times_the_percentage() -> None:
    assert HOST.sellable_memory_mib == 16384 - 4096
    assert HOST.sellable_disk_gib == 200 - 20
    assert HOST.sellable_vcpus == 8 * 4
    assert replace(HOST, sells_memory=150).sellable_memory_mib == (16384 - 4096) * 3 // 2


def test_a_host_that_keeps_all_free_sells_nothing() -> None:
    assert replace(HOST, free_memory_mib=99999).sellable_memory_mib == 0


def test_a_host_serves_everybody_or_one_client() -> None:
    assert HOST.serves("c-q7m2")
    alone = replace(HOST, assigned="c-q7m2")
    assert (alone.serves("c-q7m2"), alone.serves("c-other")) == (True, False)


def test_a_node_sells_its_part_of_what_the_cluster_sells() -> None:
    node = Node(vcpus=2, memory_mib=4096, disk_gib=50)
    whole = Node(vcpus=6, memory_mib=12288, disk_gib=150)
    cluster = replace(
        HOST,
        nodes={"small": node, "large": whole},
        vcpus=8,
        memory_mib=16384,
        disk_gib=200,
        free_memory_mib=4096,
        free_disk_gib=0,
        sells_vcpus=400,
        sells_memory=100,
        sells_disk=100,
    )
    assert cluster.sellable_on("small") == (3072, 8, 50)
    assert cluster.sellable_on("large") == (9216, 24, 150)
