"""No change oversells a host."""

import pytest

from tests.policies.conftest import CLIENT, RECORDED, UUID

RULE = "host-not-oversold"
HOST = "hosts/lab1.yaml"
TIGHT = {
    # One small machine: 2 vCPUs, 2112 MiB with QEMU's own, 10 GiB.
    "memory": {"memory": "4160 MiB"},
    "vcpus": {"vcpus": "1"},
    "disk": {"disk": "30 GiB"},
}


def narrow(fleet, kind, **more):
    """The host has just enough for one small machine of that kind."""

    def change(host):
        host["sells"] = {"vcpus": "200 %", "memory": "100 %", "disk": "100 %"}
        host["capacity"].update(TIGHT[kind] | more)

    fleet.edit(HOST, change)


@pytest.mark.parametrize("kind", TIGHT)
def test_up_to_the_last_piece(judge, machine, fleet, kind):
    narrow(fleet, kind)
    assert judge(machine, RULE) == []
    fleet.neighbour("other")
    (message,) = judge(machine, RULE)
    assert f"of {kind} too many are sold there" in message
    assert "vps hosts" in message


def test_the_amount_is_told(judge, machine, fleet):
    narrow(fleet, "memory", memory="4159 MiB")
    (message,) = judge(machine, RULE)
    assert message.startswith(
        "example-coop/web1: 2048 MiB for it are more than lab1 has left to sell: with it 1 MiB of memory too many"
    )


@pytest.mark.parametrize("kind", TIGHT)
def test_who_stood_there_may_stay_and_shrink_but_not_grow(judge, machine, fleet, kind):
    narrow(fleet, kind)
    fleet.neighbour("other")
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: RECORDED | {"vcpus": 4, "memoryMib": 4096, "sizeGib": 40}})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: RECORDED | {"vcpus": 1, "memoryMib": 1024, "sizeGib": 5}})
    assert len(judge(machine, RULE)) == 1


def test_who_comes_from_elsewhere_brings_what_it_had(judge, machine, fleet):
    """A drain may fill a host for a while; only what grows on the way is more."""
    narrow(fleet, "memory")
    fleet.neighbour("other")
    elsewhere = RECORDED | {"host": "lab2"}
    fleet.hand_over({UUID: elsewhere})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: elsewhere | {"memoryMib": 1024}})
    assert len(judge(machine, RULE)) == 1


def test_who_is_adopted_runs_there_already(judge, machine, fleet):
    narrow(fleet, "memory")
    fleet.neighbour("other")
    fleet.hand_over({})
    assert len(judge(machine, RULE)) == 1
    assert judge({**machine, "adopted": True}, RULE) == []


def test_a_client_may_share_what_it_had_otherwise(judge, machine, fleet):
    """One machine grows by what another gives up: the host has no more to give than before."""

    def two(data):
        data["vps"]["web2"] = data["vps"]["web1"] | {"id": "v-0002"}

    narrow(fleet, "memory")
    fleet.edit(CLIENT, two)
    fleet.neighbour("other")
    big, small = RECORDED | {"memoryMib": 3072, "vps": "v-0002"}, RECORDED | {"memoryMib": 1024}
    fleet.hand_over({UUID: small, "other": big})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: small, "other": RECORDED | {"vps": "v-0002"}})
    assert len(judge(machine, RULE)) == 1
    # What it gives up is free on the host that it left.
    fleet.hand_over({UUID: small, "other": big | {"host": "lab2"}})
    assert len(judge(machine, RULE)) == 1


def test_what_neighbours_will_have_counts_already(judge, machine, fleet):
    narrow(fleet, "memory", memory="6272 MiB")
    fleet.neighbour("other")
    assert judge(machine, RULE) == []
    later = {"package": "medium@2026-01", "since": "2027-05-01", "before": [{"package": "small@2026-01"}]}
    fleet.neighbour("third", **later, host="lab2")
    assert judge(machine, RULE) == []
    fleet.neighbour("other", **later)
    assert len(judge(machine, RULE)) == 1


def test_nobody_says_what_was_there(judge, machine, fleet):
    fleet.hand_over(None)
    assert judge(machine, RULE) == []
    narrow(fleet, "memory", memory="4 GiB")
    (message,) = judge(machine, RULE)
    assert f"{RULE} can't judge: nothing says what this stack had before" in message


def test_a_host_that_does_not_say_what_it_has(judge, machine, fleet):
    fleet.edit(HOST, lambda data: data["capacity"].pop("memory"))
    (message,) = judge(machine, RULE)
    assert "can't judge: hosts/lab1.yaml doesn't say what of its memory may be sold" in message


def test_what_ends_today_makes_room_for_another_of_the_client(judge, machine, fleet):
    """Its memory is free again; that of the host alone stays beyond what may be sold, which was so before."""
    narrow(fleet, "memory", memory="3 GiB")
    fleet.neighbour("other")
    fleet.edit(
        CLIENT, lambda data: data["vps"].update(old=data["vps"]["web1"] | {"id": "v-0002", "ends": "2026-12-05"})
    )
    grows = RECORDED | {"memoryMib": 1024}
    fleet.hand_over({UUID: grows})
    assert "of memory too many are sold there" in judge(machine, RULE)[0]
    fleet.hand_over({UUID: grows, "2": RECORDED | {"vps": "v-0002"}})
    assert judge(machine, RULE) == []


def test_an_upgrade_that_was_never_applied_keeps_nobody_from_ending(judge, machine, fleet):
    narrow(fleet, "disk")
    fleet.neighbour("other")
    fleet.hand_over({UUID: RECORDED | {"sizeGib": 5}})
    assert len(judge(machine, RULE)) == 1
    fleet.edit_vps(lambda vps: vps.update(ends="2026-12-05"))
    assert judge({**machine, "ends": "2026-12-05"}, RULE) == []
