"""What every driver promises of an end: the disks stay, whatever is cut at which step."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import DriverError, Interrupted, Refused
from tests.drivers.hosts import SEED
from tests.drivers.machines import end, in_trash, make
from tests.engine.processes import wait_until


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


def test_a_machine_that_is_started_in_the_midst_of_its_end_is_not_forgotten_while_it_runs(host, driver):
    spec, machine = make(host, driver)
    host.fault({"step": "delete.undefine", "do": "delay", "seconds": 4, "times": 1})
    with ThreadPoolExecutor(1) as aside:
        ending = aside.submit(end, driver, machine)
        wait_until(lambda: in_trash(driver, spec), "nothing came into the trash")
        host.start_by_hand(spec)
        with pytest.raises(Refused, match="somebody started it again"):
            ending.result(30)

    assert driver.read(spec.uuid).power is Power.RUNNING
    end(driver, machine)
    assert driver.read(spec.uuid) is None
    assert set(in_trash(driver, spec)[0].volumes.values()) == host.volume_names(spec)
