"""A machine's addresses are its own."""

import pytest

from tests.policies.conftest import RECORDED, UUID

RULE = "addresses-are-its-own"


def give(fleet, machine, address):
    """The address, in the line and in the machine."""
    fleet.edit_vps(lambda vps: vps.update(ipv4=[address], ipv6=[]))
    machine["nics"]["n0"]["addresses"] = [f"{address}/24"]
    return machine


def test_its_own_addresses_pass(judge, machine):
    assert judge(machine, RULE) == []


@pytest.mark.parametrize("address", ["192.0.2.10", "192.0.2.254"])
def test_up_to_the_last_of_the_range(judge, machine, fleet, address):
    assert judge(give(fleet, machine, address), RULE) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("198.51.100.1", "lies outside the network public1"),
        ("192.0.2.1", "is the gateway of public1"),
        ("192.0.2.2", "is reserved in public1"),
        ("192.0.2.9", "is reserved in public1"),
        ("192.0.2.0", "names the network public1 itself"),
        ("192.0.2.255", "names the network public1 itself"),
    ],
)
def test_an_address_that_no_machine_may_hold(judge, machine, fleet, address, words):
    (message,) = judge(give(fleet, machine, address), RULE)
    assert f"{address} {words}" in message
    assert "Choose a free one of public1." in message


def test_what_is_no_address(judge, machine):
    machine["nics"]["n0"]["addresses"][0] = "192.0.2.300/24"
    messages = judge(machine, RULE)
    assert '"192.0.2.300" is no address' in messages[0]


@pytest.mark.parametrize("reserved", ["192.0.2.10", "192.0.2.8/30", "192.0.2.1-192.0.2.20"])
def test_every_way_to_reserve(judge, machine, fleet, reserved):
    fleet.edit("fleet.yaml", lambda data: data["networks"]["public1"].update(reserved=[reserved]))
    (message,) = judge(machine, RULE)
    assert "192.0.2.10 is reserved" in message


@pytest.mark.parametrize("change", [{"ipv4": ["192.0.2.10"]}, {"ipv6": ["2001:DB8:1::0:10"]}])
def test_an_address_of_another(judge, machine, fleet, change):
    fleet.neighbour("other", **change)
    (message,) = judge(machine, RULE)
    assert "is also declared for other/web1 (KIT-3" in message


def test_an_address_twice_in_one_line(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps.update(ipv4=["192.0.2.10", "192.0.2.10"]))
    machine["nics"]["n0"]["addresses"].append("192.0.2.10/24")
    assert "also declared for its own line a second time" in judge(machine, RULE)[0]


def test_another_address_than_declared(judge, machine, fleet):
    machine["nics"]["n0"]["addresses"][0] = "192.0.2.99/24"
    (message,) = judge(machine, RULE)
    assert "it has 192.0.2.99, 2001:db8:1::10, but its line declares 192.0.2.10, 2001:db8:1::10" in message


def test_another_prefix_than_the_networks(judge, machine):
    machine["nics"]["n0"]["addresses"][0] = "192.0.2.10/16"
    (message,) = judge(machine, RULE)
    assert "has the prefix /16, but public1 has /24" in message


def test_no_address_at_all(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps.update(ipv4=[], ipv6=[]))
    machine["nics"]["n0"]["addresses"] = []
    (message,) = judge(machine, RULE)
    assert "it has no address" in message


def test_the_address_of_drills(judge, machine, fleet):
    drill = {"drill": {"network": "public1", "ipv4": "192.0.2.10"}}
    fleet.edit("fleet.yaml", lambda data: data.update(backups=drill))
    (message,) = judge(machine, RULE)
    assert "is the one on which restores of backups are tried" in message


def test_a_network_that_nobody_declared(judge, machine):
    machine["nics"]["n0"]["network"] = "nowhere"
    (message,) = judge(machine, RULE)
    assert f"{RULE} can't judge: fleet.yaml has no network nowhere" in message


def test_a_network_that_is_none(judge, machine, fleet):
    fleet.edit("fleet.yaml", lambda data: data["networks"]["public1"]["ipv4"].update(range="192.0.2.0/33"))
    (message,) = judge(machine, RULE)
    assert "can't judge: fleet.yaml, network public1: " in message


@pytest.mark.parametrize("claim", ["another line", "a reservation"])
def test_who_held_it_before_is_not_stopped_by_a_newcomer(judge, machine, fleet, claim):
    if claim == "another line":
        fleet.neighbour("other", ipv4=["192.0.2.10"])
    else:
        fleet.edit("fleet.yaml", lambda data: data["networks"]["public1"].update(reserved=["192.0.2.10"]))
    assert len(judge(machine, RULE)) == 1
    fleet.hand_over({UUID: RECORDED})
    assert len(judge(machine, RULE)) == 1
    fleet.hand_over({UUID: RECORDED | {"addresses": ["192.0.2.10", "2001:db8:1::10"]}})
    assert judge(machine, RULE) == []
    fleet.hand_over(None)
    assert len(judge(machine, RULE)) == 1


@pytest.mark.parametrize("zone", ["%eth0", "%a b; drop", "%", "%a/64"])
def test_an_address_with_a_zone_is_none(judge, machine, fleet, zone):
    """What stands behind `%` may be any text, and another's address with it would look like a free one."""
    fleet.neighbour("other", ipv6=["2001:db8:1::77"])
    fleet.edit_vps(lambda vps: vps.update(ipv6=[f"2001:db8:1::77{zone}"]))
    machine["nics"]["n0"]["addresses"][1] = f"2001:db8:1::77{zone}/64"
    assert "is no address" in judge(machine, RULE)[0]
    fleet.hand_over({UUID: RECORDED | {"addresses": ["192.0.2.10", f"2001:db8:1::77{zone}"]}})
    assert "is no address" in judge(machine, RULE)[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda network: network["ipv4"].update(gateway="192.0.2.10"),
        lambda network: network["ipv4"].update(range="192.0.2.0/28", gateway="192.0.2.10"),
    ],
    ids=["gateway", "gateway of a smaller range"],
)
def test_who_held_it_is_not_stopped_by_a_network_that_takes_it(judge, machine, fleet, change):
    fleet.edit("fleet.yaml", lambda data: change(data["networks"]["public1"]))
    smaller = "/28" in (fleet.folder / "fleet.yaml").read_text()
    machine["nics"]["n0"]["addresses"][0] = f"192.0.2.10/{28 if smaller else 24}"
    assert "192.0.2.10 is the gateway of public1" in judge(machine, RULE)[0]
    fleet.hand_over({UUID: RECORDED | {"addresses": ["192.0.2.10", "2001:db8:1::10"]}})
    assert judge(machine, RULE) == []
