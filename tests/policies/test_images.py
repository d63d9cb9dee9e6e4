"""New machines get images that may still be used."""

import pytest

from tests.policies.conftest import RECORDED, UUID

RULE = "image-may-be-installed"
NAME = "aegir-debian-12"
LOCK, CATALOGUE = "images.lock.yaml", "catalogue.yaml"


def test_a_good_image_passes(judge, machine):
    assert judge(machine, RULE) == []


FAULTS = {
    "expired": (LOCK, lambda data: data["images"][NAME].update(expires="2026-12-04"), "expired on 2026-12-04"),
    "withdrawn": (
        CATALOGUE,
        lambda data: data["images"][NAME].update(new_installs_until="2026-12-04"),
        "is offered for new machines until 2026-12-04 only",
    ),
    "not locked": (LOCK, lambda data: data["images"].pop(NAME), "is not locked in images.lock.yaml"),
    "another digest": (LOCK, lambda data: data["images"][NAME].update(sha256="0" * 64), "doesn't know"),
}


@pytest.mark.parametrize(("file", "change", "words"), FAULTS.values(), ids=FAULTS)
def test_an_image_that_is_for_nobody_new(judge, machine, fleet, file, change, words):
    """Who runs on it keeps it, until it is installed anew."""
    fleet.edit(file, change)
    (message,) = judge(machine, RULE)
    assert words in message
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, RULE) == []
    assert len(judge({**machine, "reinstall": 1.0}, RULE)) == 1
    fleet.hand_over({UUID: RECORDED | {"reinstall": 1}})
    assert judge({**machine, "reinstall": 1.0}, RULE) == []
    fleet.hand_over(None)
    assert "can't judge: nothing says what this stack had before" in judge(machine, RULE)[0]


def test_on_its_last_day_it_may_be_used(judge, machine, fleet):
    fleet.edit(LOCK, lambda data: data["images"][NAME].update(expires="2026-12-05"))
    fleet.edit(CATALOGUE, lambda data: data["images"][NAME].update(new_installs_until="2026-12-05"))
    assert judge(machine, RULE) == []


def test_an_image_that_is_not_sold(judge, machine, fleet):
    fleet.edit(CATALOGUE, lambda data: data["images"].pop(NAME))
    (message,) = judge(machine, RULE)
    assert f"{RULE} can't judge: catalogue.yaml has no image {NAME}" in message


def test_a_lock_without_expiry(judge, machine, fleet):
    fleet.edit(LOCK, lambda data: data["images"][NAME].pop("expires"))
    (message,) = judge(machine, RULE)
    assert "can't judge: images.lock.yaml doesn't say when" in message


def test_an_adopted_machine_is_never_installed(judge, machine, fleet):
    fleet.edit(LOCK, FAULTS["expired"][1])
    assert judge({**machine, "adopted": True}, RULE) == []
