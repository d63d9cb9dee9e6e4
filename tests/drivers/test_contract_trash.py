"""What every driver promises of the end of a machine: its trash, its return, its destruction, its reinstallation."""

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from components.domain.names import disk_volume, seed_volume
from components.drivers.base import Phase, Power
from components.drivers.errors import Changed, DriverError, HostFull, Missing, NotOurs, Refused
from components.drivers.trash import ENDED, REINSTALLED, key_of
from tests.drivers.hosts import SEED
from tests.engine.processes import wait_until

DUE = "2026-12-31"


def make(host, driver, **changes):
    spec = host.spec(**changes)
    return spec, driver.create(spec, SEED, host.mark(spec))


def end(driver, machine, due=DUE):
    driver.delete(machine.uuid, machine.mark.incarnation, due)


def of(driver, spec):
    return [found for found in driver.read_trash() if found.uuid == spec.uuid]


def in_other_process(host, call, *arguments):
    """Run one call of a driver in a process that a fault may kill; its exit status."""
    process = multiprocessing.get_context("spawn").Process(
        target=call_here, args=(type(host), host.ref, host.faults_file, call, arguments)
    )
    process.start()
    process.join(60)
    return process.exitcode


def call_here(kind, ref, faults_file, call, arguments):
    getattr(kind.connect(ref, faults_file), call)(*arguments)
    os._exit(0)


def test_a_machine_that_is_started_in_the_midst_of_its_end_is_not_forgotten_while_it_runs(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "delete.undefine", "do": "delay", "seconds": 4, "times": 1})
    with ThreadPoolExecutor(1) as aside:
        ending = aside.submit(end, driver, machine)
        wait_until(lambda: of(driver, spec), "nothing came into the trash")
        host.start_by_hand(spec)
        with pytest.raises(Refused, match="somebody started it again"):
            ending.result(30)

    assert driver.read(spec.uuid).power is Power.RUNNING
    end(driver, machine)
    assert driver.read(spec.uuid) is None
    assert set(of(driver, spec)[0].volumes.values()) == host.volume_names(spec)


# --- in the trash ---------------------------------------------------------------------------------------------------


def test_the_trash_tells_everything_that_brings_a_machine_back(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)

    (found,) = of(driver, spec)

    assert (found.key, found.name, found.title, found.why) == (spec.uuid, spec.name, spec.title, ENDED)
    assert found.mark.urn == machine.mark.urn
    assert found.addresses == ("192.0.2.10/24",)
    assert found.macs == (spec.nics["n0"].mac,)
    assert set(found.volumes.values()) == host.volume_names(spec)
    assert (found.size_gib, found.due, found.in_use, found.lost) == (1, DUE, False, ())
    assert found.ended[:4].isdigit()


def test_what_an_older_release_wrote_is_read_too(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.age_trash_record(spec)

    (found,) = of(driver, spec)

    assert (found.title, found.addresses, found.due) == (spec.title, ("192.0.2.10/24",), "")
    assert found.macs == (spec.nics["n0"].mac,)
    assert found.size_gib == 1
    assert driver.restore(spec.uuid).mark.phase is Phase.STARTING


def test_an_address_in_quarantine_is_refused_to_others(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    other = host.spec()

    with pytest.raises(
        Refused, match=r"192\.0\.2\.10 is in quarantine: it belonged to .*may come back until 2026-12-31"
    ):
        driver.create(other, SEED, host.mark(other))
    assert driver.read(other.uuid) is None

    driver.empty(spec.uuid, DUE, "")
    assert driver.create(other, SEED, host.mark(other)).power is Power.RUNNING


def test_a_machine_that_ended_is_not_made_anew_empty(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    before = host.volumes(spec)

    with pytest.raises(Refused, match="vps trash restore"):
        driver.create(spec, SEED, host.mark(spec))
    assert host.volumes(spec) == before


# --- coming back ----------------------------------------------------------------------------------------------------


def test_a_client_who_returns_gets_the_same_machine(host, driver):
    spec, machine = make(host, driver)
    before = host.volumes(spec)
    end(driver, machine)

    back = driver.restore(spec.uuid)

    assert (back.uuid, back.name, back.power) == (machine.uuid, machine.name, Power.OFF)
    assert (back.mark.phase, back.mark.incarnation) == (Phase.STARTING, machine.mark.incarnation)
    assert (back.macs, back.addresses, back.attach) == (machine.macs, machine.addresses, machine.attach)
    assert {key: one.configured for key, one in back.readings.items()} == spec.limits()
    assert of(driver, spec) == []
    assert driver.restore(spec.uuid) == back

    again = driver.create(spec, SEED, host.mark(spec, incarnation="later"))

    assert (again.mark.phase, again.mark.incarnation, again.power) == (Phase.READY, "later", Power.RUNNING)
    assert host.volumes(spec) == before


@pytest.mark.parametrize("step", ["restore.define", "restore.forget"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_restore_is_finished_by_the_next(host, driver, step, when):
    spec, machine = make(host, driver)
    before = host.volumes(spec)
    end(driver, machine)
    host.fault({"step": step, "do": "kill", "when": when})
    assert in_other_process(host, "restore", spec.uuid) == -9

    back = driver.restore(spec.uuid)

    assert host.names_like(spec) == [spec.uuid]
    assert (back.mark.phase, back.power) == (Phase.STARTING, Power.OFF)
    assert of(driver, spec) == []
    assert host.volumes(spec) == before


def test_a_restore_half_way_is_taken_over_and_its_record_destroys_nothing(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.fault({"step": "restore.forget", "do": "fail"})
    with pytest.raises(DriverError):
        driver.restore(spec.uuid)
    driver.create(spec, SEED, host.mark(spec, incarnation="later"))

    (found,) = of(driver, spec)
    assert found.in_use
    with pytest.raises(Refused, match="its machine is there again"):
        driver.empty(spec.uuid, "2099-01-01", "")
    assert set(host.volumes(spec)) == host.volume_names(spec)

    assert driver.restore(spec.uuid).mark.incarnation == "later"
    assert of(driver, spec) == []


def test_what_others_have_now_is_not_taken_back(host, driver):
    spec, machine = make(host, driver)
    driver.delete(machine.uuid, machine.mark.incarnation, DUE)
    other = host.spec(nics={"n0": replace(host.spec().nics["n0"], addresses=("192.0.2.77/24",))})
    taker = driver.create(other, SEED, host.mark(other))
    moved = replace(other, nics={"n0": replace(other.nics["n0"], addresses=("192.0.2.10/24",))})
    driver.update(moved, taker.mark)

    with pytest.raises(Refused, match=f"192\\.0\\.2\\.10 belongs to {other.name} now"):
        driver.restore(spec.uuid)
    assert driver.read(spec.uuid) is None
    assert of(driver, spec)


def test_a_name_that_is_taken_or_a_volume_that_is_gone_is_said(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.lose_disk(spec)
    (found,) = of(driver, spec)
    assert found.lost == (disk_volume(spec.name, spec.uuid, "root"),)
    with pytest.raises(Missing, match="is gone from pool vps"):
        driver.restore(spec.uuid)

    host.stranger(spec)
    with pytest.raises((NotOurs, Refused)):
        driver.restore(spec.uuid)


def test_nothing_of_that_key_is_said(host, driver):
    with pytest.raises(Missing, match="its trash holds no"):
        driver.restore(host.spec().uuid)
    driver.empty(host.spec().uuid, "2099-01-01", "")


def test_a_restore_needs_the_hosts_memory(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.fault({"step": "restore.admit", "do": "full"})

    with pytest.raises(HostFull):
        driver.restore(spec.uuid)
    assert driver.read(spec.uuid) is None


# --- destroying -----------------------------------------------------------------------------------------------------


def test_only_what_is_due_is_destroyed(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)

    with pytest.raises(Refused, match="it is kept until 2026-12-31"):
        driver.empty(spec.uuid, "2026-12-30", "2026-01-01")
    assert set(host.volumes(spec)) == host.volume_names(spec)

    driver.empty(spec.uuid, DUE, "")
    driver.empty(spec.uuid, DUE, "")
    assert host.volumes(spec) == {}
    assert of(driver, spec) == []


def test_without_a_day_in_its_record_the_callers_counts(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine, due="")

    for due in ("", "2027-01-01"):
        with pytest.raises(Refused, match="it is kept until"):
            driver.empty(spec.uuid, "2026-12-31", due)
    driver.empty(spec.uuid, "2027-01-01", "2027-01-01")
    assert host.volumes(spec) == {}


@pytest.mark.parametrize("step", ["empty.volume", "empty.record"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_emptying_is_finished_by_the_next(host, driver, step, when):
    spec, machine = make(host, driver)
    end(driver, machine)
    host.fault({"step": step, "do": "kill", "when": when})
    assert in_other_process(host, "empty", spec.uuid, DUE, "") == -9

    driver.empty(spec.uuid, DUE, "")

    assert host.volumes(spec) == {}
    assert of(driver, spec) == []


# --- reinstalling ---------------------------------------------------------------------------------------------------

STEPS = ("reinstall.admit", "reinstall.stop", "reinstall.trash", "reinstall.detach", "create.disk", "create.seed")
STEPS += ("create.starting", "create.start", "create.ready")
SECOND = b"another seed" * 500


def both(spec):
    names = {disk_volume(spec.name, spec.uuid, "root"), disk_volume(spec.name, spec.uuid, "root", 1)}
    return names | {seed_volume(spec.name, spec.uuid, 0), seed_volume(spec.name, spec.uuid, 1)}


def test_a_reinstalled_machine_has_a_new_disk_and_is_itself(host, driver):
    spec, machine = make(host, driver)
    before = host.volumes(spec)

    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    assert (new.uuid, new.name, new.macs, new.addresses) == (spec.uuid, spec.name, machine.macs, machine.addresses)
    assert (new.mark.phase, new.mark.reinstall, new.power) == (Phase.READY, 1, Power.RUNNING)
    assert (new.mark.incarnation, new.mark.revision) == (machine.mark.incarnation, machine.mark.revision + 1)
    assert new.volumes["root"] == disk_volume(spec.name, spec.uuid, "root", 1)
    assert {key: one.configured for key, one in new.readings.items()} == spec.limits()
    after = host.volumes(spec)
    assert set(after) == both(spec)
    assert {name: after[name] for name in before} == before
    (old,) = of(driver, spec)
    assert (old.key, old.why, old.due, old.in_use) == (key_of(spec.uuid, 0), REINSTALLED, DUE, False)
    assert old.volumes["root"] == machine.volumes["root"]


def test_the_former_disk_is_destroyed_alone_and_when_it_is_due(host, driver):
    spec, machine = make(host, driver)
    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    with pytest.raises(Refused, match="its former disk comes back as a machine only when that one has ended"):
        driver.restore(key_of(spec.uuid, 0))
    with pytest.raises(Refused, match="it is kept until"):
        driver.empty(key_of(spec.uuid, 0), "2026-12-01", "")
    driver.empty(key_of(spec.uuid, 0), DUE, "")

    assert set(host.volumes(spec)) == set(new.volumes.values())
    assert driver.read(spec.uuid) == new


def test_both_installations_of_an_ended_machine_are_in_the_trash(host, driver):
    spec, machine = make(host, driver)
    new = driver.reinstall(spec, SECOND, machine.mark, DUE)
    end(driver, new)

    assert [found.key for found in of(driver, spec)] in (
        [key_of(spec.uuid, 0), spec.uuid],
        [spec.uuid, key_of(spec.uuid, 0)],
    )
    back = driver.restore(key_of(spec.uuid, 0))
    assert (back.mark.reinstall, back.volumes) == (0, machine.volumes)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_of_a_reinstallation_the_old_disk_is_kept_and_the_next_run_ends_it(host, driver, step, when):
    spec, machine = make(host, driver)
    before = host.volumes(spec)
    host.fault({"step": step, "do": "kill", "when": when})
    assert in_other_process(host, "reinstall", spec, SECOND, machine.mark, DUE) == -9
    now = driver.read(spec.uuid)

    if now.mark.reinstall == 0:
        new = driver.reinstall(spec, SECOND, now.mark, DUE)
    else:
        new = driver.create(spec, SECOND, now.mark)

    assert host.names_like(spec) == [spec.uuid]
    assert (new.mark.phase, new.mark.reinstall, new.power) == (Phase.READY, 1, Power.RUNNING)
    after = host.volumes(spec)
    assert set(after) == both(spec)
    assert {name: after[name] for name in before} == before
    assert [found.key for found in of(driver, spec)] == [key_of(spec.uuid, 0)]


def test_a_lost_answer_is_taken_up_by_the_same_call(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "reinstall.detach", "do": "lose-answer"})
    with pytest.raises(DriverError):
        driver.reinstall(spec, SECOND, machine.mark, DUE)

    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    assert (new.mark.phase, new.mark.reinstall, new.power) == (Phase.READY, 1, Power.RUNNING)


def test_a_reinstallation_that_was_withdrawn_half_way_is_no_trash(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "reinstall.detach", "do": "fail"})
    with pytest.raises(DriverError):
        driver.reinstall(spec, SECOND, machine.mark, DUE)
    (found,) = of(driver, spec)
    assert found.in_use
    with pytest.raises(Refused):
        driver.empty(found.key, "2099-01-01", "")

    end(driver, machine)

    (found,) = of(driver, spec)
    assert (found.key, found.why) == (spec.uuid, ENDED)
    assert set(host.volumes(spec)) == host.volume_names(spec)


def test_a_lost_disk_is_made_anew_only_so(host, driver):
    spec, machine = make(host, driver)
    host.stop_by_hand(spec)
    host.lose_disk(spec)

    new = driver.reinstall(spec, SECOND, machine.mark, DUE)

    assert new.lost_disks == ()
    assert new.power is Power.RUNNING


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"incarnation": "other"}, NotOurs), ({"revision": 7}, Changed), ({"reinstall": 3}, Changed)],
)
def test_who_knows_another_machine_reinstalls_nothing(host, driver, changes, error):
    spec, machine = make(host, driver)
    before = host.volumes(spec)

    with pytest.raises(error):
        driver.reinstall(spec, SECOND, replace(machine.mark, **changes), DUE)

    assert driver.read(spec.uuid) == machine
    assert host.volumes(spec) == before


def test_without_room_or_image_nothing_is_touched(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "reinstall.admit", "do": "full"})
    with pytest.raises(HostFull):
        driver.reinstall(spec, SECOND, machine.mark, DUE)
    other = replace(spec.disks["root"], image=replace(host.image, sha256="0" * 64))
    with pytest.raises(Missing):
        driver.reinstall(replace(spec, disks={"root": other}), SECOND, machine.mark, DUE)

    assert driver.read(spec.uuid) == machine
    assert of(driver, spec) == []


def test_a_delivered_machine_that_is_half_reinstalled_ends_without_losing_its_disk(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "create.disk", "do": "fail"})
    with pytest.raises(DriverError):
        driver.reinstall(spec, SECOND, machine.mark, DUE)

    end(driver, machine)

    (found,) = of(driver, spec)
    assert found.key == key_of(spec.uuid, 0)
    assert set(host.volumes(spec)) == host.volume_names(spec)
    assert driver.restore(found.key).volumes == machine.volumes
