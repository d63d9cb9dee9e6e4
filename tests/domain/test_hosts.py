"""What of a host may be sold."""

from dataclasses import replace

from tests.domain.sample import HOST


def test_what_may_be_sold_is_what_is_left_times_the_percentage() -> None:
    assert HOST.sellable_memory_mib == 16384 - 4096
    assert HOST.sellable_disk_gib == 200 - 20
    assert HOST.sellable_vcpus == 8 * 4
    assert replace(HOST, sells_memory=150).sellable_memory_mib == (16384 - 4096) * 3 // 2


def test_a_host_that_keeps_all_free_sells_nothing() -> None:
    assert replace(HOST, free_memory_mib=99999).sellable_memory_mib == 0
