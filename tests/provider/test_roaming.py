"""One machine among several fake hosts, as the engine asks for it: where it goes, and where it is found or not."""

import datetime as dt
import hashlib
import json
import shutil
import struct
from pathlib import Path

import pytest

from components.drivers.base import HostRef, ImageSpec, NetworkSpec, Phase, PoolSpec, Power
from components.drivers.errors import DriverError, HostUnreachable, Refused
from components.drivers.fake.driver import FakeDriver
from components.engine.rebuild import REBUILD
from components.provider import facts
from components.provider.connections import ADDRESSES, Connections
from components.provider.machine import PartlyCreated
from components.provider.roaming import RoamingMachine

URN = "urn:pulumi:client.x::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"
IMAGE = b"not a disk, but its bytes have a digest"


class Fleet:
    """Two furnished fake hosts, lab1 and lab2, and the resource that knows both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lost: dict[str, str] = {}
        self.said: list[str] = []
        source = folder / "image.qcow2"
        source.write_bytes(IMAGE)
        for name in ("lab1", "lab2"):
            (folder / name).mkdir()
            driver = self.driver(name)
            driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
            driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0", ipv4="192.0.2.1/24"))
            sha256 = hashlib.sha256(IMAGE).hexdigest()
            driver.ensure_image(ImageSpec(name="tiny", sha256=sha256, pool="vps", source=str(source)))

    def driver(self, name: str) -> FakeDriver:
        return FakeDriver(HostRef(name=name, driver="fake", uri=self.uri(name)))

    def uri(self, name: str) -> str:
        return f"fake://{self.folder / name / 'world'}"

    def resource(self) -> RoamingMachine:
        today = {
            name: {
                "driver": "fake",
                "uri": self.uri(name),
                "probe": "",
                "pool": "vps",
                "lost": self.lost.get(name, ""),
            }
            for name in ("lab1", "lab2")
        }
        made = RoamingMachine(Connections({ADDRESSES: json.dumps(today)}), lambda: dt.date(2026, 11, 22))
        made.say = lambda urn, words: self.said.append(words)
        return made

    def silence(self, name: str) -> None:
        (self.folder / name).rename(self.folder / f"{name}-away")

    def speak(self, name: str) -> None:
        (self.folder / f"{name}-away").rename(self.folder / name)

    def fault(self, name: str, **fault: object) -> None:
        (self.folder / name / "world/faults.json").write_text(json.dumps([fault]))

    def holders(self, uuid: str) -> list[str]:
        return [name for name in ("lab1", "lab2") if self.driver(name).read(uuid) is not None]


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


@pytest.fixture
def news(fleet, news):
    return placed(fleet, news, "lab1")


def placed(fleet, news, name, **more):
    return {**news, "host": {"name": name, "driver": "fake", "uri": fleet.uri(name), "probe": ""}, **more}


def up(fleet, inputs, state, news):
    """What the engine does with one machine: refresh, diff, update; (inputs, state) afterwards, and the words."""
    resource = fleet.resource()
    uuid, state, inputs = resource.read(news["uuid"], URN, state, inputs)
    assert uuid
    changes = resource.changes(inputs, state, news)
    words = [change.consequence.words for change in changes if change.consequence.words]
    if changes:
        state = resource.update(uuid, URN, state, news, changes)
    return news, state, words


def nothing_to_do(fleet, inputs, state, news):
    resource = fleet.resource()
    _, state, inputs = resource.read(news["uuid"], URN, state, inputs)
    return resource.changes(inputs, state, news) == []


@pytest.mark.parametrize("live", [False, True])
def test_a_declared_move_is_carried_out_and_the_next_preview_is_empty(fleet, news, live):
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": live})

    inputs, after, words = up(fleet, news, state, wanted)

    said = "moved live: the guest keeps running" if live else "the guest is shut down while up to 10 GiB are copied"
    assert any(said in line for line in words)
    assert fleet.holders(news["uuid"]) == ["lab2"]
    assert after["incarnation"] == state["incarnation"]
    assert (after["status"], after["phase"], after["observedPower"]) == (facts.PRESENT, Phase.READY, Power.RUNNING)
    assert nothing_to_do(fleet, inputs, after, wanted)
    assert any("it is running on lab2" in line for line in fleet.said)
    (record,) = fleet.driver("lab1").read_trash()
    assert record.due == "2026-12-22"


def test_a_move_takes_other_changes_along(fleet, news):
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": False}, cpuCapPercent=120)

    _, after, _ = up(fleet, news, state, wanted)

    assert after["limits"]["cpuCapPercent"]["effective"] == 120


def test_another_host_without_intent_is_refused_and_names_the_command(fleet, news):
    _, state = fleet.resource().create(URN, news)
    for intent in ({}, {"move": {"from": "lab3", "live": True}}):
        wanted = placed(fleet, news, "lab2", **intent)
        with pytest.raises(Refused, match="vps move example-coop/web1 lab2"):
            up(fleet, news, state, wanted)

    assert fleet.holders(news["uuid"]) == ["lab1"]


def test_a_move_that_ended_before_state_was_written_is_found(fleet, news):
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": False})
    up(fleet, news, state, wanted)

    inputs, after, words = up(fleet, news, state, wanted)

    assert words == []
    assert after["host"]["name"] == "lab2"
    assert any("found on lab2" in line for line in fleet.said)
    assert nothing_to_do(fleet, inputs, after, wanted)


def test_a_cut_move_is_ended_by_the_next_run_and_undone_when_it_is_not_wanted_any_more(fleet, news):
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": False})
    fleet.fault("lab2", step="move.copy", do="unreachable")
    with pytest.raises(HostUnreachable):
        up(fleet, news, state, wanted)
    assert fleet.driver("lab1").read(news["uuid"]).power is Power.OFF

    inputs, after, words = up(fleet, news, state, news)

    assert any("is undone" in line for line in words)
    assert fleet.holders(news["uuid"]) == ["lab1"]
    assert fleet.driver("lab1").read(news["uuid"]).power is Power.RUNNING
    assert nothing_to_do(fleet, inputs, after, news)
    fleet.fault("lab1", step="move.park", do="lose-answer")
    with pytest.raises(HostUnreachable):
        up(fleet, inputs, after, wanted)
    with pytest.raises(Refused, match="it has left lab1 for lab2"):
        up(fleet, inputs, after, news)
    with pytest.raises(Refused, match="is not finished"):
        fleet.resource().delete(news["uuid"], fleet.resource().read(news["uuid"], URN, after, inputs)[1])

    inputs, after, words = up(fleet, inputs, after, wanted)

    assert any("its move to lab2 was interrupted" in line for line in words)
    assert fleet.holders(news["uuid"]) == ["lab2"]
    assert nothing_to_do(fleet, inputs, after, wanted)


def test_a_move_to_a_host_that_is_lost_meanwhile_is_undone_where_the_machine_is_whole(fleet, news):
    """Its guest was shut down for the copy, and must not wait for a host that may never come back."""
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": False})
    fleet.fault("lab2", step="move.copy", do="unreachable")
    with pytest.raises(HostUnreachable):
        up(fleet, news, state, wanted)
    fleet.silence("lab2")
    with pytest.raises(DriverError, match="does not exist"):
        up(fleet, news, state, news)
    assert fleet.driver("lab1").read(news["uuid"]).power is Power.OFF
    fleet.lost["lab2"] = "2026-11-22 10:00 UTC"

    inputs, after, words = up(fleet, news, state, news)

    assert any("is undone" in line for line in words)
    assert fleet.driver("lab1").read(news["uuid"]).power is Power.RUNNING
    assert nothing_to_do(fleet, inputs, after, news)


@pytest.mark.parametrize(("live", "step"), [(False, "move.park"), (True, "move.migrate")])
def test_a_machine_that_may_have_gone_over_is_not_started_again_when_its_target_is_lost(fleet, news, live, step):
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": live})
    fleet.fault("lab1", step=step, do="lose-answer")
    with pytest.raises(HostUnreachable):
        up(fleet, news, state, wanted)
    fleet.silence("lab2")
    fleet.lost["lab2"] = "2026-11-22 10:00 UTC"

    with pytest.raises(Refused, match=r"has left lab1|changed hands"):
        up(fleet, news, state, news)

    assert fleet.driver("lab1").read(news["uuid"]).power is Power.OFF


def test_nothing_is_created_while_a_host_is_silent_unless_it_is_declared_lost(fleet, news):
    fleet.silence("lab2")
    with pytest.raises(HostUnreachable, match=r"could not tell whether lab2 holds it.*vps host lost lab2"):
        fleet.resource().create(URN, news)
    assert fleet.driver("lab1").read(news["uuid"]) is None

    fleet.lost["lab2"] = "2026-11-22 10:00 UTC"
    fleet.resource().create(URN, news)

    assert fleet.driver("lab1").read(news["uuid"]).power is Power.RUNNING


def test_a_machine_that_another_host_holds_is_not_created_a_second_time(fleet, news):
    fleet.resource().create(URN, news)
    with pytest.raises(Refused, match=r"lab1 holds it already.*Declare `host: lab1`"):
        fleet.resource().create(URN, placed(fleet, news, "lab2"))

    assert fleet.holders(news["uuid"]) == ["lab1"]


def test_gone_is_said_only_when_every_host_has_answered(fleet, news):
    _, state = fleet.resource().create(URN, news)
    (fleet.folder / f"lab1/world/domains/{news['uuid']}.json").unlink()
    fleet.silence("lab2")
    with pytest.raises(HostUnreachable, match="could not tell whether lab2 holds it"):
        fleet.resource().read(news["uuid"], URN, state, news)
    fleet.speak("lab2")

    _, after, _ = fleet.resource().read(news["uuid"], URN, state, news)

    assert after["status"] == facts.MISSING
    with pytest.raises(Refused, match="every other host answered"):
        up(fleet, news, state, news)


@pytest.mark.parametrize("target", ["lab1", "lab2"])
def test_what_every_host_answered_not_to_hold_is_restored_there_or_elsewhere(fleet, news, target):
    _, state = fleet.resource().create(URN, news)
    fleet.driver("lab1").world.remove("domains", news["uuid"])
    shutil.rmtree(fleet.folder / "lab1/world/volumes")
    path, sha256 = disk_file(fleet.folder)
    wanted = placed(fleet, news, target, restore={"from": "lab1", "disk": str(path), "sha256": sha256})

    inputs, after, words = up(fleet, news, state, wanted)

    assert words == [f"restored on {target} from the disk in {path}"]
    assert fleet.holders(news["uuid"]) == [target]
    assert nothing_to_do(fleet, inputs, after, wanted)


@pytest.mark.parametrize("answers", [True, False])
def test_an_undone_move_asks_its_target_that_is_declared_lost(fleet, news, answers):
    """What arrived there is cleared away when it answers, and nobody waits for it when it doesn't."""
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": False})
    fleet.fault("lab2", step="move.copy", do="unreachable")
    with pytest.raises(HostUnreachable):
        up(fleet, news, state, wanted)
    fleet.lost["lab2"] = "2026-11-22 10:00 UTC"
    if not answers:
        fleet.silence("lab2")

    up(fleet, news, state, news)

    if not answers:
        fleet.speak("lab2")
    assert fleet.holders(news["uuid"]) == (["lab1"] if answers else ["lab1", "lab2"])
    assert fleet.driver("lab1").read(news["uuid"]).power is Power.RUNNING


def test_a_silent_host_is_no_lost_host(fleet, news):
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    wanted = placed(fleet, news, "lab2", restore={"from": "lab1", "empty": True})

    with pytest.raises(DriverError, match="does not exist"):
        up(fleet, news, state, wanted)

    assert fleet.driver("lab2").read(news["uuid"]) is None


def test_a_machine_of_a_lost_host_waits_without_holding_up_its_client(fleet, news):
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"

    _, after, words = up(fleet, news, state, news)

    assert after["status"] == facts.LOST
    assert words == []
    assert any("vps restore example-coop/web1 --to HOST" in line for line in fleet.said)
    with pytest.raises(Refused, match="vps restore example-coop/web1"):
        up(fleet, news, state, placed(fleet, news, "lab2", move={"from": "lab1", "live": False}))
    assert fleet.driver("lab2").read(news["uuid"]) is None


def disk_file(folder, size_gib=1, backing=0):
    path = folder / "web1.qcow2"
    path.write_bytes(b"QFI\xfb" + struct.pack(">IQIIQ", 3, backing, 0, 16, size_gib * 1024**3) + b"its data")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_machine_of_a_lost_host_is_restored_from_its_disk_under_a_new_incarnation(fleet, news):
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    path, sha256 = disk_file(fleet.folder)
    wanted = placed(fleet, news, "lab2", restore={"from": "lab1", "disk": str(path), "sha256": sha256})

    inputs, after, words = up(fleet, news, state, wanted)

    assert words == [f"restored on lab2 from the disk in {path}"]
    machine = fleet.driver("lab2").read(news["uuid"])
    assert machine.power is Power.RUNNING
    assert machine.mark.previous == state["incarnation"]
    assert after["incarnation"] == machine.mark.incarnation != state["incarnation"]
    volume = fleet.driver("lab2").world.get("volumes/vps", machine.volumes["root"])
    assert volume["image"] == sha256
    assert nothing_to_do(fleet, inputs, after, wanted)
    # The run died before state was written: the next one finds it, and makes no other.
    _, again, words = up(fleet, news, state, wanted)
    assert (words, again["incarnation"]) == ([], after["incarnation"])


def test_state_and_host_both_lost_leave_a_machine_that_can_be_restored(fleet, news, monkeypatch):
    """A rebuild asks a lost host nothing and remembers what is declared there."""
    fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    path, sha256 = disk_file(fleet.folder)
    intent = {"from": "lab1", "disk": str(path), "sha256": sha256}
    monkeypatch.setenv(REBUILD, "[]")
    with pytest.raises(PartlyCreated, match="recorded as missing") as rebuilt:
        fleet.resource().create(URN, {**news, "restore": intent})
    monkeypatch.delenv(REBUILD)
    wanted = placed(fleet, news, "lab2", restore=intent)

    inputs, after, words = up(fleet, news, rebuilt.value.state, wanted)

    assert words == [f"restored on lab2 from the disk in {path}"]
    assert fleet.driver("lab2").read(news["uuid"]).power is Power.RUNNING
    assert nothing_to_do(fleet, inputs, after, wanted)


def test_a_rebuild_moves_nothing(fleet, news, monkeypatch):
    """Where state is there already, a declared move waits for an `up`."""
    _, state = fleet.resource().create(URN, news)
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": False})
    monkeypatch.setenv(REBUILD, "[]")
    changes = fleet.resource().changes(news, state, wanted)
    with pytest.raises(Refused, match="a rebuild touches no machine"):
        fleet.resource().update(news["uuid"], URN, state, wanted, changes)
    assert fleet.driver("lab2").read(news["uuid"]) is None
    assert fleet.driver("lab1").read(news["uuid"]).power is Power.RUNNING


def test_a_restore_without_data_says_so_and_one_that_was_cut_goes_on(fleet, news):
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    wanted = placed(fleet, news, "lab2", restore={"from": "lab1", "empty": True})
    fleet.fault("lab2", step="create.seed", do="fail")

    with pytest.raises(PartlyCreated) as cut:
        up(fleet, news, state, wanted)
    inputs, after, words = up(fleet, wanted, cut.value.state, wanted)

    assert words == ["creation was interrupted: it is taken up where it stopped"]
    assert after["phase"] == Phase.READY
    assert nothing_to_do(fleet, inputs, after, wanted)
    resource = fleet.resource()
    _, lost, observed = resource.read(news["uuid"], URN, {**state, "incarnation": "older"}, news)
    (said,) = [
        change.consequence.words for change in resource.changes(observed, lost, wanted) if change.key == "status"
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
def test_a_disk_that_is_not_the_one_that_was_meant_makes_nothing(fleet, news, spoil, said):
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    path, sha256 = disk_file(fleet.folder)
    wanted = placed(fleet, news, "lab2", restore={"from": "lab1", "disk": str(path), "sha256": sha256})
    spoil(path)

    with pytest.raises(DriverError, match=said):
        up(fleet, news, state, wanted)

    assert fleet.driver("lab2").read(news["uuid"]) is None


def test_a_restored_machine_is_as_it_is_declared_down_to_its_power(fleet, news):
    """What starts the machines of a host after its boot goes by the mark."""
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    wanted = placed(fleet, news, "lab2", restore={"from": "lab1", "empty": True}, power="suspended", order=0)

    inputs, after, _ = up(fleet, news, state, wanted)

    machine = fleet.driver("lab2").read(news["uuid"])
    assert (machine.power, machine.mark.power, machine.mark.order) == (Power.OFF, "suspended", 0)
    assert nothing_to_do(fleet, inputs, after, wanted)


def test_a_reinstallation_never_brings_back_the_disk_that_was_restored(fleet, news):
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    path, sha256 = disk_file(fleet.folder)
    restored = placed(fleet, news, "lab2", restore={"from": "lab1", "disk": str(path), "sha256": sha256})
    inputs, state, _ = up(fleet, news, state, restored)

    with pytest.raises(Refused, match="take that line away first"):
        up(fleet, inputs, state, {**restored, "reinstall": 1})
    inputs, state, words = up(fleet, inputs, state, {**placed(fleet, news, "lab2"), "reinstall": 1})

    assert any("NEW, EMPTY DISK from tiny" in line for line in words)
    machine = fleet.driver("lab2").read(news["uuid"])
    volume = fleet.driver("lab2").world.get("volumes/vps", machine.volumes["root"])
    assert news["disks"]["root"]["image"]["sha256"][:16] in volume["image"]


def test_what_another_host_keeps_in_its_trash_is_neither_made_anew_nor_its_address_given_away(fleet, news):
    _, state = fleet.resource().create(URN, {**news, "ends": "2026-11-22"})
    fleet.resource().delete(news["uuid"], state)

    for elsewhere in (
        placed(fleet, news, "lab2"),
        placed(fleet, {**news, "name": "demo-other"}, "lab2", uuid="11111111-2222-3333-4444-555555555555"),
    ):
        with pytest.raises(Refused, match="lab1 has it in its trash"):
            fleet.resource().create(URN, elsewhere)
        with pytest.raises(Refused, match="lab1 has it in its trash"):
            fleet.resource().announce(URN, elsewhere)

    assert list(fleet.driver("lab2").read_all()) == []
    fleet.driver("lab1").empty(news["uuid"], "2027-01-01", "")
    fleet.resource().create(URN, placed(fleet, news, "lab2"))
    assert fleet.holders(news["uuid"]) == ["lab2"]


def test_an_edit_gives_nobody_an_address_in_quarantine(fleet, news):
    other = {**news, "uuid": "11111111-2222-3333-4444-555555555555", "name": "demo-other", "title": "other/web1"}
    other["nics"] = {"n0": {**news["nics"]["n0"], "addresses": ["192.0.2.11/24"], "mac": "52:54:00:00:00:02"}}
    _, ended = fleet.resource().create(URN, {**other, "ends": "2026-11-22"})
    fleet.resource().delete(other["uuid"], ended)
    home = placed(fleet, news, "lab2")
    _, state = fleet.resource().create(URN, home)
    wanted = {**home, "nics": {"n0": {**home["nics"]["n0"], "addresses": ["192.0.2.11/24"]}}}

    for act in (
        lambda: up(fleet, home, state, wanted),
        lambda: fleet.resource().preview_update(state, wanted, fleet.resource().changes(home, state, wanted)),
    ):
        with pytest.raises(Refused, match=r"192\.0\.2\.11 is in quarantine: it belonged to other/web1"):
            act()
    assert fleet.driver("lab2").read(news["uuid"]).addresses == {"n0": ("192.0.2.10/24",)}

    fleet.driver("lab1").empty(other["uuid"], "2027-01-01", "")
    up(fleet, home, state, wanted)
    assert fleet.driver("lab2").read(news["uuid"]).addresses == {"n0": ("192.0.2.11/24",)}


def test_a_preview_of_a_machine_that_another_host_holds_is_refused_too(fleet, news):
    fleet.resource().create(URN, news)
    with pytest.raises(Refused, match="lab1 holds it already"):
        fleet.resource().announce(URN, placed(fleet, news, "lab2"))
    fleet.silence("lab1")
    assert "could not look" in fleet.resource().announce(URN, placed(fleet, news, "lab2"))


def test_an_end_finds_the_machine_where_an_earlier_run_brought_it(fleet, news):
    _, state = fleet.resource().create(URN, {**news, "ends": "2026-11-22"})
    wanted = placed(fleet, news, "lab2", move={"from": "lab1", "live": False}, ends="2026-11-22")
    up(fleet, {**news, "ends": "2026-11-22"}, state, wanted)

    words = fleet.resource().delete(news["uuid"], state)

    assert "in the trash of lab2" in words
    assert fleet.holders(news["uuid"]) == []
    assert [found.why for found in fleet.driver("lab2").read_trash()] == ["ended"]


def test_a_leftover_restore_line_makes_nothing_that_state_never_lost(fleet, news):
    with pytest.raises(Refused, match="Remove the line `restore:`"):
        fleet.resource().create(URN, {**news, "restore": {"from": "lab2", "empty": True}})

    assert fleet.holders(news["uuid"]) == []


def test_a_host_that_is_declared_lost_and_answers_keeps_what_it_holds(fleet, news):
    """The declaration is false: a restore elsewhere would be a second running copy."""
    _, state = fleet.resource().create(URN, news)
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    wanted = placed(fleet, news, "lab2", restore={"from": "lab1", "empty": True})
    moved = placed(fleet, news, "lab2", move={"from": "lab1", "live": False})

    for intent in (wanted, moved):
        with pytest.raises(Refused, match=r"yet it answers and holds example-coop/web1.*vps host return lab1"):
            up(fleet, news, state, intent)
        resource = fleet.resource()
        _, after, inputs = resource.read(news["uuid"], URN, state, news)
        with pytest.raises(Refused, match="vps host return lab1"):
            resource.preview_update(after, intent, resource.changes(inputs, after, intent))
    with pytest.raises(Refused, match="vps host return lab1"):
        fleet.resource().create(URN, placed(fleet, news, "lab2"))
    # State of a run that found it silent, and it is back before the next act.
    lost = {**state, "status": facts.LOST}
    with pytest.raises(Refused, match="vps host return lab1"):
        fleet.resource().update(news["uuid"], URN, lost, wanted, fleet.resource().changes(news, lost, wanted))

    assert fleet.holders(news["uuid"]) == ["lab1"]
    assert nothing_to_do(fleet, news, state, news)
    assert any("vps host return lab1" in line for line in fleet.said)
    fleet.silence("lab1")
    up(fleet, news, state, wanted)
    assert fleet.driver("lab2").read(news["uuid"]).power is Power.RUNNING


def test_a_stale_copy_on_a_host_that_is_back_does_not_hold_up_the_next_restore(fleet, news):
    """It is off and of an incarnation before the restore; one that runs is a second life."""
    _, state = fleet.resource().create(URN, news)
    fleet.silence("lab1")
    fleet.lost["lab1"] = "2026-11-22 10:00 UTC"
    inputs, state, _ = up(fleet, news, state, placed(fleet, news, "lab2", restore={"from": "lab1", "empty": True}))
    fleet.speak("lab1")
    (fleet.folder / f"lab2/world/domains/{news['uuid']}.json").unlink()
    shutil.rmtree(fleet.folder / "lab2/world/volumes")
    again = placed(fleet, news, "lab2", restore={"from": "lab2", "empty": True})
    with pytest.raises(Refused, match="vps host return lab1"):
        up(fleet, inputs, state, again)
    fleet.driver("lab1").world.change("domains", news["uuid"], power="off", live={})

    up(fleet, inputs, state, again)

    assert fleet.driver("lab2").read(news["uuid"]).power is Power.RUNNING
