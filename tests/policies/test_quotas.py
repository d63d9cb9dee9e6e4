"""No change brings a client above its quota."""

import pytest

from tests.policies.conftest import CLIENT, RECORDED, UUID

RULE = "client-within-quota"
QUOTAS = {"vps": "0", "vcpus": "1", "memory": "1 GiB", "disk": "9 GiB"}


def test_within_the_quota_or_without_one(judge, machine, fleet):
    assert judge(machine, RULE) == []
    fleet.edit(CLIENT, lambda data: data.update(quota={"vps": "1", "vcpus": "2", "memory": "2 GiB", "disk": "10 GiB"}))
    assert judge(machine, RULE) == []


@pytest.mark.parametrize("key", QUOTAS)
@pytest.mark.parametrize("file", [CLIENT, "fleet.yaml"])
def test_a_new_machine_above_it(judge, machine, fleet, key, file):
    where = "quota" if file == CLIENT else "client_quota"
    fleet.edit(file, lambda data: data.update({where: {key: QUOTAS[key]}}))
    (message,) = judge(machine, RULE)
    assert message.startswith("example-coop/web1: with it example-coop has ")
    assert "more than its quota of" in message


def test_the_clients_own_quota_goes_before_the_fleets(judge, machine, fleet):
    fleet.edit("fleet.yaml", lambda data: data.update(client_quota={"vcpus": "1"}))
    fleet.edit(CLIENT, lambda data: data.update(quota={"vcpus": "8"}))
    assert judge(machine, RULE) == []


def test_who_stood_there_may_stay_and_shrink_but_not_grow(judge, machine, fleet):
    fleet.edit(CLIENT, lambda data: data.update(quota={"memory": "1 GiB", "vps": "0"}))
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: RECORDED | {"memoryMib": 4096}})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: RECORDED | {"memoryMib": 1024}})
    (message,) = judge(machine, RULE)
    assert "2048 MiB, 1024 more than its quota of 1024" in message


def test_what_ended_does_not_count(judge, machine, fleet):
    def add(data):
        data["vps"]["old"] = data["vps"]["web1"] | {"id": "v-0001", "ends": "2026-12-05"}
        data["quota"] = {"vps": "1"}

    fleet.edit(CLIENT, add)
    assert judge(machine, RULE) == []
    fleet.edit(CLIENT, lambda data: data["vps"]["old"].update(ends="2026-12-06"))
    assert len(judge(machine, RULE)) == 1


def test_nobody_says_what_was_there(judge, machine, fleet):
    fleet.hand_over(None)
    assert judge(machine, RULE) == []
    fleet.edit(CLIENT, lambda data: data.update(quota={"vps": "0"}))
    (message,) = judge(machine, RULE)
    assert f"{RULE} can't judge: nothing says what this stack had before" in message


def test_a_quota_that_is_no_number(judge, machine, fleet):
    fleet.edit(CLIENT, lambda data: data.update(quota={"memory": "much"}))
    (message,) = judge(machine, RULE)
    assert "can't judge: quota of example-coop: memory is no number in MiB" in message


def test_what_a_client_has_in_all_counts(judge, machine, fleet):
    """Above its quota it may have more of one VPS, where it has so much less of another."""

    def add(data):
        data["vps"]["web2"] = data["vps"]["web1"] | {"id": "v-0002"}
        data["quota"] = {"memory": "1 GiB"}

    fleet.edit(CLIENT, add)
    other, grows = RECORDED | {"vps": "v-0002"}, RECORDED | {"memoryMib": 1024}
    fleet.hand_over({UUID: grows, "2": other | {"memoryMib": 4096}})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: grows, "2": other})
    assert "4096 MiB, 3072 more than its quota of 1024" in judge(machine, RULE)[0]
    fleet.hand_over({UUID: grows, "2": other | {"memoryMib": 4096, "client": "c-0000"}})
    assert len(judge(machine, RULE)) == 1


def test_what_comes_later_counts_on_its_day(judge, machine, fleet):
    later = {"package": "medium@2026-01", "since": "2026-12-06", "before": [{"package": "small@2026-01"}]}
    fleet.edit_vps(lambda vps: vps.update(later))
    fleet.edit(CLIENT, lambda data: data.update(quota={"memory": "2 GiB"}))
    assert judge(machine, RULE) == []
    fleet.edit_vps(lambda vps: vps.update(since="2026-12-05"))
    machine["memoryMib"] = 4096.0
    assert "4096 MiB, 2048 more than its quota of 2048" in judge(machine, RULE)[0]
