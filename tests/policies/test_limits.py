"""A machine is as large as its package says."""

import pytest

from tests.policies.conftest import RECORDED, UUID

EQUAL = "limits-equal-the-package"
COMPLETE = "machine-has-every-limit"


def put(machine, key, value):
    *path, last = key.split(".")
    for step in path:
        machine = machine[step]
    machine[last] = value


LIMITS = {
    "vcpus": (2, "vCPUs"),
    "cpuCapPercent": (150, "% of one core"),
    "memoryMib": (2048, "MiB"),
    "disks.root.sizeGib": (10, "GiB"),
    "disks.root.iops": (1000, "IO/s"),
    "disks.root.rateMibS": (100, "MiB/s"),
    "nics.n0.rateMbitS": (100, "Mbit/s"),
}


def test_a_machine_as_sold_passes(judge, machine):
    assert judge(machine, EQUAL) == judge(machine, COMPLETE) == []


@pytest.mark.parametrize("key", LIMITS)
def test_each_limit_is_compared(judge, machine, key):
    """Less and more than sold are both told, by how much, with what to do."""
    sold, unit = LIMITS[key]
    put(machine, key, sold - 1.0)
    (less,) = judge(machine, EQUAL)
    assert less.startswith(
        f"example-coop/web1: {key} is {sold - 1} {unit}, but small@2026-01 sells {sold} {unit}: "
        f"1 {unit} less than sold. Give what was sold"
    )
    put(machine, key, sold * 2.0)
    (more,) = judge(machine, EQUAL)
    assert f": {sold} {unit} more than sold. Sell a larger package" in more
    assert judge(machine, COMPLETE) == []


@pytest.mark.parametrize("key", LIMITS)
@pytest.mark.parametrize("value", [None, 0, -1, 1.5, True, "2 GiB", [1]])
def test_each_limit_must_be_there(judge, machine, key, value):
    put(machine, key, value)
    (message,) = judge(machine, COMPLETE)
    assert message.startswith(f"example-coop/web1: limit {key} is ")
    assert "Declare it through a package" in message


@pytest.mark.parametrize("broken", [{"disks": None, "nics": {}}, {"disks": {"root": None}, "nics": {"n0": []}}])
def test_a_machine_of_no_shape_is_judged(judge, machine, broken):
    assert len(judge({**machine, **broken}, COMPLETE)) == 4
    assert len(judge({}, COMPLETE)) == 7


def test_more_disks_or_nics_than_sold(judge, machine):
    machine["disks"]["data"] = {"sizeGib": 100.0, "iops": 1.0, "rateMibS": 1.0}
    machine["nics"]["n1"] = {"rateMbitS": 1000.0}
    keys = [message.split()[1] for message in judge(machine, COMPLETE)]
    assert keys == ["disks.data.iops", "disks.data.rateMibS", "disks.data.sizeGib", "nics.n1.rateMbitS"]


def test_no_package_or_one_that_is_not_sold(judge, machine):
    (nothing,) = judge({**machine, "package": ""}, EQUAL)
    assert "no package is named" in nothing
    (other,) = judge({**machine, "package": "medium@2026-01"}, EQUAL)
    assert "it is declared as medium@2026-01, but what its client's file sells today is small@2026-01." in other


def test_a_package_that_is_not_sold(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps.update(package="huge@2026-01"))
    (unknown,) = judge({**machine, "package": "huge@2026-01"}, EQUAL)
    assert unknown.startswith(f"v-h3k9-machine: {EQUAL} can't judge: catalogue.yaml sells no package huge@2026-01 ")
    assert "it sells medium@2026-01, small@2026-01" in unknown


@pytest.mark.parametrize("value", ["2 GB", "two", "", "2.5 GiB", ["2 GiB"]])
def test_a_catalogue_without_a_quantity_can_not_be_judged(judge, machine, fleet, value):
    def change(data):
        data["packages"]["small@2026-01"]["limits"]["memory"] = value

    fleet.edit("catalogue.yaml", change)
    (message,) = judge(machine, EQUAL)
    assert f"{EQUAL} can't judge: catalogue.yaml, package small@2026-01: memory is no quantity in MiB." in message


def test_other_resources_have_no_limits(judge):
    assert judge({"host": {"name": "lab1"}}, EQUAL, type_="vps:index:StoragePool") == []
    assert judge({"host": {"name": "lab1"}}, COMPLETE, type_="vps:index:StoragePool") == []


CAPS = {"cpuCapPercent": "cpu_cap", "disks.root.iops": "disk_iops", "nics.n0.rateMbitS": "nic_rate"}


def bare(data):
    package = data["packages"]["small@2026-01"]
    package["adopted"] = "true"
    package["limits"].update(dict.fromkeys([*CAPS.values(), "disk_rate"], "unlimited"))


@pytest.fixture
def adopted(machine):
    for key in (*CAPS, "disks.root.rateMibS"):
        put(machine, key, 0.0)
    return machine | {"adopted": True}


def test_an_adopted_machine_may_lack_what_its_package_says(judge, adopted, fleet):
    fleet.edit("catalogue.yaml", bare)
    assert judge(adopted, COMPLETE) == judge(adopted, EQUAL) == []


def test_only_an_adopted_machine_may(judge, adopted, fleet):
    fleet.edit("catalogue.yaml", bare)
    assert len(judge({**adopted, "adopted": False}, COMPLETE)) == 4


def test_only_under_a_package_for_such_machines(judge, adopted, fleet):
    """A sold package has every limit, whatever the machine says of itself."""
    assert len(judge(adopted, COMPLETE)) == len(judge(adopted, EQUAL)) == 4
    fleet.edit("catalogue.yaml", lambda data: (bare(data), data["packages"]["small@2026-01"].pop("adopted")))
    assert len(judge(adopted, COMPLETE)) == 4
    (message,) = judge(adopted, EQUAL)
    assert "can't judge" in message


def test_no_machine_lacks_memory(judge, adopted, fleet):
    fleet.edit("catalogue.yaml", bare)
    put(adopted, "memoryMib", 0.0)
    assert len(judge(adopted, COMPLETE)) == 1


def sell_memory(data):
    price = {"month": "3.00", "set_up": "0.00"}
    data["extras"] = {"memory@2026-01": {"title": "Memory", "adds": {"memory": "1 GiB"}, "most": "8", "price": price}}


def test_extras_raise_what_was_sold(judge, machine, fleet):
    fleet.edit("catalogue.yaml", sell_memory)
    fleet.edit_vps(lambda vps: vps.update(extras={"memory@2026-01": "2"}))
    (less,) = judge(machine, EQUAL)
    assert "but small@2026-01 with 2 of memory@2026-01 sells 4096 MiB: 2048 MiB less than sold" in less
    assert judge(machine | {"memoryMib": 4096.0}, EQUAL) == []


def test_what_is_sold_for_later_is_not_given_today(judge, machine, fleet):
    def later(vps):
        vps.update(package="medium@2026-01", since="2026-12-06", before=[{"package": "small@2026-01"}])

    fleet.edit_vps(later)
    assert judge(machine, EQUAL) == []
    fleet.edit_vps(lambda vps: vps.update(since="2026-12-05"))
    (message,) = judge(machine, EQUAL)
    assert "sells today is medium@2026-01" in message


EXTRAS = "extras-are-sold"


def test_extras_in_the_numbers_that_are_sold(judge, machine, fleet):
    assert judge(machine, EXTRAS) == []
    fleet.edit("catalogue.yaml", sell_memory)
    for count, words in (("1", ""), ("8", ""), ("9", "9 of memory@2026-01 can't be sold: 1 to 8 go"), ("0", "0 of")):
        fleet.edit_vps(lambda vps, count=count: vps.update(extras={"memory@2026-01": count}))
        messages = judge(machine, EXTRAS)
        assert len(messages) == bool(words)
        assert all(words in message for message in messages)


def test_extras_that_go_with_vip_alone(judge, machine, fleet):
    fleet.edit(
        "catalogue.yaml", lambda data: (sell_memory(data), data["extras"]["memory@2026-01"].update(support="vip"))
    )
    fleet.edit_vps(lambda vps: vps.update(extras={"memory@2026-01": "1"}))
    (message,) = judge(machine, EXTRAS)
    assert "memory@2026-01 is sold with vip support only, and the client has standard" in message
    fleet.edit("clients/example-coop.yaml", lambda data: data["contract"].update(support="vip"))
    assert judge(machine, EXTRAS) == []


def test_extras_that_nobody_sells(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps.update(extras={"ghost@2026-01": "1"}))
    (message,) = judge(machine, EXTRAS)
    assert f"{EXTRAS} can't judge: catalogue.yaml has no extra ghost@2026-01" in message


def test_support_of_an_extra_is_asked_of_who_is_new_or_grows(judge, machine, fleet):
    """VIP that ends stops nobody who was sold such an extra."""
    fleet.edit("catalogue.yaml", lambda data: data["extras"]["memory@2026-01"].update(support="vip"))
    fleet.edit_vps(lambda vps: vps.update(extras={"memory@2026-01": "1"}))
    machine["memoryMib"] = 3072.0
    assert "is sold with vip support only" in judge(machine, EXTRAS)[0]
    fleet.hand_over({UUID: RECORDED})
    assert "is sold with vip support only" in judge(machine, EXTRAS)[0]
    fleet.hand_over({UUID: RECORDED | {"memoryMib": 3072}})
    assert judge(machine, EXTRAS) == []
    fleet.hand_over(None)
    assert "can't judge" in judge(machine, EXTRAS)[0]
