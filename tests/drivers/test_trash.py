"""Rules of the trash that need no host."""

from dataclasses import replace

import pytest

from components.drivers import trash
from components.drivers.base import MachineSpec, Mark, NicSpec, Phase
from components.drivers.errors import Missing, NotOurs, Refused
from components.drivers.trash import Trashed

UUID = "0f6b2a52-7c1d-5e0a-9a44-3b1f2c4d5e6f"
MARK = Mark(
    fleet="demo",
    backend="b1",
    urn="urn:pulumi:client.x::aegir-vps::vps:index:Machine::v-1",
    client="c",
    vps="v",
    phase=Phase.READY,
    incarnation="i",
)
FOUND = Trashed(
    key=UUID,
    uuid=UUID,
    name="demo-c-v",
    title="x/web1",
    mark=MARK,
    pool="vps",
    why=trash.ENDED,
    ended="2026-11-22T10:00:00+00:00",
    due="2026-12-22",
    volumes={"root": "disk", "seed": "seed"},
    size_gib=10,
    used_mib=1,
    addresses=("192.0.2.10/24", "2001:DB8:1::10/64"),
    macs=("52:54:00:00:00:01",),
)


def spec(*addresses: str, uuid: str = "other") -> MachineSpec:
    nic = NicSpec(attach="network:a", mac="52:54:00:00:00:02", rate_mbit_s=1, addresses=addresses)
    return MachineSpec(
        uuid=uuid, name="n", title="t", pool="vps", vcpus=1, cpu_cap_percent=1, memory_mib=1, disks={}, nics={"n0": nic}
    )


@pytest.mark.parametrize(
    ("key", "uuid"), [(UUID, UUID), (f"{UUID}-r0", UUID), (f"{UUID}-r12", UUID), (f"{UUID}-r", ""), ("../x", "")]
)
def test_a_key_names_its_machine(key: str, uuid: str) -> None:
    assert trash.uuid_of(key) == uuid


@pytest.mark.parametrize(
    ("there", "key"),
    [
        ({}, UUID),
        ({UUID: ()}, UUID),  # Cut off while it was written.
        ({UUID: ("disk", "seed")}, UUID),
        ({UUID: ("former-disk",)}, f"{UUID}-m1"),
        ({UUID: ("former-disk",), f"{UUID}-m1": ("moved-disk",)}, f"{UUID}-m2"),
    ],
)
def test_no_record_is_forgotten_for_that_of_another_disk(there: dict[str, tuple[str, ...]], key: str) -> None:
    assert trash.free_key(UUID, UUID, {"disk"}, there) == key
    assert trash.uuid_of(key) == UUID


def test_what_lies_in_the_trash_itself_is_not_made_anew_whatever_its_disk_is_called() -> None:
    mine = spec("198.51.100.1/24", uuid=UUID)
    with pytest.raises(Refused, match=r"ended on 2026-11-22 .*vps trash restore"):
        trash.need_free("Unable", mine, 0, [FOUND])
    trash.need_free("Unable", mine, 1, [FOUND])  # A new installation, on purpose.
    for harmless in (replace(FOUND, in_use=True), replace(FOUND, why=trash.REINSTALLED), replace(FOUND, uuid="else")):
        trash.need_free("Unable", mine, 0, [harmless])


def test_keys_are_made_as_they_are_read() -> None:
    assert trash.uuid_of(trash.key_of(UUID)) == trash.uuid_of(trash.key_of(UUID, 0)) == UUID
    assert trash.key_of(UUID) != trash.key_of(UUID, 0)


@pytest.mark.parametrize(
    ("changes", "today", "due"),
    [
        ({}, "2026-12-21", ""),
        ({}, "2026-12-21", "2026-01-01"),
        ({"due": ""}, "2099-01-01", ""),
        ({"in_use": True}, "2099-01-01", ""),
    ],
)
def test_what_is_not_due_or_in_use_stays(changes: dict[str, object], today: str, due: str) -> None:
    with pytest.raises(Refused, match="Nothing was destroyed"):
        trash.need_due("Unable to empty", replace(FOUND, **changes), today, due)


def test_the_day_itself_is_due() -> None:
    trash.need_due("Unable to empty", FOUND, "2026-12-22", "")
    trash.need_due("Unable to empty", replace(FOUND, due=""), "2026-12-22", "2026-12-22")


@pytest.mark.parametrize("address", ["192.0.2.10/24", "2001:db8:1::10/64"])
def test_an_address_waits_with_its_machine(address: str) -> None:
    with pytest.raises(Refused, match=r"in quarantine: it belonged to x/web1, which was ended on 2026-11-22"):
        trash.need_free("Unable to create", spec(address), 0, [FOUND])
    trash.need_free("Unable to create", spec(address), 0, [replace(FOUND, in_use=True)])
    trash.need_free("Unable to create", spec("192.0.2.11/24"), 0, [FOUND])


@pytest.mark.parametrize("taken", ["192.0.2.10/25", "2001:db8:1::10/64", "52:54:00:00:00:01"])
def test_what_another_one_has_now_is_not_taken_back(taken: str) -> None:
    with pytest.raises(Refused, match="belongs to neighbour now"):
        trash.need_no_other("Unable to restore", FOUND, {"neighbour": [taken]})
    trash.need_no_other("Unable to restore", FOUND, {"neighbour": ["192.0.2.11/24"]})


@pytest.mark.parametrize(
    ("wish", "phase", "after"),
    [("running", "starting", "running"), ("off", "starting", "running"), ("suspended", "ready", "suspended")],
)
def test_who_comes_back_is_started_next_unless_suspended(wish: str, phase: str, after: str) -> None:
    back = trash.returning(replace(MARK, wish=wish, move="to:kvm2"))
    assert (back.phase, back.wish, back.move, back.revision) == (phase, after, "", MARK.revision + 1)


def test_only_what_is_there_whole_comes_back() -> None:
    assert trash.need_whole("Unable to restore", UUID, FOUND) is FOUND
    for found in (None, replace(FOUND, lost=("disk",))):
        with pytest.raises(Missing):
            trash.need_whole("Unable to restore", UUID, found)


@pytest.mark.parametrize(
    ("mark", "found", "error", "words"),
    [
        (None, FOUND, NotOurs, "does not belong to x/web1"),
        (replace(MARK, urn="other"), FOUND, NotOurs, "does not belong to x/web1"),
        (replace(MARK, phase=Phase.ENDING), replace(FOUND, in_use=True), Refused, "its end was declared"),
        (replace(MARK, reinstall=1), FOUND, Refused, "installation number 1"),
        (MARK, replace(FOUND, in_use=True, why=trash.REINSTALLED), Refused, "only when that one has ended"),
    ],
)
def test_a_machine_that_is_there_is_told(mark: Mark | None, found: Trashed, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        trash.need_same("Unable to restore", mark, found)


def test_one_that_was_brought_back_already_is_the_same() -> None:
    trash.need_same("Unable to restore", replace(MARK, incarnation="later"), replace(FOUND, in_use=True))
