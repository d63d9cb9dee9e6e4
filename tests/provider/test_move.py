"""What a preview says of a machine that changes its host; carrying it out is `test_roaming_moves`'s."""

import pytest

from components.domain.changes import Effect
from components.provider import facts
from components.provider.move import is_move, is_restore, judge, unfinished

STATE = {
    "title": "example-coop/web1",
    "host": {"name": "kvm1", "driver": "libvirt"},
    "disks": {"root": {"sizeGib": 10}, "data": {"sizeGib": 30}},
    "status": facts.PRESENT,
    "phase": "ready",
}
NEWS = {"title": "example-coop/web1", "host": {"name": "kvm2", "driver": "libvirt"}}
MOVE = NEWS | {"move": {"from": "kvm1", "live": False}}
LIVE = NEWS | {"move": {"from": "kvm1", "live": True}}
EMPTY = NEWS | {"restore": {"from": "kvm1", "empty": True}}


@pytest.mark.parametrize(
    ("state", "news", "effect", "said"),
    [
        (STATE, MOVE, Effect.LIVE, "shut down while up to 40 GiB are copied"),
        (STATE, LIVE, Effect.LIVE, "the guest keeps running"),
        (STATE | {"observedPower": "off"}, MOVE, Effect.LIVE, "moved as it is, off: up to 40 GiB are copied"),
        (STATE | {"observedPower": "off"}, LIVE, Effect.LIVE, "moved as it is, off"),
        (STATE | {"rebootRequired": ["memoryMib"]}, LIVE, Effect.LIVE, "still waits: memoryMib"),
        (STATE, NEWS, Effect.REFUSED, "vps move example-coop/web1 kvm2"),
        (STATE, NEWS | {"move": {"from": "kvm3"}}, Effect.REFUSED, "put `host: kvm1` back"),
        (STATE, MOVE | {"host": {"name": "kvm2", "driver": "fake"}}, Effect.REFUSED, "different kinds"),
        (STATE | {"status": facts.LOST}, EMPTY, Effect.RECORDED, ""),
    ],
)
def test_the_consequence_of_another_host_is_said_before_anything_happens(state, news, effect, said):
    verdict = judge("host.name", "kvm1", "kvm2", state, news)

    assert verdict.effect is effect
    assert said in verdict.words


def test_what_follows_the_host_and_the_intent_itself_are_only_recorded():
    for key in ("pool", "nics.n0.attach", "disks.root.standalone", "host.uri", "move.from", "restore.empty"):
        verdict = judge(key, "a", "b", STATE, MOVE)
        assert (verdict.effect, verdict.words) == (Effect.RECORDED, ""), key
    assert judge("memoryMib", 1, 2, STATE, MOVE) is None
    assert judge("pool", "a", "b", STATE, STATE) is None


def test_only_the_intent_that_names_where_it_is_counts():
    assert is_move(STATE, MOVE)
    assert not is_move(STATE, NEWS)
    assert not is_move(NEWS, MOVE)
    assert is_restore(STATE | {"status": facts.LOST}, EMPTY)
    assert is_restore(STATE | {"status": facts.MISSING}, EMPTY | {"host": STATE["host"]})
    assert not is_restore(STATE, EMPTY)
    assert not is_restore(STATE | {"status": facts.MISSING, "restore": EMPTY["restore"]}, EMPTY)
    assert not is_restore(STATE | {"status": facts.LOST}, EMPTY | {"host": STATE["host"]})


@pytest.mark.parametrize(
    ("state", "news", "effect", "said"),
    [
        ({"phase": "left", "moving": "to:kvm2"}, MOVE, Effect.LIVE, "was interrupted: it is ended"),
        ({"phase": "left", "moving": "to:kvm2"}, STATE, Effect.REFUSED, "declare `host: kvm2`"),
        ({"moving": "to:kvm2"}, STATE, Effect.LIVE, "it is undone"),
        ({"moving": "to:kvm3"}, MOVE, Effect.REFUSED, "declare `host: kvm3` first"),
        ({"status": facts.LOST}, MOVE, Effect.REFUSED, "vps restore example-coop/web1 --to HOST"),
        ({"status": facts.MISSING}, STATE, Effect.REFUSED, "never created empty again"),
        ({"status": facts.LOST}, EMPTY, Effect.LIVE, "data are NOT there"),
        ({"status": facts.MISSING, "restore": EMPTY["restore"]}, EMPTY, Effect.REFUSED, "counts once"),
        ({"phase": "creating", "restore": {"disk": "/d"}}, STATE, Effect.REFUSED, "it would be empty; put it back"),
        ({"phase": "creating", "restore": {"backup": "latest"}}, STATE, Effect.REFUSED, "put it back"),
    ],
)
def test_what_is_unfinished_is_told_with_what_will_become_of_it(state, news, effect, said):
    verdict = unfinished(STATE | state, news)

    assert verdict.effect is effect
    assert said in verdict.words


def test_a_whole_machine_and_one_that_waits_on_its_lost_host_are_nothing_to_do():
    assert unfinished(STATE, STATE) is None
    assert unfinished(STATE | {"moving": "to:kvm2"}, MOVE) is None
    assert unfinished(STATE | {"status": facts.LOST}, STATE) is None
