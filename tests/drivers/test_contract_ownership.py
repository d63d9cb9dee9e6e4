"""What every driver promises of a machine that is there already: it is taken over by its owner, and by nobody else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import DriverError, Interrupted, NotOurs, Refused
from tests.drivers.hosts import SEED
from tests.drivers.machines import make, with_disk
from tests.engine.processes import wait_until


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
