"""Every part of a host can be replaced: the file says what it is and where a spare comes from."""

import pytest

from tests.policies.conftest import RECORDED, UUID

RULE = "hardware-is-replaceable"
HOST = "hosts/lab1.yaml"
PREFIX = "example-coop/web1 stands on lab1, and hosts/lab1.yaml: "


def part(data, kind="cpu"):
    return next(part for part in data["inventory"] if part["kind"] == kind)


def broken(fleet, judge, machine, change, file=HOST):
    fleet.edit(file, change)
    return [message.removeprefix(PREFIX) for message in judge(machine, RULE)]


def test_a_complete_host_passes(judge, machine):
    assert judge(machine, RULE) == []


def test_the_hosts_own_objects_are_judged(judge, fleet):
    """A host's stack carries no machine, but its pool stands on the same hardware."""
    pool = {"name": "vps", "host": {"name": "lab1"}}
    assert judge(pool, RULE, type_="vps:index:StoragePool", name="lab1-pool") == []
    fleet.edit(HOST, lambda data: data.pop("cabinet"))
    (message,) = judge(pool, RULE, type_="vps:index:StoragePool", name="lab1-pool")
    assert message == (
        "lab1-pool stands on lab1, and hosts/lab1.yaml: no cabinet is named, so nobody finds the faulty part (HW-8). "
        "Name it."
    )


@pytest.mark.parametrize("field", ["datacentre", "cabinet", "contact"])
@pytest.mark.parametrize("value", [None, "", " "])
def test_place_and_contact_are_named(judge, machine, fleet, field, value):
    def change(data):
        data.pop(field) if value is None else data.update({field: value})

    (message,) = broken(fleet, judge, machine, change)
    assert field in message
    assert "(HW-8)" in message


def test_equipment_of_one_client_serves_no_other(judge, machine, fleet):
    fleet.edit(HOST, lambda data: data.update(assigned="c-q7m2"))
    assert judge(machine, RULE) == []
    (message,) = broken(fleet, judge, machine, lambda data: data.update(assigned="c-0000"))
    assert message.startswith("it is assigned to c-0000 alone (HW-8), but the machine is c-q7m2's.")


@pytest.mark.parametrize("inventory", [[], None, "none", {}])
def test_no_inventory(judge, machine, fleet, inventory):
    (message,) = broken(fleet, judge, machine, lambda data: data.update(inventory=inventory))
    assert message == "the inventory lacks server, cpu, ram, hard_drive (HW-2). List every part that may fail."


@pytest.mark.parametrize("field", ["model", "serial", "installed", "warranty", "spare"])
def test_each_part_is_described(judge, machine, fleet, field):
    (message,) = broken(fleet, judge, machine, lambda data: part(data).pop(field))
    assert message.startswith("part 2 (cpu")
    assert f"lacks {field} (HW-8)" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "fan"}, "has no kind of switch, server"),
        ({"installed": "2026-13-01"}, 'has installed "2026-13-01", which is no date'),
        ({"warranty": "next year"}, 'has warranty "next year", which is no date'),
        ({"warranty": "2026-01-05"}, "lost its warranty 10 days before it was installed"),
        ({"spare": "lab-fan"}, "names spare lab-fan, which fleet.yaml doesn't list"),
        ({"spare": "lab-ram"}, "names spare lab-ram, which is a ram"),
    ],
)
def test_what_a_part_says_is_held_against_the_rest(judge, machine, fleet, change, words):
    assert words in " ".join(broken(fleet, judge, machine, lambda data: part(data).update(change)))


def test_a_serial_stands_once(judge, machine, fleet):
    messages = broken(fleet, judge, machine, lambda data: part(data).update(serial=part(data, "ram")["serial"]))
    assert messages == ["serial R16-0001 stands 2 times; one part has one serial. Correct the others."]


@pytest.mark.parametrize(
    ("spare", "fits"),
    [
        ({"count": "1", "place": "shelf"}, True),
        ({"supplier": "Parts Ltd", "lead_time": "12 h"}, True),
        ({"count": "0", "place": "shelf"}, False),
        ({"count": "2"}, False),
        ({"supplier": "Parts Ltd"}, False),
        ({}, False),
    ],
)
def test_a_spare_comes_from_somewhere(judge, machine, fleet, spare, fits):
    def change(data):
        data["spares"]["lab-cpu"] = {"kind": "cpu", "model": "Demo C2", **spare}

    messages = broken(fleet, judge, machine, change, "fleet.yaml")
    assert messages == [] if fits else "of which no piece lies anywhere and no supplier delivers" in messages[0]


def test_an_expired_warranty_stops_nothing(judge, machine, fleet):
    """Moving and restoring must stay possible on old equipment."""
    assert broken(fleet, judge, machine, lambda d: part(d).update(installed="2016-01-01", warranty="2019-01-01")) == []


def test_everything_wrong_is_said_at_once(judge, machine, fleet):
    def change(data):
        data.pop("cabinet")
        data["inventory"] = [{"kind": "cpu"}]

    assert len(broken(fleet, judge, machine, change)) == 3


@pytest.mark.parametrize("name", ["kvm9", "", "../fleet", "a/b"])
def test_an_undescribed_host_can_not_be_judged(judge, machine, name):
    (message,) = judge({**machine, "host": {"name": name}}, RULE)
    assert message.startswith(f"v-h3k9-machine: {RULE} can't judge: ")


LATE = {"lab-cpu": {"kind": "cpu", "model": "Demo C2", "supplier": "Parts Ltd", "lead_time": "25 h"}}
EMPTY = {"lab-cpu": {"kind": "cpu", "model": "Demo C2", "count": "0", "place": "dc1 shelf 3"}}


OTHER = {"lab-cpu": {"kind": "cpu", "model": "Demo C9", "count": "5", "place": "dc1 shelf 3"}}


@pytest.mark.parametrize("spares", [LATE, EMPTY, OTHER], ids=["late", "empty", "of another model"])
def test_a_part_that_nobody_could_replace_in_time(judge, machine, fleet, spares):
    """A new machine is stopped; who stands here, or comes from another host, is not."""
    fleet.edit("fleet.yaml", lambda data: data["spares"].update(spares))
    (message,) = judge(machine, RULE)
    assert (
        "part 2 (cpu C2-0001) names spare lab-cpu, of which no piece lies anywhere and no supplier delivers" in message
    )
    assert "within 24 hours (HW-1)" in message
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, RULE) == []
    fleet.hand_over({UUID: RECORDED | {"host": "lab2"}})
    assert judge(machine, RULE) == []
    fleet.hand_over({})
    assert len(judge(machine, RULE)) == 1
    fleet.hand_over(None)
    assert "can't judge" in judge(machine, RULE)[0]
    assert judge({"name": "vps", "host": {"name": "lab1"}}, RULE, type_="vps:index:StoragePool") == []


def test_a_supplier_who_delivers_on_the_last_hour(judge, machine, fleet):
    fleet.edit("fleet.yaml", lambda data: data["spares"]["lab-cpu"].update(lead_time="24 h"))
    assert judge(machine, RULE) == []


STANDS = "hardware-stays-replaceable"
WRONG = {
    "no inventory": (HOST, lambda data: data.update(inventory=[]), "the inventory lacks server"),
    "warranty": (HOST, lambda data: part(data).update(warranty="2026-01-05"), "lost its warranty 10 days before"),
    "spare": (
        "fleet.yaml",
        lambda data: data["spares"].pop("lab-ram"),
        "names spare lab-ram, which fleet.yaml doesn't",
    ),
    "cabinet": (HOST, lambda data: data.pop("cabinet"), "no cabinet is named"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_line_that_lacks_stops_new_machines_and_is_told_to_the_others(judge, machine, fleet, case):
    file, change, words = WRONG[case]
    fleet.edit(file, change)
    assert words in judge(machine, RULE)[0]
    assert judge(machine, STANDS) == []
    for recorded in (RECORDED, RECORDED | {"host": "lab2"}):
        fleet.hand_over({UUID: recorded})
        assert judge(machine, RULE) == []
        assert words in judge(machine, STANDS)[0]


def test_equipment_given_to_another_stops_who_comes_and_not_who_stands(judge, machine, fleet):
    fleet.edit(HOST, lambda data: data.update(assigned="c-0000"))
    fleet.hand_over({UUID: RECORDED | {"host": "lab2"}})
    assert "it is assigned to c-0000 alone" in judge(machine, RULE)[0]
    assert judge(machine, STANDS) == []
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, RULE) == []
    assert "it is assigned to c-0000 alone" in judge(machine, STANDS)[0]


def test_where_nobody_says_what_was_before_it_is_told_what_lacks(judge, machine, fleet):
    fleet.edit(HOST, lambda data: data.pop("cabinet"))
    fleet.hand_over(None)
    assert "can't judge" in judge(machine, RULE)[0]
    assert "no cabinet is named" in judge(machine, STANDS)[0]
