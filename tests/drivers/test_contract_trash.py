"""What every driver promises of its trash: it tells all, and destroys only what is due."""

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import Refused
from components.drivers.trash import ENDED
from tests.drivers.hosts import SEED
from tests.drivers.machines import DUE, end, in_trash, make


def test_the_trash_tells_everything_that_brings_a_machine_back(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)

    (found,) = in_trash(driver, spec)

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

    (found,) = in_trash(driver, spec)

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


def test_only_what_is_due_is_destroyed(host, driver):
    spec, machine = make(host, driver)
    end(driver, machine)

    with pytest.raises(Refused, match="it is kept until 2026-12-31"):
        driver.empty(spec.uuid, "2026-12-30", "2026-01-01")
    assert set(host.volumes(spec)) == host.volume_names(spec)

    driver.empty(spec.uuid, DUE, "")
    driver.empty(spec.uuid, DUE, "")
    assert host.volumes(spec) == {}
    assert in_trash(driver, spec) == []


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
    assert host.apart("empty", spec.uuid, DUE, "") == -9

    driver.empty(spec.uuid, DUE, "")

    assert host.volumes(spec) == {}
    assert in_trash(driver, spec) == []
