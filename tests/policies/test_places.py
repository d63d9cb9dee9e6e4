"""A machine is put on a host in service, in a secure place."""

import pytest

from tests.policies.conftest import RECORDED, UUID

SERVICE, SECURE = "host-takes-new-machines", "datacentre-is-secure"
HOST = "hosts/lab1.yaml"


def test_a_good_place_passes(judge, machine):
    assert judge(machine, SERVICE) == judge(machine, SECURE) == []


@pytest.mark.parametrize("state", ["draining", "maintenance", "failed", "lost"])
def test_a_host_out_of_service_takes_nobody_new(judge, machine, fleet, state):
    fleet.hand_over({}, lab1=state)
    (message,) = judge(machine, SERVICE)
    assert message == (
        f"example-coop/web1: lab1 takes no new machines: its state is {state}. Place it on another host."
    )
    fleet.hand_over({UUID: RECORDED}, lab1=state)
    assert judge(machine, SERVICE) == []


def test_a_lost_host_is_known_by_its_file(judge, machine, fleet):
    fleet.edit(HOST, lambda data: data.update(lost={"since": "2026-12-01", "fenced": "power cut"}))
    (message,) = judge(machine, SERVICE)
    assert "it is lost since 2026-12-01" in message
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, SERVICE) == []
    fleet.hand_over(None)
    assert "can't judge" in judge(machine, SERVICE)[0]


def test_a_host_without_the_network(judge, machine):
    machine["nics"]["n0"]["network"] = "private1"
    (message,) = judge(machine, SERVICE)
    assert message.startswith("example-coop/web1: lab1 does not carry private1.")


FACTS = [
    ("power", "ups", "SEC-1"),
    ("power", "generator", "SEC-1"),
    ("climate", "temperature", "SEC-2"),
    ("climate", "humidity", "SEC-2"),
    ("entry", "cards", "SEC-3"),
    ("entry", "registered", "SEC-3"),
    ("detection", "intrusion", "SEC-4"),
    ("detection", "cameras", "SEC-4"),
]


@pytest.mark.parametrize(("group", "key", "requirement"), FACTS)
@pytest.mark.parametrize("value", ["false", None, "maybe"])
def test_every_promised_fact_must_hold(judge, machine, fleet, group, key, requirement, value):
    def change(data):
        facts = data["datacentres"]["dc1"][group]
        facts.pop(key) if value is None else facts.update({key: value})

    fleet.edit("fleet.yaml", change)
    (message,) = judge(machine, SECURE)
    assert f"({requirement}): none may be sold there (SEC-5)" in message
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, SECURE) == []


@pytest.mark.parametrize("change", [{"cabinet": " "}, {"datacentre": "dc9"}, {"datacentre": ""}])
def test_a_host_without_cabinet_or_datacentre(judge, machine, fleet, change):
    """VPS-3: placing a VPS there is refused."""
    fleet.edit(HOST, lambda data: data.update(change))
    (message,) = judge(machine, SECURE)
    assert "(VPS-3, SEC-5)" in message


def test_a_hosts_own_objects_are_no_machines(judge):
    pool = {"name": "vps", "host": {"name": "lab1"}}
    assert judge(pool, SERVICE, type_="vps:index:StoragePool") == []
    assert judge(pool, SECURE, type_="vps:index:StoragePool") == []
