"""One suite for every driver: what `components.drivers.base.Driver` promises, on the fake host and on a real one."""

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from components.domain.names import image_volume
from components.drivers.base import HostRef, ImageRef, ImageSpec, Phase, PoolSpec, Power
from components.drivers.errors import (
    Changed,
    DriverError,
    HostFull,
    HostUnreachable,
    Interrupted,
    Missing,
    NotOurs,
    Refused,
)
from components.drivers.registry import connect
from tests.drivers.hosts import NETWORK, POOL, SEED
from tests.engine.processes import wait_until

STEPS = ("create.define", "create.disk", "create.seed", "create.starting", "create.start", "create.ready")


def with_disk(spec, **changes):
    return replace(spec, disks={"root": replace(spec.disks["root"], **changes)})


def with_nic(spec, **changes):
    return replace(spec, nics={"n0": replace(spec.nics["n0"], **changes)})


def make(host, driver, **changes):
    spec = host.spec(**changes)
    return spec, driver.create(spec, SEED, host.mark(spec))


# --- creation -------------------------------------------------------------------------------------------------------


def test_a_new_machine_runs_and_its_facts_are_those_declared(host, driver):
    spec = host.spec()
    mark = host.mark(spec)

    machine = driver.create(spec, SEED, mark)

    assert (machine.uuid, machine.name, machine.power) == (spec.uuid, spec.name, Power.RUNNING)
    assert machine.mark == replace(mark, phase=Phase.READY)
    assert machine.macs == {"n0": spec.nics["n0"].mac}
    assert machine.attach == {"n0": "network:public1"}
    assert machine.addresses == {"n0": spec.nics["n0"].addresses}
    assert machine.addresses["n0"]
    assert set(machine.volumes.values()) == host.volume_names(spec) == set(host.volumes(spec))
    assert machine.reboot_required == ()
    assert {key: reading.configured for key, reading in machine.readings.items()} == spec.limits()
    in_force = {key: reading.effective for key, reading in machine.readings.items()}
    if not host.enforces_nic_rates:
        rate = machine.readings["nics.n0.rateMbitS"]
        assert rate.effective is None
        assert rate.source.startswith("not enforced by this host: ")
        assert len(machine.host_notes) == 1
        in_force["nics.n0.rateMbitS"] = 100
    assert in_force == spec.limits()


def test_reading_says_the_same_as_creating(host, driver):
    spec, machine = make(host, driver)

    assert driver.read(spec.uuid) == machine


def test_a_machine_may_be_made_without_starting_it(host, driver):
    _spec, machine = make(host, driver, start=False)

    assert machine.power is Power.OFF
    assert machine.mark.phase is Phase.READY
    assert machine.readings["vcpus"].configured == 1
    assert machine.readings["vcpus"].effective is None
    assert machine.readings["vcpus"].source == "machine is off"


def test_a_whole_copy_of_the_image_has_the_declared_size(host, driver):
    _, machine = make(host, driver, disks={"root": replace(host.spec().disks["root"], standalone=True, size_gib=2)})

    assert machine.readings["disks.root.sizeGib"].configured == 2
    driver.delete_image(host.image_spec)
    driver.ensure_image(host.image_spec)


def test_what_is_not_there_is_none(host, driver):
    assert driver.read(host.spec().uuid) is None


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_the_next_run_ends_with_one_machine_and_one_disk(host, driver, step, when):
    spec = host.spec()
    mark = host.mark(spec)
    host.fault({"step": step, "do": "kill", "when": when})
    assert host.apart("create", spec, SEED, mark) == -9
    before, volumes = driver.read(spec.uuid), host.volumes(spec)

    machine = driver.create(spec, SEED, host.mark(spec, incarnation="second"))

    assert host.names_like(spec) == [spec.uuid]
    assert set(host.volumes(spec)) == host.volume_names(spec)
    assert (machine.mark.phase, machine.mark.incarnation, machine.power) == (Phase.READY, "second", Power.RUNNING)
    if before is not None and before.mark.phase is not Phase.CREATING:
        assert host.volumes(spec) == volumes


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("do", ["fail", "full", "unreachable", "lose-answer"])
def test_failed_at_any_step_the_next_run_ends_with_one_machine_and_one_disk(host, driver, step, do):
    spec = host.spec()
    mark = host.mark(spec)
    host.fault({"step": step, "do": do})
    with pytest.raises(DriverError) as raised:
        driver.create(spec, SEED, mark)
    before, volumes = driver.read(spec.uuid), host.volumes(spec)
    if step == "create.define" and do in {"fail", "full"}:
        # The host answered that nothing was made.
        assert not isinstance(raised.value, Interrupted)
        assert before is None
    else:
        assert isinstance(raised.value, Interrupted)
        known = raised.value.machine
        assert known == (None if do in {"unreachable", "lose-answer"} else before)

    machine = driver.create(spec, SEED, host.mark(spec))

    assert host.names_like(spec) == [spec.uuid]
    assert set(host.volumes(spec)) == host.volume_names(spec)
    assert (machine.mark.phase, machine.power) == (Phase.READY, Power.RUNNING)
    if before is not None and before.mark.phase is not Phase.CREATING:
        assert host.volumes(spec) == volumes


@pytest.mark.parametrize("step", ["create.claim", "read.back"])
@pytest.mark.parametrize("do", ["fail", "lose-answer"])
def test_an_answer_lost_after_a_write_says_what_is_there(host, driver, step, do):
    spec = host.spec()
    if step == "create.claim":
        driver.create(spec, SEED, host.mark(spec))
    host.fault({"step": step, "do": do})

    with pytest.raises(Interrupted) as raised:
        driver.create(spec, SEED, host.mark(spec))

    assert raised.value.machine == (None if do == "lose-answer" else driver.read(spec.uuid))


def test_a_half_made_machine_is_neither_started_nor_changed(host, driver):
    spec = host.spec()
    host.fault({"step": "create.disk", "do": "fail"})
    with pytest.raises(Interrupted) as raised:
        driver.create(spec, SEED, host.mark(spec))
    half_made = raised.value.machine

    with pytest.raises(Refused, match="has no disk yet"):
        driver.power(spec.uuid, "running", half_made.mark)
    with pytest.raises(Refused, match="has no disk yet"):
        driver.update(replace(spec, vcpus=2), half_made.mark)

    assert driver.read(spec.uuid) == half_made
    assert driver.create(spec, SEED, host.mark(spec)).mark.phase is Phase.READY


@pytest.mark.parametrize("step", ["create.disk", "create.starting"])
@pytest.mark.parametrize("still_runs", [True, False])
def test_the_disk_of_a_half_made_machine_that_somebody_started_is_never_made_anew(host, driver, step, still_runs):
    spec = host.spec()
    host.fault({"step": step, "do": "kill", "when": "before" if step == "create.starting" else "after"})
    assert host.apart("create", spec, SEED, host.mark(spec)) == -9
    half_made, volumes = driver.read(spec.uuid), host.volumes(spec)
    assert volumes
    host.start_by_hand(spec)
    if not still_runs:
        host.stop_by_hand(spec)

    with pytest.raises(Refused, match="started by somebody else"):
        driver.create(spec, SEED, host.mark(spec))
    if still_runs:
        with pytest.raises(Refused, match="somebody started it"):
            driver.delete(spec.uuid, half_made.mark.incarnation)
        host.stop_by_hand(spec)
    assert host.volumes(spec) == volumes

    driver.delete(spec.uuid, half_made.mark.incarnation)
    assert driver.read(spec.uuid) is None
    assert host.volumes(spec) == volumes


def test_a_machine_that_never_ran_is_resumed_as_it_is_declared_now(host, driver):
    spec = host.spec()
    host.fault({"step": "create.seed", "do": "fail"})
    with pytest.raises(Interrupted):
        driver.create(spec, SEED, host.mark(spec))

    machine = driver.create(replace(with_disk(spec, size_gib=2), vcpus=2), SEED, host.mark(spec))

    assert machine.readings["vcpus"].effective == 2
    assert machine.readings["disks.root.sizeGib"].effective == 2


def test_a_disk_that_is_lost_after_the_first_start_is_never_made_anew(host, driver):
    spec = host.spec()
    host.fault({"step": "create.ready", "do": "fail"})
    with pytest.raises(Interrupted):
        driver.create(spec, SEED, host.mark(spec))
    host.lose(spec)

    with pytest.raises(Refused, match="may hold the client's data"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None


def test_two_runs_at_once_make_one_machine(host):
    spec = host.spec()
    answers = []

    def run():
        own = host.driver()
        try:
            answers.append(own.create(spec, SEED, host.mark(spec)))
        except DriverError as problem:
            answers.append(problem)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 3
    machine = host.driver().create(spec, SEED, host.mark(spec))
    assert host.names_like(spec) == [spec.uuid]
    assert set(host.volumes(spec)) == host.volume_names(spec)
    assert (machine.mark.phase, machine.power, machine.lost_disks) == (Phase.READY, Power.RUNNING, ())
    assert machine.readings["disks.root.sizeGib"].effective == 1


def test_a_run_that_takes_over_while_another_attaches_the_disks_leaves_no_machine_without_them(host):
    spec = host.spec()
    host.fault(
        {"step": "create.seed", "do": "delay", "seconds": 2, "times": 1},
        {"step": "create.claim", "do": "delay", "seconds": 4, "times": 1},
    )
    with ThreadPoolExecutor(1) as aside:
        first = aside.submit(host.driver().create, spec, SEED, host.mark(spec, incarnation="first"))
        wait_until(lambda: host.driver().read(spec.uuid) is not None, "the first run defined nothing")
        second = host.driver().create(spec, SEED, host.mark(spec, incarnation="second"))
        assert isinstance(first.exception(60), NotOurs | Interrupted | None)

    machine = host.driver().read(spec.uuid)
    assert (second.mark.incarnation, machine.mark.incarnation) == ("second", "second")
    assert (machine.mark.phase, machine.power, machine.lost_disks) == (Phase.READY, Power.RUNNING, ())


# --- whose it is ----------------------------------------------------------------------------------------------------


def test_taking_over_a_delivered_machine_writes_a_new_incarnation_and_nothing_else(host, driver):
    spec, first = make(host, driver)
    volumes = host.volumes(spec)

    taken = driver.create(replace(with_disk(spec, size_gib=3), vcpus=2), b"other", host.mark(spec, incarnation="new"))

    assert taken.mark == replace(first.mark, incarnation="new", revision=2, previous=first.mark.incarnation)
    assert taken.readings == first.readings
    assert host.volumes(spec) == volumes


def test_taking_over_does_not_start_a_machine_that_its_client_shut_down(host, driver):
    spec, machine = make(host, driver)
    driver.power(spec.uuid, "off", machine.mark)

    taken = driver.create(spec, SEED, host.mark(spec))

    assert taken.power is Power.OFF
    assert taken.mark.wish == "off"


@pytest.mark.parametrize("other", [{"urn": "urn:other"}, {"fleet": "other"}, {"backend": "b2"}])
def test_a_machine_of_another_owner_is_not_touched(host, driver, other):
    spec, machine = make(host, driver)

    with pytest.raises(NotOurs, match="belongs to"):
        driver.create(spec, SEED, host.mark(spec, **other))

    assert driver.read(spec.uuid) == machine


def test_a_machine_without_a_mark_is_not_touched(host, driver):
    spec = host.spec()
    host.stranger(spec)

    with pytest.raises(NotOurs, match="without our mark"):
        driver.create(spec, SEED, host.mark(spec))
    with pytest.raises(NotOurs):
        driver.update(spec, host.mark(spec))
    with pytest.raises(NotOurs):
        driver.delete(spec.uuid, "any")

    assert driver.read(spec.uuid).mark is None
    assert host.volumes(spec) == {}
    assert spec.uuid not in [machine.uuid for machine in driver.read_all()]


def test_another_machine_of_that_name_is_not_touched(host, driver):
    first, machine = make(host, driver)
    second = host.spec(name=first.name)

    with pytest.raises(NotOurs, match="another machine of that name"):
        driver.create(second, SEED, host.mark(second))

    assert driver.read(second.uuid) is None
    assert driver.read(first.uuid) == machine


def test_a_volume_without_its_machine_is_never_overwritten(host, driver):
    spec = host.spec()
    host.add_volume(min(host.volume_names(spec)))
    volumes = host.volumes(spec)

    with pytest.raises(Refused, match="vps trash list"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None
    assert host.volumes(spec) == volumes


# --- what is missing ------------------------------------------------------------------------------------------------


def test_an_unknown_image_is_said_and_leaves_nothing(host, driver):
    spec = with_disk(host.spec(), image=ImageRef(name="blank", sha256="0" * 64))

    with pytest.raises(Missing, match="image blank"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None
    assert host.volumes(spec) == {}


def test_a_missing_pool_or_network_is_said_and_leaves_nothing(host, driver):
    spec = host.spec(pool="none")
    with pytest.raises(Missing, match="pool none"):
        driver.create(spec, SEED, host.mark(spec))
    spec = with_nic(host.spec(), attach="network:none")
    with pytest.raises(Missing, match="network none"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None


def test_a_machine_larger_than_the_host_is_not_admitted(host, driver):
    spec = host.spec(memory_mib=1024 * 1024 * 64)
    with pytest.raises(HostFull, match="memory"):
        driver.create(spec, SEED, host.mark(spec))
    spec = with_disk(host.spec(), size_gib=1024 * 1024 * 64, standalone=True)
    with pytest.raises(HostFull, match="pool vps"):
        driver.create(spec, SEED, host.mark(spec))

    assert driver.read(spec.uuid) is None


def test_an_unreachable_host_is_said_quickly(host, tmp_path):
    uris = {"fake": f"fake://{tmp_path}/none/world", "libvirt": f"qemu+unix:///system?socket={tmp_path}/none"}
    driver = connect(HostRef(name="gone", driver=host.ref.driver, uri=uris[host.ref.driver]))
    spec = host.spec()
    began = time.monotonic()

    for call in (
        lambda: driver.read(spec.uuid),
        driver.read_all,
        lambda: driver.create(spec, SEED, host.mark(spec)),
        lambda: driver.delete(spec.uuid, "any"),
    ):
        with pytest.raises(HostUnreachable, match="gone"):
            call()

    assert time.monotonic() - began < 5


# --- changes --------------------------------------------------------------------------------------------------------


def test_limits_change_live_or_wait_for_the_next_boot(host, driver):
    spec, machine = make(host, driver)
    wanted = with_nic(with_disk(spec, size_gib=2, iops=900, rate_mib_s=80), rate_mbit_s=200)
    wanted = replace(wanted, cpu_cap_percent=70, vcpus=2, memory_mib=96)

    changed = driver.update(wanted, machine.mark)

    assert {key: reading.configured for key, reading in changed.readings.items()} == wanted.limits()
    assert changed.reboot_required == ("vcpus", "memoryMib")
    effective = {key: reading.effective for key, reading in changed.readings.items()}
    assert effective["vcpus"] == 1
    assert effective["memoryMib"] == 64
    assert effective["cpuCapPercent"] == 70
    assert effective["disks.root.sizeGib"] == 2
    assert effective["disks.root.iops"] == 900
    assert effective["disks.root.rateMibS"] == 80
    assert effective["nics.n0.rateMbitS"] == (200 if host.enforces_nic_rates else None)
    assert changed.mark == replace(machine.mark, revision=2)

    off = driver.power(spec.uuid, "off", changed.mark)
    assert off.power is Power.OFF
    assert off.reboot_required == ()
    again = driver.power(spec.uuid, "running", off.mark)
    assert again.reboot_required == ()
    assert again.readings["vcpus"].effective == 2
    assert again.readings["memoryMib"].effective == 96


def test_limits_of_a_machine_that_is_off_are_configured(host, driver):
    spec, machine = make(host, driver, start=False)
    wanted = replace(with_disk(spec, size_gib=2, iops=900), vcpus=2, cpu_cap_percent=60)

    changed = driver.update(wanted, machine.mark)

    assert {key: reading.configured for key, reading in changed.readings.items()} == wanted.limits()
    assert changed.power is Power.OFF


def test_what_was_lowered_behind_our_back_is_seen_and_mended(host, driver):
    spec, _machine = make(host, driver)
    host.lower_cpu_cap(spec, 20)

    seen = driver.read(spec.uuid)
    assert seen.readings["cpuCapPercent"].effective == 20
    assert seen.readings["cpuCapPercent"].configured == 50

    assert driver.update(spec, seen.mark).readings["cpuCapPercent"].effective == 50


def test_a_limit_that_was_lifted_is_unlimited_and_not_unknown(host, driver):
    spec, machine = make(host, driver)
    assert not any(reading.absent for reading in machine.readings.values())
    host.lift_limits(spec)

    seen = driver.read(spec.uuid)

    lifted = {"cpuCapPercent", "disks.root.iops", "disks.root.rateMibS"}
    lifted |= {"nics.n0.rateMbitS"} if host.enforces_nic_rates else set()
    assert {key for key, reading in seen.readings.items() if reading.absent} == lifted
    assert {seen.readings[key].effective for key in lifted} == {None}
    assert driver.update(spec, seen.mark).readings == machine.readings


def test_a_disk_whose_volume_is_gone_is_lost(host, driver):
    spec, machine = make(host, driver)
    assert machine.lost_disks == ()
    host.lose_disk(spec)

    assert driver.read(spec.uuid).lost_disks == ("root",)


def test_a_machine_grows_only_into_room_that_the_host_has(host, driver):
    disk = replace(host.spec().disks["root"], standalone=True)
    spec, machine = make(host, driver, start=False, disks={"root": disk})
    with pytest.raises(HostFull, match="memory") as raised:
        driver.update(replace(spec, memory_mib=1024 * 1024 * 64), machine.mark)
    assert "promised to others" in raised.value.cause
    assert raised.value.remedy
    with pytest.raises(HostFull, match="pool vps"):
        driver.update(with_disk(spec, size_gib=1024 * 1024 * 64), machine.mark)

    assert driver.read(spec.uuid) == machine
    grown = driver.update(replace(with_disk(spec, size_gib=2), memory_mib=96), machine.mark)
    assert grown.readings["disks.root.sizeGib"].configured == 2


def test_an_update_notes_new_addresses_and_touches_nothing_else(host, driver):
    spec, machine = make(host, driver)

    changed = driver.update(with_nic(spec, addresses=("192.0.2.77/24",)), machine.mark)

    assert changed.addresses == {"n0": ("192.0.2.77/24",)}
    assert changed.readings == machine.readings
    assert changed.power is Power.RUNNING


def test_an_update_writes_the_urn_anew(host, driver):
    spec, machine = make(host, driver)

    renamed = driver.update(spec, replace(machine.mark, urn="urn:renamed"))

    assert renamed.mark.urn == "urn:renamed"
    assert driver.create(spec, SEED, host.mark(spec, urn="urn:renamed")).uuid == spec.uuid


def test_a_disk_never_shrinks(host, driver):
    spec, machine = make(host, driver, disks={"root": replace(host.spec().disks["root"], size_gib=2)})

    with pytest.raises(Refused, match="would shrink to 1 GiB"):
        driver.update(replace(with_disk(spec, size_gib=1), vcpus=2), machine.mark)

    assert driver.read(spec.uuid) == machine


def test_another_incarnation_or_revision_is_not_touched(host, driver):
    spec, machine = make(host, driver)
    wanted = replace(spec, cpu_cap_percent=70)
    stale = replace(machine.mark, revision=machine.mark.revision + 5)
    foreign = replace(machine.mark, incarnation="other")

    with pytest.raises(Changed, match="revision"):
        driver.update(wanted, stale)
    with pytest.raises(NotOurs, match="incarnation"):
        driver.update(wanted, foreign)
    with pytest.raises(Changed):
        driver.power(spec.uuid, "off", stale)
    with pytest.raises(NotOurs):
        driver.power(spec.uuid, "off", foreign)
    with pytest.raises(NotOurs):
        driver.delete(spec.uuid, "other")

    assert driver.read(spec.uuid) == machine


def test_two_writers_from_the_same_reading_do_not_both_win(host, driver):
    spec, machine = make(host, driver)
    driver.update(replace(spec, cpu_cap_percent=70), machine.mark)

    with pytest.raises(Changed):
        driver.update(replace(spec, cpu_cap_percent=30), machine.mark)

    assert driver.read(spec.uuid).readings["cpuCapPercent"].effective == 70


@pytest.mark.parametrize("do", ["fail", "unreachable", "lose-answer"])
@pytest.mark.parametrize("step", ["update.cpuCapPercent", "update.define"])
def test_an_update_that_failed_can_be_repeated(host, driver, step, do):
    spec, machine = make(host, driver)
    wanted = replace(with_disk(spec, size_gib=2), cpu_cap_percent=70, vcpus=2)
    host.fault({"step": step, "do": do})
    with pytest.raises(DriverError):
        driver.update(wanted, machine.mark)

    changed = driver.update(wanted, machine.mark)

    assert {key: reading.configured for key, reading in changed.readings.items()} == wanted.limits()
    assert changed.readings["cpuCapPercent"].effective == 70
    assert changed.reboot_required == ("vcpus",)


def test_after_a_failed_live_set_the_former_limits_are_in_force(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "update.define", "do": "fail"})

    with pytest.raises(DriverError):
        driver.update(with_disk(replace(spec, cpu_cap_percent=70), iops=900), machine.mark)

    assert driver.read(spec.uuid) == machine


def test_a_machine_that_is_gone_is_not_made_by_an_update(host, driver):
    spec, machine = make(host, driver)
    host.lose(spec)

    with pytest.raises(Missing, match="holds no machine"):
        driver.update(spec, machine.mark)
    assert driver.read(spec.uuid) is None


def test_power_is_brought_to_the_wish_and_kept_in_the_mark(host, driver):
    spec, machine = make(host, driver)

    paused = driver.power(spec.uuid, "paused", machine.mark)
    assert (paused.power, paused.mark.wish) == (Power.PAUSED, "running")
    running = driver.power(spec.uuid, "running", paused.mark)
    assert (running.power, running.mark.wish) == (Power.RUNNING, "running")
    off = driver.power(spec.uuid, "off", running.mark)
    assert (off.power, off.mark.wish) == (Power.OFF, "off")
    assert off.mark.revision == 4


# --- the end --------------------------------------------------------------------------------------------------------


def test_the_end_keeps_the_disks_and_frees_nothing_for_a_new_machine(host, driver):
    spec, machine = make(host, driver)
    volumes = host.volumes(spec)

    driver.delete(spec.uuid, machine.mark.incarnation)
    driver.delete(spec.uuid, machine.mark.incarnation)

    assert driver.read(spec.uuid) is None
    assert host.volumes(spec) == volumes
    with pytest.raises(Refused):
        driver.create(spec, SEED, host.mark(spec))
    assert host.volumes(spec) == volumes


@pytest.mark.parametrize("step", ["delete.ending", "delete.stop", "delete.trash", "delete.undefine"])
@pytest.mark.parametrize("do", ["fail", "lose-answer"])
def test_an_end_that_failed_can_be_repeated(host, driver, step, do):
    spec, machine = make(host, driver)
    volumes = host.volumes(spec)
    host.fault({"step": step, "do": do})
    with pytest.raises(DriverError):
        driver.delete(spec.uuid, machine.mark.incarnation)

    driver.delete(spec.uuid, machine.mark.incarnation)

    assert driver.read(spec.uuid) is None
    assert host.volumes(spec) == volumes


def test_a_machine_whose_end_is_under_way_is_not_resumed(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "delete.stop", "do": "fail"})
    with pytest.raises(DriverError):
        driver.delete(spec.uuid, machine.mark.incarnation)

    with pytest.raises(Refused, match="end was declared"):
        driver.create(spec, SEED, host.mark(spec))


def test_a_machine_that_never_ran_leaves_nothing(host, driver):
    spec = host.spec()
    host.fault({"step": "create.starting", "do": "fail"})
    with pytest.raises(Interrupted) as raised:
        driver.create(spec, SEED, host.mark(spec))

    driver.delete(spec.uuid, raised.value.machine.mark.incarnation)

    assert host.volumes(spec) == {}
    assert driver.create(spec, SEED, host.mark(spec)).mark.phase is Phase.READY


# --- images, pools, networks ----------------------------------------------------------------------------------------


def own_image(host, content):
    path = host.folder / f"own-{len(content)}"
    path.write_bytes(content)
    return ImageSpec(name="own", sha256=hashlib.sha256(content).hexdigest(), pool="vps", source=str(path))


@pytest.mark.parametrize("step", ["image.upload", "image.verify", "image.publish"])
def test_an_interrupted_upload_is_no_image_until_it_is_done_again(host, driver, step):
    spec = own_image(host, b"image" * 1000)
    host.fault({"step": step, "do": "fail"})
    with pytest.raises(DriverError):
        driver.ensure_image(spec)
    assert driver.read_image(spec) is None

    made = driver.ensure_image(spec)

    assert made.values["sha256"] == spec.sha256
    assert made.values["volume"] == image_volume("own", spec.sha256)
    assert driver.read_image(spec) == made
    driver.delete_image(spec)
    driver.delete_image(spec)
    assert driver.read_image(spec) is None


def test_an_image_that_is_there_needs_no_source(host, driver):
    assert driver.ensure_image(replace(host.image_spec, source="")).name == "blank"


def test_an_image_without_source_or_with_other_bytes_is_said(host, driver):
    spec = own_image(host, b"right")
    with pytest.raises(Missing, match="vps image build own"):
        driver.ensure_image(replace(spec, source=""))
    wrong = own_image(host, b"wrong bytes")
    with pytest.raises(DriverError, match="digest"):
        driver.ensure_image(replace(spec, source=wrong.source))

    assert driver.read_image(spec) is None
    assert driver.ensure_image(spec).values["bytes"] == 5
    driver.delete_image(spec)


def test_an_image_under_a_machine_or_its_trash_is_not_removed(host, driver):
    spec, machine = make(host, driver)
    with pytest.raises(Refused, match="stand"):
        driver.delete_image(host.image_spec)
    driver.delete(spec.uuid, machine.mark.incarnation)
    with pytest.raises(Refused, match="stand"):
        driver.delete_image(host.image_spec)

    assert driver.read_image(host.image_spec) is not None


def test_a_pool_is_used_as_it_is_or_refused(host, driver):
    assert driver.ensure_pool(POOL) == driver.read_pool(POOL)
    assert driver.read_pool(POOL).values["path"] == POOL.path
    with pytest.raises(Refused, match="has path"):
        driver.ensure_pool(replace(POOL, path="/elsewhere"))
    assert driver.read_pool(PoolSpec(name="none", path="/none")) is None


def test_a_pool_whose_disk_is_not_mounted_is_no_pool(host, driver):
    spec, machine = make(host, driver, start=False)
    made = driver.read_pool(POOL)
    host.unmount()
    try:
        assert driver.read_pool(POOL) is None
        assert driver.read_image(host.image_spec) is None
        assert driver.read(spec.uuid).lost_disks == ()
        other = host.spec()
        with pytest.raises(Missing, match="Mount its disk"):
            driver.create(other, SEED, host.mark(other))
        with pytest.raises(Refused, match="not mounted"):
            driver.ensure_pool(POOL)
        assert driver.read(other.uuid) is None
    finally:
        host.mount()

    assert driver.read_pool(POOL).made == made.made
    assert driver.read(spec.uuid) == machine
    assert driver.ensure_pool(POOL).name == "vps"


def test_a_pool_of_ours_comes_and_goes(host, driver):
    spec = PoolSpec(name="second", path="/var/lib/aegir-vps/second")

    made = driver.ensure_pool(spec)

    assert made.made
    assert driver.read_pool(spec) == made
    host.add_volume("left", "second")
    with pytest.raises(Refused, match="it holds 1 volumes, the first is left"):
        driver.delete_pool(spec)
    assert driver.ensure_pool(spec).made
    host.drop_volume("left", "second")
    driver.delete_pool(spec)
    driver.delete_pool(spec)
    assert driver.read_pool(spec) is None


def test_a_network_is_used_as_it_is_or_refused(host, driver):
    assert driver.ensure_network(NETWORK) == driver.read_network(NETWORK)
    with pytest.raises(Refused, match="differs"):
        driver.ensure_network(replace(NETWORK, ipv4="198.51.100.1/24"))


def test_a_network_of_ours_comes_and_goes_but_not_under_a_machine(host, driver):
    network = replace(NETWORK, name="second", bridge="vpsbr7", ipv4="198.51.100.1/24", ipv6="")
    made = driver.ensure_network(network)
    assert made.made
    assert driver.read_network(network) == made
    spec = with_nic(host.spec(start=False), attach="network:second")
    machine = driver.create(spec, SEED, host.mark(spec))
    with pytest.raises(Refused, match="attached"):
        driver.delete_network(network)

    driver.delete(spec.uuid, machine.mark.incarnation)
    driver.delete_network(network)
    driver.delete_network(network)

    assert driver.read_network(network) is None


def test_a_bridge_that_the_host_lacks_is_said(host, driver):
    bridge = replace(NETWORK, name="wire", mode="bridge", bridge="nobr0", ipv4="", ipv6="")

    with pytest.raises(Missing, match="nobr0"):
        driver.ensure_network(bridge)
    assert driver.read_network(bridge) is None
