"""Who may touch a machine: the rules that keep a replacement from destroying it."""

from dataclasses import replace

import pytest

from components.drivers.base import Mark, Phase
from components.drivers.errors import Changed, NotOurs, Refused
from components.drivers.ownership import (
    claim,
    expect,
    expect_made,
    expect_reinstall,
    expect_revision,
    expect_startable,
    holds,
    renewed,
    wish_along,
)

FOUND = Mark(
    fleet="demo",
    backend="b",
    urn="urn:x",
    client="c",
    vps="v",
    phase=Phase.READY,
    incarnation="old",
    revision=7,
    reinstall=2,
    wish="off",
)
WANTED = replace(FOUND, phase=Phase.CREATING, incarnation="new", revision=1, reinstall=0, wish="running")


def test_a_claim_keeps_what_the_host_tells_and_brings_a_new_incarnation():
    assert claim("Unable", FOUND, WANTED) == replace(FOUND, incarnation="new", revision=8, previous="old")


def test_only_taking_over_a_delivered_machine_notes_the_former_incarnation():
    resumed = claim("Unable", replace(FOUND, phase=Phase.STARTING), WANTED)
    again = claim("Unable", replace(FOUND, previous="older"), replace(WANTED, incarnation="old"))

    assert resumed.previous == ""
    assert again.previous == "older"


@pytest.mark.parametrize("change", [{"fleet": "other"}, {"backend": "other"}, {"urn": "urn:y"}])
def test_a_claim_of_another_owner_is_refused(change):
    with pytest.raises(NotOurs, match="belongs to"):
        claim("Unable", FOUND, replace(WANTED, **change))


def test_who_knows_the_incarnation_may_come_under_a_new_name():
    renamed = replace(WANTED, urn="urn:y", incarnation="old")

    assert claim("Unable", FOUND, renamed).urn == "urn:y"


def test_nobody_claims_what_carries_no_mark_or_is_ending():
    with pytest.raises(NotOurs, match="without our mark"):
        claim("Unable", None, WANTED)
    with pytest.raises(Refused, match="under way"):
        claim("Unable", replace(FOUND, phase=Phase.ENDING), WANTED)


def test_another_incarnation_is_not_ours():
    assert expect("Unable", FOUND, "old") is FOUND
    for found in (FOUND, None):
        with pytest.raises(NotOurs):
            expect("Unable", found, "new")


def test_what_is_still_being_made_is_not_changed():
    expect_made("Unable", FOUND)
    with pytest.raises(Refused, match="has no disk yet"):
        expect_made("Unable", replace(FOUND, phase=Phase.CREATING))


def test_a_revision_one_above_is_our_own_lost_answer_only_when_all_is_as_asked():
    expect_revision("Unable", FOUND, FOUND, already_done=False)
    expect_revision("Unable", FOUND, replace(FOUND, revision=6), already_done=True)
    for revision, done in ((6, False), (5, True), (8, True)):
        with pytest.raises(Changed):
            expect_revision("Unable", FOUND, replace(FOUND, revision=revision), already_done=done)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"phase": Phase.STARTING}, Refused),
        ({"phase": Phase.CREATING, "reinstall": 3}, Refused),
        ({"wish": "suspended"}, Refused),
        ({"move": "to:kvm2"}, Refused),
        ({"revision": 9}, Changed),
        ({"reinstall": 1}, Changed),
    ],
)
def test_only_a_delivered_machine_as_it_was_read_is_reinstalled(changes, error):
    ready = FOUND
    expect_reinstall("Unable to reinstall", ready, ready)
    begun = replace(ready, phase=Phase.CREATING, reinstall=ready.reinstall + 1, revision=ready.revision + 1)
    expect_reinstall("Unable to reinstall", begun, ready)
    with pytest.raises(error):
        expect_reinstall("Unable to reinstall", replace(ready, **changes), ready)


@pytest.mark.parametrize(
    ("wish", "seen", "kept"),
    [
        ("running", "off", "off"),
        ("off", "running", "running"),
        ("running", "", "running"),
        ("off", "", "off"),
        ("suspended", "off", "suspended"),
        ("suspended", "running", "suspended"),
    ],
)
def test_an_update_keeps_the_clients_wish_as_it_is_seen(wish, seen, kept):
    found = replace(FOUND, wish=wish, urn="old", revision=7)
    given = replace(FOUND, urn="new", power="stopped", order=0, revision=7)

    written = renewed(found, given, seen=seen)
    assert written == replace(found, urn="new", power="stopped", order=0, revision=8, wish=kept)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phase": Phase.CREATING}, "not finished"),
        ({"phase": Phase.ARRIVING, "move": "from:kvm1"}, "its move from kvm1"),
        ({"phase": Phase.LEFT}, "its move another host"),
        ({"move": "to:kvm2"}, "its move to kvm2"),
        ({"phase": Phase.ENDING}, "under way"),
        ({"power": "stopped"}, "declares it stopped"),
        ({"power": "suspended"}, "declares it suspended"),
    ],
)
def test_what_must_not_run_here_is_not_started(changes, words):
    with pytest.raises(Refused, match=words):
        expect_startable("Unable to start it", replace(FOUND, **{"phase": Phase.READY, **changes}))
    expect_startable("Unable to start it", replace(FOUND, phase=Phase.READY))
    expect_startable("Unable to start it", replace(FOUND, phase=Phase.READY, power=""))


@pytest.mark.parametrize(
    ("wish", "runs", "kept"),
    [("running", True, "running"), ("running", False, "off"), ("off", False, "off"), ("suspended", False, "suspended")],
)
def test_which_wish_travels(wish, runs, kept):
    assert wish_along(replace(FOUND, wish=wish), runs=runs) == kept


def test_what_a_mark_holds_of_a_wish():
    found = replace(FOUND, wish="off", power="managed")

    assert holds(found, "off", FOUND)
    assert not holds(found, "running", FOUND)
    assert not holds(found, "off", replace(FOUND, power="stopped"))
