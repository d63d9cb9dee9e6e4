"""One machine among several fake hosts, as the engine asks for it: its host is lost, and it is restored."""

import hashlib
import shutil
import struct

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import DriverError, Refused
from components.engine.rebuild import REBUILD
from components.provider import facts
from components.provider.machine import PartlyCreated
from tests.provider.one_host import URN


@pytest.fixture
def lost(fleet, home):
    """The state of a machine whose host was lost after it was made."""
    state = fleet.make(home)
    fleet.lose("lab1")
    return state


@pytest.fixture
def disk(fleet):
    """A file of its disk."""
    path = fleet.folder / "web1.qcow2"
    path.write_bytes(b"QFI\xfb" + struct.pack(">IQIIQ", 3, 0, 0, 16, 1024**3) + b"its data")
    return path


def from_file(path):
    return {"from": "lab1", "disk": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_a_machine_of_a_lost_host_waits_without_holding_up_its_client(fleet, home, lost):
    _, after, words = fleet.up(home, lost, home)

    assert after["status"] == facts.LOST
    assert words == []
    assert any("vps restore example-coop/web1 --to HOST" in line for line in fleet.said)
    with pytest.raises(Refused, match="vps restore example-coop/web1"):
        fleet.up(home, lost, fleet.moved(home))
    assert fleet.machine("lab2", home) is None


def test_a_silent_host_is_no_lost_host(fleet, home):
    state = fleet.make(home)
    fleet.silence("lab1")
    wanted = fleet.made_anew(home)

    with pytest.raises(DriverError, match="does not exist"):
        fleet.up(home, state, wanted)

    assert fleet.machine("lab2", home) is None


def test_a_machine_of_a_lost_host_is_restored_from_its_disk_under_a_new_incarnation(fleet, home, lost, disk):
    wanted = fleet.placed(home, "lab2", restore=from_file(disk))

    inputs, after, words = fleet.up(home, lost, wanted)

    assert words == [f"restored on lab2 from the disk in {disk}"]
    machine = fleet.machine("lab2", home)
    assert machine.power is Power.RUNNING
    assert machine.mark.previous == lost["incarnation"]
    assert after["incarnation"] == machine.mark.incarnation != lost["incarnation"]
    volume = fleet.driver("lab2").world.get("volumes/vps", machine.volumes["root"])
    assert volume["image"] == wanted["restore"]["sha256"]
    assert fleet.settled(inputs, after, wanted)
    # The run died before state was written: the next one finds it, and makes no other.
    _, again, words = fleet.up(home, lost, wanted)
    assert (words, again["incarnation"]) == ([], after["incarnation"])


@pytest.mark.parametrize("target", ["lab1", "lab2"])
def test_what_every_host_answered_not_to_hold_is_restored_there_or_elsewhere(fleet, home, disk, target):
    state = fleet.make(home)
    fleet.driver("lab1").world.remove("domains", home["uuid"])
    shutil.rmtree(fleet.folder / "lab1/world/volumes")
    wanted = fleet.placed(home, target, restore=from_file(disk))

    inputs, after, words = fleet.up(home, state, wanted)

    assert words == [f"restored on {target} from the disk in {disk}"]
    assert fleet.holders(home) == [target]
    assert fleet.settled(inputs, after, wanted)


def test_state_and_host_both_lost_leave_a_machine_that_can_be_restored(fleet, home, disk, monkeypatch):
    """A rebuild asks a lost host nothing and remembers what is declared there."""
    fleet.resource().create(URN, home)
    fleet.lose("lab1")
    intent = from_file(disk)
    monkeypatch.setenv(REBUILD, "[]")
    with pytest.raises(PartlyCreated, match="recorded as missing") as rebuilt:
        fleet.resource().create(URN, {**home, "restore": intent})
    monkeypatch.delenv(REBUILD)
    wanted = fleet.placed(home, "lab2", restore=intent)

    inputs, after, words = fleet.up(home, rebuilt.value.state, wanted)

    assert words == [f"restored on lab2 from the disk in {disk}"]
    assert fleet.machine("lab2", home).power is Power.RUNNING
    assert fleet.settled(inputs, after, wanted)


def test_a_restore_without_data_says_so_and_one_that_was_cut_goes_on(fleet, home, lost):
    wanted = fleet.made_anew(home)
    fleet.fault("lab2", step="create.seed", do="fail")

    with pytest.raises(PartlyCreated) as cut:
        fleet.up(home, lost, wanted)
    inputs, after, words = fleet.up(wanted, cut.value.state, wanted)

    assert words == ["creation was interrupted: it is taken up where it stopped"]
    assert after["phase"] == Phase.READY
    assert fleet.settled(inputs, after, wanted)
    resource = fleet.resource()
    _, older, observed = resource.read(home["uuid"], URN, {**lost, "incarnation": "older"}, home)
    (said,) = [
        change.consequence.words for change in resource.changes(observed, older, wanted) if change.key == "status"
    ]
    assert "EMPTY" in said
    assert "NOT there" in said


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"QFI\xfb other"), "the client's file says"),
        (lambda path: path.unlink(), "can't be read"),
    ],
)
def test_a_disk_that_is_not_the_one_that_was_meant_makes_nothing(fleet, home, lost, disk, spoil, said):
    wanted = fleet.placed(home, "lab2", restore=from_file(disk))
    spoil(disk)

    with pytest.raises(DriverError, match=said):
        fleet.up(home, lost, wanted)

    assert fleet.machine("lab2", home) is None


def test_a_restored_machine_is_as_it_is_declared_down_to_its_power(fleet, home, lost):
    """What starts the machines of a host after its boot goes by the mark."""
    wanted = fleet.made_anew(home, power="suspended", order=0)

    inputs, after, _ = fleet.up(home, lost, wanted)

    machine = fleet.machine("lab2", home)
    assert (machine.power, machine.mark.power, machine.mark.order) == (Power.OFF, "suspended", 0)
    assert fleet.settled(inputs, after, wanted)


def test_a_reinstallation_never_brings_back_the_disk_that_was_restored(fleet, home, lost, disk):
    restored = fleet.placed(home, "lab2", restore=from_file(disk))
    inputs, state, _ = fleet.up(home, lost, restored)

    with pytest.raises(Refused, match="take that line away first"):
        fleet.up(inputs, state, {**restored, "reinstall": 1})
    inputs, state, words = fleet.up(inputs, state, {**fleet.placed(home, "lab2"), "reinstall": 1})

    assert any("NEW, EMPTY DISK from tiny" in line for line in words)
    machine = fleet.machine("lab2", home)
    volume = fleet.driver("lab2").world.get("volumes/vps", machine.volumes["root"])
    assert home["disks"]["root"]["image"]["sha256"][:16] in volume["image"]


def test_a_leftover_restore_line_makes_nothing_that_state_never_lost(fleet, home):
    with pytest.raises(Refused, match="Remove the line `restore:`"):
        fleet.resource().create(URN, {**home, "restore": {"from": "lab2", "empty": True}})

    assert fleet.holders(home) == []


def test_a_host_that_is_declared_lost_and_answers_keeps_what_it_holds(fleet, home):
    """The declaration is false: a restore elsewhere would be a second running copy."""
    state = fleet.make(home)
    fleet.declare_lost("lab1")
    wanted = fleet.made_anew(home)
    moved = fleet.moved(home)

    for intent in (wanted, moved):
        with pytest.raises(Refused, match=r"yet it answers and holds example-coop/web1.*vps host return lab1"):
            fleet.up(home, state, intent)
        resource = fleet.resource()
        _, after, inputs = resource.read(home["uuid"], URN, state, home)
        with pytest.raises(Refused, match="vps host return lab1"):
            resource.preview_update(after, intent, resource.changes(inputs, after, intent))
    with pytest.raises(Refused, match="vps host return lab1"):
        fleet.resource().create(URN, fleet.placed(home, "lab2"))
    # State of a run that found it silent, and it is back before the next act.
    lost = {**state, "status": facts.LOST}
    with pytest.raises(Refused, match="vps host return lab1"):
        fleet.resource().update(home["uuid"], URN, lost, wanted, fleet.resource().changes(home, lost, wanted))

    assert fleet.holders(home) == ["lab1"]
    assert fleet.settled(home, state, home)
    assert any("vps host return lab1" in line for line in fleet.said)
    fleet.silence("lab1")
    fleet.up(home, state, wanted)
    assert fleet.machine("lab2", home).power is Power.RUNNING


def test_a_stale_copy_on_a_host_that_is_back_does_not_hold_up_the_next_restore(fleet, home, lost):
    """It is off and of an incarnation before the restore; one that runs is a second life."""
    inputs, state, _ = fleet.up(home, lost, fleet.made_anew(home))
    fleet.speak("lab1")
    (fleet.folder / f"lab2/world/domains/{home['uuid']}.json").unlink()
    shutil.rmtree(fleet.folder / "lab2/world/volumes")
    again = fleet.placed(home, "lab2", restore={"from": "lab2", "empty": True})
    with pytest.raises(Refused, match="vps host return lab1"):
        fleet.up(inputs, state, again)
    fleet.driver("lab1").world.change("domains", home["uuid"], power="off", live={})

    fleet.up(inputs, state, again)

    assert fleet.machine("lab2", home).power is Power.RUNNING
