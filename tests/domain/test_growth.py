"""A running guest grows inside its room, and memory in whole blocks."""

import pytest

from components.domain.growth import block_mib, obstacle


@pytest.mark.parametrize(
    ("key", "has", "wanted", "room", "words"),
    [
        ("vcpus", 1, 2, 4, ""),
        ("vcpus", 1, 4, 4, ""),
        ("vcpus", 1, 5, 4, "room for 4 only"),
        ("vcpus", 2, 3, 2, "no room to grow"),
        ("memoryMib", 2048, 4096, 4096, ""),
        ("memoryMib", 2048, 2048 + 128, 4096, ""),
        ("memoryMib", 2048, 2048 + 100, 4096, "steps of 128 MiB"),
        ("memoryMib", 2048, 8192, 4096, "room for 4096 only"),
        ("memoryMib", 65536, 65536 + 1024, 131072, "steps of 2048 MiB"),
        ("memoryMib", 65536, 65536 + 2048, 131072, ""),
    ],
)
def test_what_keeps_a_guest_from_growing(key, has, wanted, room, words):
    found = obstacle(key, has, wanted, room)

    assert words in found
    assert bool(found) == bool(words)


def test_large_guests_take_memory_in_large_blocks():
    assert (block_mib(65535), block_mib(65536)) == (128, 2048)
