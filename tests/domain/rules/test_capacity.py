"""What is sold of a host against what may be sold."""

from dataclasses import replace

from components.domain.rules import capacity
from tests.domain.sample import HOST, client, fleet, vps


def test_a_host_sold_to_the_brim_is_fine() -> None:
    brim = replace(HOST, memory_mib=2048, free_memory_mib=0, disk_gib=10, free_disk_gib=0, vcpus=2, sells_vcpus=100)
    assert list(capacity.problems(fleet(hosts={"kvm1": brim}))) == []


def test_more_than_that_is_told_by_how_much_and_stops_nothing() -> None:
    small = replace(HOST, memory_mib=3072, free_memory_mib=0)
    two = client("example-coop", vps(), vps("web2", id="v-2222"))
    (problem,) = capacity.problems(fleet(two, hosts={"kvm1": small}))
    assert problem.path == ("hosts", "kvm1", "sells", "memory")
    assert problem.message == "4 GiB of memory are sold here, 1 GiB more than may be."
    assert not problem.blocks


def test_disk_and_vcpus_count_as_well() -> None:
    tiny = replace(HOST, disk_gib=29, free_disk_gib=20, vcpus=1, sells_vcpus=100)
    assert [one.path[-1] for one in capacity.problems(fleet(hosts={"kvm1": tiny}))] == ["disk", "vcpus"]
