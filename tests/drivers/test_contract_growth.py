"""vCPUs and memory: live inside the room of a boot, else with the next one; the same on every kind of host."""

from dataclasses import replace

import pytest

from components.drivers.base import Power
from components.drivers.errors import DriverError, HostFull
from tests.drivers.machines import make

ROOM = {"memory_mib": 128, "grows_vcpus": 4, "grows_memory_mib": 1024}


def roomy(host, driver, **changes):
    return make(host, driver, **(ROOM | changes))


def effective(machine):
    return {key: machine.readings[key].effective for key in ("vcpus", "memoryMib")}


def configured(machine):
    return {key: machine.readings[key].configured for key in ("vcpus", "memoryMib")}


def restart(driver, machine):
    off = driver.power(machine.uuid, "off", machine.mark)
    return driver.power(machine.uuid, "running", off.mark)


def test_a_running_machine_grows_inside_its_room(host, driver):
    spec, machine = roomy(host, driver)
    assert machine.room == {"vcpus": 4, "memoryMib": 1024}

    grown = driver.update(replace(spec, vcpus=3, memory_mib=128 + 256), machine.mark)
    assert effective(grown) == configured(grown) == {"vcpus": 3, "memoryMib": 384}
    assert grown.reboot_required == ()
    more = driver.update(replace(spec, vcpus=4, memory_mib=1024), grown.mark)
    assert effective(more) == configured(more) == {"vcpus": 4, "memoryMib": 1024}
    assert more.reboot_required == ()

    again = restart(driver, more)
    assert effective(again) == {"vcpus": 4, "memoryMib": 1024}
    assert again.room == {"vcpus": 4, "memoryMib": 1024}


@pytest.mark.parametrize(
    ("wanted", "waiting"),
    [
        ({"vcpus": 5}, ("vcpus",)),
        ({"memory_mib": 1024 + 128}, ("memoryMib",)),
        ({"memory_mib": 128 + 100}, ("memoryMib",)),
        ({"memory_mib": 64}, ("memoryMib",)),
        ({"memory_mib": 131}, ("memoryMib",)),
        ({"vcpus": 9, "memory_mib": 256}, ("vcpus",)),
    ],
)
def test_what_the_running_guest_has_no_room_for_comes_with_the_next_boot(host, driver, wanted, waiting):
    spec, machine = roomy(host, driver)
    spec = replace(spec, **wanted)

    changed = driver.update(spec, machine.mark)

    assert configured(changed) == {"vcpus": spec.vcpus, "memoryMib": spec.memory_mib}
    assert changed.reboot_required == waiting
    assert all(effective(changed)[key] == effective(machine)[key] for key in waiting)
    again = restart(driver, changed)
    assert again.reboot_required == ()
    assert effective(again) == configured(changed)


def test_less_counts_as_done_only_when_it_is_read_back(host, driver):
    spec, machine = roomy(host, driver, vcpus=2, memory_mib=512)

    less = driver.update(replace(spec, vcpus=1, memory_mib=256), machine.mark)
    assert less.reboot_required == ("vcpus", "memoryMib")
    assert effective(less) == {"vcpus": 2, "memoryMib": 512}
    back = driver.update(spec, less.mark)
    assert back.reboot_required == ()
    assert effective(back) == configured(back)


def test_a_machine_made_without_room_gets_it_with_its_next_boot(host, driver):
    spec, machine = roomy(host, driver, grows_vcpus=0, grows_memory_mib=0)
    assert machine.room == {"vcpus": 1, "memoryMib": 128}
    wanted = replace(spec, **ROOM)

    changed = driver.update(wanted, machine.mark)
    assert changed.reboot_required == ()
    assert changed.room == machine.room
    assert driver.update(replace(wanted, vcpus=2), changed.mark).reboot_required == ("vcpus",)

    again = restart(driver, driver.read(spec.uuid))
    assert again.room == {"vcpus": 4, "memoryMib": 1024}
    assert driver.update(replace(wanted, vcpus=3), again.mark).reboot_required == ()


def test_a_machine_that_is_off_has_no_room_and_needs_no_reboot(host, driver):
    spec, machine = roomy(host, driver, start=False)
    assert machine.room == {}

    changed = driver.update(replace(spec, vcpus=2, memory_mib=256), machine.mark)

    assert changed.power is Power.OFF
    assert changed.reboot_required == ()
    assert configured(changed) == {"vcpus": 2, "memoryMib": 256}


@pytest.mark.parametrize("step", ["update.vcpus", "update.memoryMib"])
@pytest.mark.parametrize("do", ["fail", "lose-answer"])
def test_growth_that_was_interrupted_is_ended_by_the_next_call(host, driver, step, do):
    spec, machine = roomy(host, driver)
    wanted = replace(spec, cpu_cap_percent=70, vcpus=2, memory_mib=256)
    host.fault({"step": step, "do": do})
    with pytest.raises(DriverError):
        driver.update(wanted, machine.mark)
    between = driver.read(spec.uuid)
    assert configured(between) == configured(machine)
    assert between.readings["cpuCapPercent"] == machine.readings["cpuCapPercent"]

    grown = driver.update(wanted, machine.mark)

    assert effective(grown) == configured(grown) == {"vcpus": 2, "memoryMib": 256}
    assert grown.mark.revision == machine.mark.revision + 1


def test_growth_needs_room_on_the_host_as_well(host, driver):
    spec, machine = roomy(host, driver)

    with pytest.raises(HostFull, match="memory"):
        driver.update(replace(spec, vcpus=2, memory_mib=1024 * 1024 * 64), machine.mark)

    assert driver.read(spec.uuid) == machine
