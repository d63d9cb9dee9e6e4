"""The machine resource over the fake driver: every rule of identity, without an engine."""

import copy
import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from components.domain.changes import Effect
from components.drivers.base import Driver, HostRef, Machine, Phase, Power
from components.drivers.errors import DriverError, NotOurs, Refused
from components.provider.machine import MachineResource, PartlyCreated
from components.provider.properties import Bag

URN = "urn:pulumi:client.example-coop::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"
TODAY = dt.date(2026, 12, 1)


@pytest.fixture
def resource(driver: Driver) -> MachineResource:
    return MachineResource(lambda _: driver, lambda: TODAY)


def _world(host: HostRef) -> Path:
    return Path(host.uri.removeprefix("fake://"))


def _disks(host: HostRef) -> dict[str, dict[str, object]]:
    folder = _world(host) / "volumes" / "vps"
    found = {path.name: json.loads(path.read_text()) for path in folder.glob("*root*")}
    assert found, f"no disk in {folder}"
    return found


def _volumes(host: HostRef) -> dict[str, str]:
    found = {path.name: path.read_text() for path in (_world(host) / "volumes" / "vps").iterdir()}
    assert len(found) == 2, f"a disk and a seed were to be found, not {sorted(found)}"
    return found


def _machine(driver: Driver, news: Bag) -> Machine:
    found = driver.read(news["uuid"])
    assert found is not None
    return found


def _behind_the_file(host: HostRef, news: Bag, change: Callable[[Bag], object]) -> None:
    """Change the machine on its host, as somebody there could."""
    path = _world(host) / "domains" / f"{news['uuid']}.json"
    domain = json.loads(path.read_text())
    change(domain)
    path.write_text(json.dumps(domain))


def _fail(host: HostRef, step: str) -> None:
    (_world(host) / "faults.json").write_text(json.dumps([{"step": step, "do": "fail", "times": 1}]))


def _interrupted(resource: MachineResource, host: HostRef, news: Bag, step: str) -> Bag:
    """The state of a creation that stopped before `step`."""
    _fail(host, step)
    with pytest.raises(PartlyCreated) as caught:
        resource.create(URN, news)
    return caught.value.state


def _up(resource: MachineResource, state: Bag, old: Bag, news: Bag) -> Bag:
    changes = resource.changes(old, state, news)
    return resource.update(state["uuid"], URN, state, news, changes)


def test_create_reports_declared_configured_and_effective(resource: MachineResource, news: Bag) -> None:
    """State holds what was read back, limit by limit, with its source."""
    identity, state = resource.create(URN, news)
    assert identity == news["uuid"]
    row = state["limits"]["disks.root.iops"]
    assert (row["declared"], row["configured"], row["effective"]) == (1000, 1000, 1000)
    assert row["source"]
    assert state["observedPower"] == Power.RUNNING
    assert state["phase"] == Phase.READY


def test_state_holds_no_rendered_text(resource: MachineResource, news: Bag) -> None:
    """Digest and values, never the user-data: a template edit must not touch machines."""
    _, state = resource.create(URN, news)
    assert "#cloud-config" not in json.dumps(state)
    assert len(state["seedDigest"]) == 64


def test_replacement_leaves_machine_and_disk_untouched(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Create-then-delete, as the engine replaces: the second create takes over, the delete finds a stranger."""
    _, old = resource.create(URN, news)
    disks = _disks(host)
    _, new = resource.create(URN, news)
    words = resource.delete(news["uuid"], old)
    assert "not ours any more" in words
    assert new["incarnation"] != old["incarnation"]
    assert _disks(host) == disks
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.power is Power.RUNNING


def test_another_urn_is_refused(resource: MachineResource, host: HostRef, news: Bag) -> None:
    """A renamed component must not seize a finished machine."""
    resource.create(URN, news)
    disks = _disks(host)
    with pytest.raises(NotOurs, match="belongs to"):
        resource.create(URN.replace("v-h3k9", "v-zzzz"), news)
    assert _disks(host) == disks


@pytest.mark.parametrize(("ends", "words"), [("", "no end is declared"), ("2026-12-02", "declared end is 2026-12-02")])
def test_delete_without_a_reached_end_is_refused(
    resource: MachineResource, driver: Driver, news: Bag, ends: str, words: str
) -> None:
    """Deleting lines never ends a VPS."""
    _, state = resource.create(URN, {**news, "ends": ends})
    with pytest.raises(Refused, match=words):
        resource.delete(news["uuid"], state)
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.power is Power.RUNNING


def test_reached_end_sends_the_disk_to_the_trash(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """The disk is kept: an end is not a loss."""
    _, state = resource.create(URN, {**news, "ends": "2026-12-01"})
    resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert all(disk["trash"] for disk in _disks(host).values())


def test_vanished_machine_stays_in_state_and_is_never_made_anew(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Gone is not deleted."""
    _, state = resource.create(URN, news)
    (_world(host) / "domains" / f"{news['uuid']}.json").unlink()
    identity, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert identity == news["uuid"]
    assert seen["status"] == "missing"
    assert [change.key for change in resource.changes(inputs, seen, news)] == ["status"]
    with pytest.raises(Refused, match="never created empty again"):
        _up(resource, seen, inputs, news)
    assert driver.read(news["uuid"]) is None


def test_refresh_shows_a_changed_limit(resource: MachineResource, driver: Driver, host: HostRef, news: Bag) -> None:
    """A limit changed behind the file comes back as an observed input."""
    _, state = resource.create(URN, news)
    path = _world(host) / "domains" / f"{news['uuid']}.json"
    domain = json.loads(path.read_text())
    domain["config"]["cpuCapPercent"] = domain["live"]["cpuCapPercent"] = 50
    path.write_text(json.dumps(domain))
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs["cpuCapPercent"] == 50
    changes = resource.changes(inputs, seen, news)
    assert [change.key for change in changes] == ["cpuCapPercent"]
    assert "150 %" in changes[0].consequence.words
    mended = _up(resource, seen, inputs, news)
    assert mended["limits"]["cpuCapPercent"]["effective"] == 150


def test_refresh_without_drift_has_no_changes(resource: MachineResource, news: Bag) -> None:
    """Noise would blind the operator."""
    _, state = resource.create(URN, news)
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs == news
    assert resource.changes(inputs, seen, news) == []


def test_memory_waits_for_a_reboot_and_says_so(resource: MachineResource, news: Bag) -> None:
    """The forecast and the fact agree."""
    _, state = resource.create(URN, news)
    more = {**news, "memoryMib": 4096}
    changes = resource.changes(news, state, more)
    predicted = resource.preview_update(state, more, changes)
    assert predicted["rebootRequired"] == ["memoryMib"]
    after = resource.update(news["uuid"], URN, state, more, changes)
    assert after["rebootRequired"] == ["memoryMib"]
    assert after["limits"]["memoryMib"]["effective"] == 2048


def test_growth_inside_the_room_is_live_in_forecast_and_fact(resource: MachineResource, news: Bag) -> None:
    """What the guest was booted with is read from the host, not from what is declared now."""
    roomy = {**news, "grows": {"vcpus": 4, "memoryMib": 4096}}
    _, state = resource.create(URN, roomy)
    assert state["room"] == {"vcpus": 4, "memoryMib": 4096}
    more = {**roomy, "memoryMib": 4096, "vcpus": 4, "grows": {"vcpus": 8, "memoryMib": 8192}}
    changes = resource.changes(roomy, state, more)
    words = {change.key: change.consequence.words for change in changes}
    assert "live, inside the room" in words["memoryMib"]
    assert "live, inside the room" in words["vcpus"]
    assert "from its next boot on" in words["grows.vcpus"]
    assert resource.preview_update(state, more, changes)["rebootRequired"] == []
    after = resource.update(news["uuid"], URN, state, more, changes)
    assert after["rebootRequired"] == []
    assert after["limits"]["memoryMib"]["effective"] == 4096
    assert after["room"] == {"vcpus": 4, "memoryMib": 4096}
    again = resource.changes(more, after, {**more, "vcpus": 8})
    assert "booted with no room" in again[0].consequence.words


@pytest.mark.parametrize(
    ("key", "value"),
    [("reinstall", 2), ("uuid", "0f6b2a52-7c1d-5e0a-9a44-000000000000"), ("pool", "other"), ("fleet", "x2")],
)
def test_dangerous_changes_are_refused_whole(
    resource: MachineResource, driver: Driver, news: Bag, key: str, value: object
) -> None:
    """One refused key refuses the update: nothing is half-applied."""
    _, state = resource.create(URN, news)
    before = driver.read(news["uuid"])
    with pytest.raises(Refused):
        _up(resource, state, news, {**news, key: value, "cpuCapPercent": 200})
    assert driver.read(news["uuid"]) == before


def test_a_disk_never_shrinks(resource: MachineResource, news: Bag) -> None:
    """Known before anything happens, and refused when it does."""
    _, state = resource.create(URN, news)
    less = copy.deepcopy(news)
    less["disks"]["root"]["sizeGib"] = 5
    changes = resource.changes(news, state, less)
    assert "never shrinks" in changes[0].consequence.words
    with pytest.raises(Refused, match="never shrinks"):
        resource.preview_update(state, less, changes)
    with pytest.raises(Refused, match="never shrinks"):
        resource.update(news["uuid"], URN, state, less, changes)


def test_a_key_edit_is_recorded_and_touches_nothing(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """cloud-init never runs again by accident: machine, disk and seed are as they were, only our write is counted."""
    _, state = resource.create(URN, news)
    before, volumes = _machine(driver, news), _volumes(host)
    changed = copy.deepcopy(news)
    changed["seed"]["values"]["fqdn"] = "www.coop.example"
    after = _up(resource, state, news, changed)
    assert after["seedDigest"] == state["seedDigest"]
    assert after["seed"]["values"]["fqdn"] == "www.coop.example"
    machine = _machine(driver, news)
    assert before.mark is not None
    assert machine.mark == dataclasses.replace(before.mark, revision=before.mark.revision + 1)
    assert dataclasses.replace(machine, mark=None) == dataclasses.replace(before, mark=None)
    assert _volumes(host) == volumes


@pytest.mark.parametrize("step", ["create.disk", "create.seed", "create.start", "create.ready"])
def test_half_made_machine_is_kept_in_state_and_taken_up(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, step: str
) -> None:
    """A failed create keeps what was made; the next run goes on there."""
    (_world(host) / "faults.json").write_text(json.dumps([{"step": step, "do": "fail", "times": 1}]))
    with pytest.raises(PartlyCreated) as caught:
        resource.create(URN, news)
    state = caught.value.state
    assert state["phase"] in (Phase.CREATING, Phase.STARTING)
    assert [change.key for change in resource.changes(news, state, news)] == ["phase"]
    after = _up(resource, state, news, news)
    assert after["phase"] == Phase.READY
    assert len(_disks(host)) == 1
    assert len(driver.read_all()) == 1


def test_power_is_declared_only_for_stopped_and_suspended(resource: MachineResource, driver: Driver, news: Bag) -> None:
    """A machine that its client shut down stays down through any update."""
    _, state = resource.create(URN, news)
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.mark is not None
    driver.power(news["uuid"], "off", machine.mark)
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert resource.changes(inputs, seen, news) == []
    after = _up(resource, seen, inputs, {**news, "cpuCapPercent": 100})
    assert after["observedPower"] == Power.OFF


def test_import_is_refused_in_words(resource: MachineResource, news: Bag) -> None:
    """The engine's import knows the id alone."""
    with pytest.raises(Refused, match="vps adopt HOST"):
        resource.read(news["uuid"], URN, {}, {})


def test_template_of_another_checkout_is_refused(resource: MachineResource, news: Bag) -> None:
    """Program and plugin must render the same text."""
    news["seed"]["templateDigest"] = "0" * 64
    with pytest.raises(Exception, match="one checkout"):
        resource.create(URN, news)


def test_a_run_killed_inside_a_replacement_is_no_stranger(resource: MachineResource, news: Bag) -> None:
    """The host carries the new incarnation, state the old one: the next refresh learns it."""
    _, old = resource.create(URN, news)
    _, lost = resource.create(URN, news)
    _, seen, inputs = resource.read(news["uuid"], URN, old, news)
    assert seen["status"] == "present"
    assert seen["incarnation"] == lost["incarnation"]
    assert resource.changes(inputs, seen, news) == []
    _, stranger, _ = resource.read(news["uuid"], URN.replace("h3k9", "zzzz"), old, news)
    assert stranger["status"] != "present"


def test_a_take_over_that_cannot_finish_is_kept_in_state(resource: MachineResource, news: Bag) -> None:
    """Otherwise the next run would take the machine for somebody else's."""
    resource.create(URN, news)
    less = copy.deepcopy(news)
    less["disks"]["root"]["sizeGib"] = 5
    with pytest.raises(PartlyCreated, match="shrink") as caught:
        resource.create(URN, less)
    _, seen, _ = resource.read(news["uuid"], URN, caught.value.state, news)
    assert seen["status"] == "present"


def test_power_declared_while_creation_is_taken_up_is_not_lost(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Both the rest of the creation and the new wish happen."""
    (_world(host) / "faults.json").write_text(json.dumps([{"step": "create.ready", "do": "fail", "times": 1}]))
    with pytest.raises(PartlyCreated) as caught:
        resource.create(URN, news)
    after = _up(resource, caught.value.state, news, {**news, "power": "suspended"})
    assert after["observedPower"] == Power.OFF
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.power is Power.OFF


def test_delete_believes_the_host_not_a_stale_state(resource: MachineResource, driver: Driver, news: Bag) -> None:
    """State says creating, the host says delivered: without a reached end nothing is touched."""
    _, state = resource.create(URN, news)
    with pytest.raises(Refused, match="no end is declared"):
        resource.delete(news["uuid"], {**state, "phase": "creating"})
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.power is Power.RUNNING


def test_an_interrupted_end_is_named_and_not_resumed_as_a_creation(resource: MachineResource, news: Bag) -> None:
    """Its own words, and nothing else happens."""
    _, state = resource.create(URN, news)
    changes = resource.changes(news, {**state, "phase": "ending"}, news)
    assert [change.key for change in changes] == ["phase"]
    with pytest.raises(Refused, match="declare its `ends:` again"):
        resource.update(news["uuid"], URN, {**state, "phase": "ending"}, news, changes)


def test_a_lost_disk_is_damage_and_nothing_is_made_anew(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Seen by refresh, refused by up."""
    _, state = resource.create(URN, news)
    for path in (_world(host) / "volumes" / "vps").glob("*root*"):
        path.unlink()
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert seen["status"] == "a disk is gone"
    with pytest.raises(Refused, match="never made anew"):
        _up(resource, seen, inputs, news)


def test_a_removed_limit_is_drift(resource: MachineResource, host: HostRef, news: Bag) -> None:
    """No limit is not unknown: the client gets more than was sold."""
    _, state = resource.create(URN, news)
    path = _world(host) / "domains" / f"{news['uuid']}.json"
    domain = json.loads(path.read_text())
    del domain["config"]["cpuCapPercent"], domain["live"]["cpuCapPercent"]
    path.write_text(json.dumps(domain))
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs["cpuCapPercent"] == 0
    assert [change.key for change in resource.changes(inputs, seen, news)] == ["cpuCapPercent"]


@pytest.mark.parametrize("power", ["stopped", "suspended"])
def test_a_machine_declared_down_is_made_and_not_started(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, power: str
) -> None:
    """Whole and delivered, but nobody ever ran it; its declaration is met, so nothing is left to do."""
    down = {**news, "power": power}
    _, state = resource.create(URN, down)
    assert (state["phase"], state["observedPower"]) == (Phase.READY, Power.OFF)
    assert _machine(driver, news).power is Power.OFF
    assert json.loads((_world(host) / "domains" / f"{news['uuid']}.json").read_text())["boots"] == 0
    _, seen, inputs = resource.read(news["uuid"], URN, state, down)
    assert resource.changes(inputs, seen, down) == []


@pytest.mark.parametrize("down", ["stopped", "suspended"])
def test_power_follows_the_declaration(resource: MachineResource, driver: Driver, news: Bag, down: str) -> None:
    """managed -> down -> managed, and the host is asked what became of it."""
    _, state = resource.create(URN, news)
    stopped = {**news, "power": down}
    state = _up(resource, state, news, stopped)
    assert state["observedPower"] == Power.OFF
    assert _machine(driver, news).power is Power.OFF
    state = _up(resource, state, stopped, news)
    assert state["observedPower"] == Power.RUNNING
    assert _machine(driver, news).power is Power.RUNNING
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert seen["revision"] == state["revision"]
    assert resource.changes(inputs, seen, news) == []


def test_a_take_over_brings_the_limits_to_the_file(resource: MachineResource, driver: Driver, news: Bag) -> None:
    """State was lost and the file went on: one run later the machine has what is sold today, and is the same one."""
    resource.create(URN, news)
    more = copy.deepcopy({**news, "cpuCapPercent": 200, "memoryMib": 4096})
    more["disks"]["root"] |= {"sizeGib": 20, "iops": 2000}
    more["nics"]["n0"]["rateMbitS"] = 200
    _, state = resource.create(URN, more)
    wanted = resource.model.model_validate(more).spec().limits()
    assert {key: reading.configured for key, reading in _machine(driver, news).readings.items()} == wanted
    assert {key: row["configured"] for key, row in state["limits"].items()} == wanted
    assert state["limits"]["disks.root.iops"]["effective"] == 2000
    assert state["rebootRequired"] == ["memoryMib"]
    _, seen, inputs = resource.read(news["uuid"], URN, state, more)
    assert resource.changes(inputs, seen, more) == []


def test_a_take_over_of_a_machine_as_declared_changes_its_mark_alone(
    resource: MachineResource, driver: Driver, news: Bag
) -> None:
    """Nothing to converge: one write."""
    resource.create(URN, news)
    before = _machine(driver, news)
    resource.create(URN, news)
    after = _machine(driver, news)
    assert before.mark is not None
    assert after.mark is not None
    assert after.mark.revision == before.mark.revision + 1
    assert dataclasses.replace(after, mark=None) == dataclasses.replace(before, mark=None)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("mac", "52:54:00:00:00:99", "identity"), ("attach", "network:other", "only by a move")],
)
def test_another_mac_or_network_is_seen_and_refused(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, key: str, value: str, words: str
) -> None:
    """Somebody rewired the machine behind the file: shown by its name, and left for people to judge."""
    _, state = resource.create(URN, news)
    _behind_the_file(host, news, lambda domain: domain["nics"]["n0"].update({key: value}))
    before = _machine(driver, news)
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs["nics"]["n0"][key] == value
    assert [change.key for change in resource.changes(inputs, seen, news)] == [f"nics.n0.{key}"]
    with pytest.raises(Refused, match=words):
        _up(resource, seen, inputs, news)
    assert _machine(driver, news) == before


@pytest.mark.parametrize("notes_us", [True, False], ids=["noting us", "noting nobody"])
@pytest.mark.parametrize(
    "theirs",
    [
        {"urn": "urn:pulumi:client.other::aegir-vps::vps:index:Machine::v-h3k9-machine"},
        {"backend": "b2"},
        {"fleet": "other"},
    ],
    ids=["another URN", "another backend", "another fleet"],
)
def test_a_machine_that_a_stranger_took_over_is_not_ours_any_more(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, theirs: Bag, notes_us: bool
) -> None:
    """Told as not present, and no update touches it, even where the stranger notes whose it was (`previous`)."""
    _, state = resource.create(URN, news)
    mark = {**theirs, "incarnation": "theirs", "previous": state["incarnation"] if notes_us else ""}
    _behind_the_file(host, news, lambda domain: domain["mark"].update(mark))
    before = _machine(driver, news)
    assert before.mark is not None
    assert before.mark.incarnation == "theirs"
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert seen["status"] == "not ours any more"
    assert seen["incarnation"] == state["incarnation"]
    assert [change.key for change in resource.changes(inputs, seen, news)] == ["status"]
    with pytest.raises(Refused, match="somebody else took it over"):
        _up(resource, seen, inputs, {**news, "cpuCapPercent": 200})
    with pytest.raises(NotOurs):
        resource.update(news["uuid"], URN, state, news, [])
    assert _machine(driver, news) == before


def _break_off_the_end(resource: MachineResource, host: HostRef, news: Bag) -> Bag:
    """The state of a machine whose reached end was interrupted after it began."""
    _, state = resource.create(URN, {**news, "ends": "2026-12-01"})
    _fail(host, "delete.trash")
    with pytest.raises(DriverError):
        resource.delete(news["uuid"], state)
    _, seen, _ = resource.read(news["uuid"], URN, state, {**news, "ends": "2026-12-01"})
    assert seen["phase"] == Phase.ENDING
    return seen


@pytest.mark.parametrize("ends", ["", "2026-12-02"])
def test_an_end_that_began_goes_on_only_with_a_reached_end(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, ends: str
) -> None:
    """Who withdrew the end meanwhile, means it."""
    state = _break_off_the_end(resource, host, news)
    with pytest.raises(Refused, match="Unable to end"):
        resource.delete(news["uuid"], {**state, "ends": ends})
    assert _machine(driver, news).mark is not None
    assert not any(disk["trash"] for disk in _disks(host).values())


def test_an_end_that_began_is_finished(resource: MachineResource, driver: Driver, host: HostRef, news: Bag) -> None:
    """kill -9 in the middle of an end: the next run finishes it, the disk is in the trash."""
    state = _break_off_the_end(resource, host, news)
    assert "in the trash" in resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert all(disk["trash"] for disk in _disks(host).values())


@pytest.mark.parametrize("step", ["create.start", "create.ready"])
def test_what_was_starting_may_have_run_so_its_disk_is_kept(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, step: str
) -> None:
    """Never delivered, so no end needs to be declared; but its guest may have written already."""
    state = _interrupted(resource, host, news, step)
    assert state["phase"] == Phase.STARTING
    resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert all(disk["trash"] for disk in _disks(host).values())


def test_what_was_creating_goes_with_its_volumes(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Nothing of the client was ever on them."""
    state = _interrupted(resource, host, news, "create.seed")
    assert state["phase"] == Phase.CREATING
    assert _disks(host)
    assert "never delivered" in resource.delete(news["uuid"], state)
    assert driver.read(news["uuid"]) is None
    assert list((_world(host) / "volumes" / "vps").iterdir()) == []


@pytest.mark.parametrize(
    ("step", "phase"), [("create.seed", Phase.CREATING), ("create.start", Phase.STARTING)], ids=["creating", "starting"]
)
def test_only_what_was_creating_may_vanish(
    resource: MachineResource, host: HostRef, news: Bag, step: str, phase: Phase
) -> None:
    """A machine that may have run is missing; one that never could is simply made again."""
    state = _interrupted(resource, host, news, step)
    assert state["phase"] == phase
    (_world(host) / "domains" / f"{news['uuid']}.json").unlink()
    identity, seen, inputs = resource.read(news["uuid"], URN, state, news)
    if phase is Phase.CREATING:
        assert (identity, seen, inputs) == ("", {}, {})
        return
    assert (identity, seen["status"]) == (news["uuid"], "missing")
    with pytest.raises(Refused, match="never created empty again"):
        _up(resource, seen, inputs, news)


def test_a_take_over_brings_a_machine_down_that_is_declared_down(
    resource: MachineResource, driver: Driver, news: Bag
) -> None:
    """State was lost, the file says suspended, the host still runs it."""
    resource.create(URN, news)
    _, state = resource.create(URN, {**news, "power": "suspended"})
    assert state["observedPower"] == Power.OFF
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.power is Power.OFF


@pytest.mark.parametrize("power", ["managed", "stopped", "suspended"])
def test_a_machine_of_the_first_release_is_no_drift_and_goes_on_as_it_is(
    resource: MachineResource, host: HostRef, news: Bag, power: str
) -> None:
    """Its inputs, mark and NICs say nothing of what came later; the next run writes that, and cuts nobody off."""
    inputs = {**news, "power": power}
    _, state = resource.create(URN, inputs)
    state = {key: value for key, value in state.items() if key not in ("room", "guarded")}

    def age(domain: Bag) -> None:
        domain["mark"] = {key: domain["mark"][key] for key in domain["mark"] if key not in ("power", "order", "move")}
        domain["nics"]["n0"].pop("antispoof")
        domain.pop("grows")
        domain.pop("room", None)

    _behind_the_file(host, news, age)
    before = _domain(host, news)
    _, state, observed = resource.read(news["uuid"], URN, state, inputs)
    assert observed == inputs
    nics = {"n0": {**news["nics"]["n0"], "antispoof": True}}
    later = {"grows": {"vcpus": 4, "memoryMib": 4096}, "order": 1, "trashDays": 30, "nics": nics}
    now = {**inputs, **later}
    changes = resource.changes(observed, state, now)
    assert {change.key for change in changes} == {
        "grows.memoryMib", "grows.vcpus", "nics.n0.antispoof", "order", "trashDays"
    }  # fmt: skip
    assert {change.consequence.effect for change in changes} <= {Effect.RECORDED, Effect.LIVE}
    after = resource.update(news["uuid"], URN, state, now, changes)
    domain = _domain(host, news)
    assert (domain["power"], domain["boots"], domain["live"]) == (before["power"], before["boots"], before["live"])
    assert (domain["mark"]["power"], after["guarded"]) == (power, {"n0": True})
    _, again, observed = resource.read(news["uuid"], URN, after, now)
    assert (again, observed) == (after, now)


def _domain(host: HostRef, news: Bag) -> Bag:
    found: Bag = json.loads((_world(host) / "domains" / f"{news['uuid']}.json").read_text())
    return found
