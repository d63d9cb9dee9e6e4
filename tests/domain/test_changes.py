"""The consequence of every change, known before it happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.changes import Effect, consequence
from components.domain.growth import Guest

CASES = [
    ("cpuCapPercent", 100, 150, Effect.LIVE, "live, no reboot"),
    ("disks.root.iops", 1000, 500, Effect.LIVE, "1000 IO/s -> 500 IO/s"),
    ("nics.n0.rateMbitS", 100, 200, Effect.LIVE, "200 Mbit/s"),
    ("memoryMib", 2048, 4096, Effect.REBOOT, "at next reboot"),
    ("vcpus", 2, 1, Effect.REBOOT, "at next reboot"),
    ("disks.root.sizeGib", 10, 20, Effect.LIVE, "live"),
    ("disks.root.sizeGib", 20, 10, Effect.REFUSED, "at least 20 GiB"),
    ("disks.data.sizeGib", None, 10, Effect.REFUSED, "added or removed"),
    ("power", "managed", "stopped", Effect.LIVE, "shut down"),
    ("host.name", "kvm1", "kvm2", Effect.REFUSED, "only by a move"),
    ("pool", "a", "b", Effect.REFUSED, "only by a move"),
    ("nics.n0.attach", "network:a", "network:b", Effect.REFUSED, "only by a move"),
    ("nics.n0.mac", "a", "b", Effect.REFUSED, "identity"),
    ("uuid", "a", "b", Effect.REFUSED, "identity"),
    ("name", "a", "b", Effect.REFUSED, "identity"),
    ("reinstall", 0, 1, Effect.REINSTALL, "downtime and a new, empty disk; the old one is kept in the trash"),
    ("reinstall", 0, 2, Effect.REFUSED, "by exactly one"),
    ("reinstall", 1, 0, Effect.REFUSED, "by exactly one"),
    ("ends", "", "2027-03-01", Effect.RECORDED, "trash"),
    ("ends", "2027-03-01", "", Effect.RECORDED, "withdrawn"),
    ("seed.values.fqdn", "a", "b", Effect.RECORDED, "until `vps access` sets it, and `vps settings` what goes by it"),
    ("seed.values.label", "a", "b", Effect.RECORDED, "until `vps settings` sets it"),
    ("seed.values.users", [], ["a"], Effect.RECORDED, "until `vps access` sets it"),
    ("seed.values.users", [{"name": "ada"}, {"name": "bo"}], [{"name": "ada"}], Effect.RECORDED, "; bo can still"),
    ("seed.values.users", [{"name": "bo", "root": True}], [{"name": "bo"}], Effect.RECORDED, "; whether bo may act as"),
    ("seed.values.nics.n0.mac", "a", "b", Effect.RECORDED, "first boot"),
    ("disks.root.image.name", "a", "b", Effect.RECORDED, "first boot"),
    ("disks.root.image.sha256", "a", "b", Effect.RECORDED, "first boot"),
    ("nics.n0.addresses", ["a"], ["b"], Effect.LIVE, "the guest keeps what it has"),
    ("nics.n0.antispoof", False, True, Effect.LIVE, "dropped"),
    ("nics.n0.antispoof", None, True, Effect.LIVE, "dropped"),
    ("nics.n0.antispoof", True, False, Effect.LIVE, "let through"),
    ("clientName", "a", "b", Effect.RECORDED, "not touched"),
    ("label", "a", "b", Effect.RECORDED, "not touched"),
    ("package", "small@1", "large@1", Effect.RECORDED, "not touched"),
    ("title", "a", "b", Effect.LIVE, "the guest sees nothing"),
    ("grows.vcpus", None, 4, Effect.RECORDED, "grows.vcpus: 4: room to grow live, from its next boot on"),
    ("grows.vcpus", 4, 8, Effect.RECORDED, "grows.vcpus: 4 -> 8: room to grow live, from its next boot on"),
    ("cpuCapPercent", 0, 150, Effect.LIVE, "unlimited -> 150 %: live"),
    ("disks.root.iops", 500, 0, Effect.REFUSED, "declare 500 IO/s"),
]


@pytest.mark.parametrize(("key", "before", "after", "effect", "words"), CASES)
def test_table(key: str, before: object, after: object, effect: Effect, words: str) -> None:
    """Design section 5, "What a change does", row by row."""
    found = consequence(key, before, after)
    assert found.effect is effect
    assert words in found.words


GUEST = Guest(has={"vcpus": 2, "memoryMib": 2048}, room={"vcpus": 4, "memoryMib": 4096})
GROWTH = [
    ("vcpus", 2, 4, GUEST, Effect.LIVE, "inside the room that the guest was booted with"),
    ("vcpus", 2, 5, GUEST, Effect.REBOOT, "booted with room for 4 only"),
    ("vcpus", 2, 1, GUEST, Effect.REBOOT, "the running guest keeps what it has"),
    ("vcpus", 4, 2, GUEST, Effect.LIVE, "has it already"),
    ("vcpus", 2, 4, Guest(), Effect.LIVE, "in force when it starts"),
    ("cpuCapPercent", 100, 150, GUEST, Effect.LIVE, "live, no reboot"),
    ("cpuCapPercent", 100, 150, Guest(), Effect.LIVE, "100 % -> 150 %: in force when it starts"),
    ("disks.root.sizeGib", 10, 20, Guest(), Effect.LIVE, "the guest's file system when it starts"),
    ("power", "stopped", "suspended", Guest(), Effect.LIVE, "it is off, and stays so"),
    ("power", "suspended", "managed", Guest(), Effect.LIVE, "the machine is started"),
    ("vcpus", 2, 4, None, Effect.REBOOT, "at next reboot"),
    ("memoryMib", 2048, 4096, GUEST, Effect.LIVE, "2048 MiB -> 4096 MiB: live, inside the room"),
    ("memoryMib", 2048, 2148, GUEST, Effect.REBOOT, "in steps of 128 MiB only"),
    ("memoryMib", 2048, 1024, GUEST, Effect.REBOOT, "at next reboot"),
    ("memoryMib", 2048, 4096, Guest(has={"memoryMib": 2048}), Effect.REBOOT, "booted with no room to grow"),
]


@pytest.mark.parametrize(("key", "before", "after", "guest", "effect", "words"), GROWTH)
def test_growth(key: str, before: int, after: int, guest: Guest | None, effect: Effect, words: str) -> None:
    """Live only where the guest that runs was booted with the room."""
    found = consequence(key, before, after, guest)
    assert found.effect is effect
    assert words in found.words


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_disk_is_cut_by_no_change(before: int, after: int) -> None:
    """Smaller is always refused, and only smaller."""
    refused = consequence("disks.root.sizeGib", before, after).effect is Effect.REFUSED
    assert refused == (after < before)


@given(st.text(), st.none() | st.integers() | st.text(), st.none() | st.integers() | st.text())
def test_judging_never_raises(key: str, before: object, after: object) -> None:
    """An exception would blind the refresh of a whole stack."""
    assert consequence(key, before, after).words
