"""The machine resource over the fake driver, without an engine: it is made and changed as declared, or refused."""

import copy
import dataclasses
import json

import pytest

from components.drivers.base import Driver, HostRef, Phase, Power
from components.drivers.errors import NotOurs, Refused
from components.provider.machine import MachineResource
from components.provider.properties import Bag
from tests.provider.one_host import (
    URN,
    disks_of,
    domain_of,
    standing,
    up,
    volumes_of,
)


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


def test_template_of_another_checkout_is_refused(resource: MachineResource, news: Bag) -> None:
    """Program and plugin must render the same text."""
    news["seed"]["templateDigest"] = "0" * 64
    with pytest.raises(Exception, match="one checkout"):
        resource.create(URN, news)


def test_import_is_refused_in_words(resource: MachineResource, news: Bag) -> None:
    """The engine's import knows the id alone."""
    with pytest.raises(Refused, match="vps adopt HOST"):
        resource.read(news["uuid"], URN, {}, {})


def test_another_urn_is_refused(resource: MachineResource, host: HostRef, news: Bag) -> None:
    """A renamed component must not seize a finished machine."""
    resource.create(URN, news)
    disks = disks_of(host)
    with pytest.raises(NotOurs, match="belongs to"):
        resource.create(URN.replace("v-h3k9", "v-zzzz"), news)
    assert disks_of(host) == disks


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
        up(resource, state, news, {**news, key: value, "cpuCapPercent": 200})
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
    before, volumes = standing(driver, news), volumes_of(host)
    changed = copy.deepcopy(news)
    changed["seed"]["values"]["fqdn"] = "www.coop.example"
    after = up(resource, state, news, changed)
    assert after["seedDigest"] == state["seedDigest"]
    assert after["seed"]["values"]["fqdn"] == "www.coop.example"
    machine = standing(driver, news)
    assert before.mark is not None
    assert machine.mark == dataclasses.replace(before.mark, revision=before.mark.revision + 1)
    assert dataclasses.replace(machine, mark=None) == dataclasses.replace(before, mark=None)
    assert volumes_of(host) == volumes


def test_power_is_declared_only_for_stopped_and_suspended(resource: MachineResource, driver: Driver, news: Bag) -> None:
    """A machine that its client shut down stays down through any update."""
    _, state = resource.create(URN, news)
    machine = standing(driver, news)
    assert machine.mark is not None
    driver.power(news["uuid"], "off", machine.mark)
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert resource.changes(inputs, seen, news) == []
    after = up(resource, seen, inputs, {**news, "cpuCapPercent": 100})
    assert after["observedPower"] == Power.OFF


@pytest.mark.parametrize("power", ["stopped", "suspended"])
def test_a_machine_declared_down_is_made_and_not_started(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, power: str
) -> None:
    """Whole and delivered, but nobody ever ran it; its declaration is met, so nothing is left to do."""
    down = {**news, "power": power}
    _, state = resource.create(URN, down)
    assert (state["phase"], state["observedPower"]) == (Phase.READY, Power.OFF)
    assert standing(driver, news).power is Power.OFF
    assert domain_of(host, news)["boots"] == 0
    _, seen, inputs = resource.read(news["uuid"], URN, state, down)
    assert resource.changes(inputs, seen, down) == []


@pytest.mark.parametrize("down", ["stopped", "suspended"])
def test_power_follows_the_declaration(resource: MachineResource, driver: Driver, news: Bag, down: str) -> None:
    """managed -> down -> managed, and the host is asked what became of it."""
    _, state = resource.create(URN, news)
    stopped = {**news, "power": down}
    state = up(resource, state, news, stopped)
    assert state["observedPower"] == Power.OFF
    assert standing(driver, news).power is Power.OFF
    state = up(resource, state, stopped, news)
    assert state["observedPower"] == Power.RUNNING
    assert standing(driver, news).power is Power.RUNNING
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert seen["revision"] == state["revision"]
    assert resource.changes(inputs, seen, news) == []
