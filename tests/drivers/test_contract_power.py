"""What every driver promises about power: the wish is reached and kept, whatever is cut at which step."""

from dataclasses import replace

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import Changed, DriverError, NotOurs, Refused
from tests.drivers.machines import make


@pytest.mark.parametrize(
    ("wish", "power", "kept"),
    [
        ("running", Power.RUNNING, "running"),
        ("off", Power.OFF, "off"),
        ("suspended", Power.OFF, "suspended"),
        ("reboot", Power.RUNNING, "running"),
        ("paused", Power.PAUSED, "running"),
    ],
)
def test_each_wish_is_reached_and_kept(host, driver, wish, power, kept):
    spec, machine = make(host, driver)

    after = driver.power(spec.uuid, wish, machine.mark)
    assert (after.power, after.mark.wish, after.mark.revision) == (power, kept, machine.mark.revision + 1)
    assert driver.read(spec.uuid) == after


def test_power_is_brought_to_the_wish_and_kept_in_the_mark(host, driver):
    spec, machine = make(host, driver)

    paused = driver.power(spec.uuid, "paused", machine.mark)
    assert (paused.power, paused.mark.wish) == (Power.PAUSED, "running")
    running = driver.power(spec.uuid, "running", paused.mark)
    assert (running.power, running.mark.wish) == (Power.RUNNING, "running")
    off = driver.power(spec.uuid, "off", running.mark)
    assert (off.power, off.mark.wish) == (Power.OFF, "off")
    assert off.mark.revision == 4


@pytest.mark.parametrize("wish", ["off", "suspended"])
def test_from_paused_and_from_off(host, driver, wish):
    spec, machine = make(host, driver)

    paused = driver.power(spec.uuid, "paused", machine.mark)
    off = driver.power(spec.uuid, wish, paused.mark)
    again = driver.power(spec.uuid, wish, off.mark)
    assert (again.power, again.mark.wish) == (Power.OFF, wish)
    running = driver.power(spec.uuid, "running", again.mark)
    assert (running.power, running.mark.wish) == (Power.RUNNING, "running")


def test_a_reboot_brings_what_waits_into_force(host, driver):
    spec, machine = make(host, driver)

    waiting = driver.update(replace(spec, memory_mib=128), machine.mark)
    assert waiting.reboot_required == ("memoryMib",)
    rebooted = driver.power(spec.uuid, "reboot", waiting.mark)
    assert (rebooted.reboot_required, rebooted.readings["memoryMib"].effective) == ((), 128)


def test_a_cut_of_power_is_said(host, driver):
    spec, machine = make(host, driver)
    said: list[str] = []

    driver.power(spec.uuid, "off", machine.mark, deadline_s=0, say=said.append)
    assert said == ["its power was cut"]


@pytest.mark.parametrize(
    ("wish", "step", "when"),
    [
        ("off", "off", "after"),
        ("suspended", "off", "before"),
        ("reboot", "off", "after"),
        ("reboot", "running", "after"),
        ("running", "running", "before"),
    ],
)
def test_what_was_cut_is_done_again(host, driver, wish, step, when):
    spec, machine = make(host, driver)
    host.fault({"step": f"power.{step}", "do": "fail", "when": when})

    with pytest.raises(DriverError):
        driver.power(spec.uuid, wish, machine.mark)
    cut = driver.read(spec.uuid)
    assert cut.mark == machine.mark
    after = driver.power(spec.uuid, wish, cut.mark)
    assert after.power is (Power.OFF if wish in {"off", "suspended"} else Power.RUNNING)


def test_an_answer_that_was_lost_is_no_strangers_change(host, driver):
    spec, machine = make(host, driver)

    driver.power(spec.uuid, "off", machine.mark)
    again = driver.power(spec.uuid, "off", machine.mark)
    assert (again.power, again.mark.revision) == (Power.OFF, machine.mark.revision + 1)
    with pytest.raises(Changed):
        driver.power(spec.uuid, "running", machine.mark)
    assert driver.read(spec.uuid).power is Power.OFF


def test_what_is_declared_down_is_started_by_nobody(host, driver):
    spec, machine = make(host, driver, mark={"power": "stopped"})
    off = driver.power(spec.uuid, "off", machine.mark)

    for wish in ("running", "reboot"):
        with pytest.raises(Refused, match="declares it stopped"):
            driver.power(spec.uuid, wish, off.mark)
    assert driver.read(spec.uuid).power is Power.OFF


def test_what_is_on_the_move_is_the_moves_alone(host, driver):
    spec, machine = make(host, driver, mark={"move": "to:kvm2"})

    for wish in ("running", "off", "reboot"):
        with pytest.raises(Refused, match="its move to kvm2 is not finished"):
            driver.power(spec.uuid, wish, machine.mark)
    assert driver.read(spec.uuid) == machine


def test_a_strangers_machine_keeps_its_power(host, driver):
    spec, machine = make(host, driver)

    for wish in ("running", "off", "reboot"):
        with pytest.raises(NotOurs):
            driver.power(spec.uuid, wish, replace(machine.mark, incarnation="other"))
    assert driver.read(spec.uuid) == machine


def test_no_such_wish(host, driver):
    spec, machine = make(host, driver)

    with pytest.raises(DriverError, match="'sideways' is no power"):
        driver.power(spec.uuid, "sideways", machine.mark)
    assert driver.read(spec.uuid) == machine


def test_an_update_writes_declared_power_and_order_and_starts_nothing(host, driver):
    spec, machine = make(host, driver, mark={"order": 1})
    off = driver.power(spec.uuid, "off", machine.mark)

    after = driver.update(spec, replace(off.mark, power="stopped", order=0))
    assert (after.mark.power, after.mark.order, after.mark.phase) == ("stopped", 0, Phase.READY)
    assert (after.power, after.mark.wish) == (Power.OFF, "off")


def test_an_update_notes_that_somebody_started_it(host, driver):
    spec, machine = make(host, driver)
    off = driver.power(spec.uuid, "off", machine.mark)
    host.start_by_hand(spec)

    after = driver.update(replace(spec, cpu_cap_percent=60), off.mark)
    assert (after.power, after.mark.wish) == (Power.RUNNING, "running")


def test_an_update_after_a_crash_leaves_the_wish(host, driver):
    spec, machine = make(host, driver)
    host.stop_by_hand(spec)

    after = driver.update(replace(spec, cpu_cap_percent=60), machine.mark)
    assert (after.power, after.mark.wish) == (Power.OFF, "running")
