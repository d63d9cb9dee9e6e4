"""What every driver promises of a new machine: whole, once, whatever is cut at which step."""

import hashlib
import subprocess
from dataclasses import replace

import pytest

from components.drivers.base import DiskFile, Phase, Power
from components.drivers.errors import DriverError, Interrupted, Refused
from tests.drivers.hosts import SEED
from tests.drivers.libvirt_host import LibvirtHost
from tests.drivers.machines import make, with_disk

STEPS = ("create.define", "create.disk", "create.seed", "create.starting", "create.start", "create.ready")


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


def test_a_lost_machine_is_made_again_from_a_file_of_its_disk(host, driver, tmp_path):
    raw, path = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    raw.write_bytes(b"what the client had" * 5000 + bytes(2**20))
    subprocess.run(["qemu-img", "convert", "-q", "-O", "qcow2", raw, path], check=True)
    disk = DiskFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    spec = with_disk(host.spec(), origin=disk)
    host.fault({"step": "create.disk", "do": "fail", "when": "after"})
    with pytest.raises(Interrupted):
        driver.create(spec, SEED, host.mark(spec))

    machine = driver.create(spec, SEED, host.mark(spec))

    assert (machine.power, machine.mark.phase, machine.lost_disks) == (Power.RUNNING, Phase.READY, ())
    assert machine.readings["disks.root.sizeGib"].configured == 1
    if isinstance(host, LibvirtHost):
        volume = host.pool_folder / machine.volumes["root"]
        subprocess.run(["qemu-img", "convert", "-U", "-q", "-O", "raw", volume, raw], check=True)
        assert raw.read_bytes()[: 19 * 5000] == b"what the client had" * 5000
    path.write_bytes(b"QFI\xfb other")
    other = with_disk(host.spec(), origin=disk)
    with pytest.raises(DriverError, match="the client's file says"):
        driver.create(other, SEED, host.mark(other))
    assert host.names_like(other) == []
