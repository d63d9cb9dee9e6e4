"""One machine among several fake hosts, as the engine asks for it: where it is found, or not."""

import pytest

from components.drivers.base import Power
from components.drivers.errors import HostUnreachable, Refused
from components.provider import facts
from tests.provider.one_host import URN


def test_nothing_is_created_while_a_host_is_silent_unless_it_is_declared_lost(fleet, home):
    fleet.silence("lab2")
    with pytest.raises(HostUnreachable, match=r"could not tell whether lab2 holds it.*vps host lost lab2"):
        fleet.resource().create(URN, home)
    assert fleet.machine("lab1", home) is None

    fleet.declare_lost("lab2")
    fleet.resource().create(URN, home)

    assert fleet.machine("lab1", home).power is Power.RUNNING


def test_a_machine_that_another_host_holds_is_not_created_a_second_time(fleet, home):
    fleet.resource().create(URN, home)
    with pytest.raises(Refused, match=r"lab1 holds it already.*Declare `host: lab1`"):
        fleet.resource().create(URN, fleet.placed(home, "lab2"))

    assert fleet.holders(home) == ["lab1"]


def test_a_preview_of_a_machine_that_another_host_holds_is_refused_too(fleet, home):
    fleet.resource().create(URN, home)
    with pytest.raises(Refused, match="lab1 holds it already"):
        fleet.resource().announce(URN, fleet.placed(home, "lab2"))
    fleet.silence("lab1")
    assert "could not look" in fleet.resource().announce(URN, fleet.placed(home, "lab2"))


def test_gone_is_said_only_when_every_host_has_answered(fleet, home):
    state = fleet.make(home)
    (fleet.folder / f"lab1/world/domains/{home['uuid']}.json").unlink()
    fleet.silence("lab2")
    with pytest.raises(HostUnreachable, match="could not tell whether lab2 holds it"):
        fleet.resource().read(home["uuid"], URN, state, home)
    fleet.speak("lab2")

    _, after, _ = fleet.resource().read(home["uuid"], URN, state, home)

    assert after["status"] == facts.MISSING
    with pytest.raises(Refused, match="every other host answered"):
        fleet.up(home, state, home)


def test_what_another_host_keeps_in_its_trash_is_neither_made_anew_nor_its_address_given_away(fleet, home):
    state = fleet.make({**home, "ends": "2026-11-22"})
    fleet.resource().delete(home["uuid"], state)

    for elsewhere in (
        fleet.placed(home, "lab2"),
        fleet.placed({**home, "name": "demo-other"}, "lab2", uuid="11111111-2222-3333-4444-555555555555"),
    ):
        with pytest.raises(Refused, match="lab1 has it in its trash"):
            fleet.resource().create(URN, elsewhere)
        with pytest.raises(Refused, match="lab1 has it in its trash"):
            fleet.resource().announce(URN, elsewhere)

    assert list(fleet.driver("lab2").read_all()) == []
    fleet.driver("lab1").empty(home["uuid"], "2027-01-01", "")
    fleet.resource().create(URN, fleet.placed(home, "lab2"))
    assert fleet.holders(home) == ["lab2"]


def test_an_edit_gives_nobody_an_address_in_quarantine(fleet, home):
    other = {**home, "uuid": "11111111-2222-3333-4444-555555555555", "name": "demo-other", "title": "other/web1"}
    other["nics"] = {"n0": {**home["nics"]["n0"], "addresses": ["192.0.2.11/24"], "mac": "52:54:00:00:00:02"}}
    _, ended = fleet.resource().create(URN, {**other, "ends": "2026-11-22"})
    fleet.resource().delete(other["uuid"], ended)
    there = fleet.placed(home, "lab2")
    state = fleet.make(there)
    wanted = {**there, "nics": {"n0": {**there["nics"]["n0"], "addresses": ["192.0.2.11/24"]}}}

    for act in (
        lambda: fleet.up(there, state, wanted),
        lambda: fleet.resource().preview_update(state, wanted, fleet.resource().changes(there, state, wanted)),
    ):
        with pytest.raises(Refused, match=r"192\.0\.2\.11 is in quarantine: it belonged to other/web1"):
            act()
    assert fleet.machine("lab2", home).addresses == {"n0": ("192.0.2.10/24",)}

    fleet.driver("lab1").empty(other["uuid"], "2027-01-01", "")
    fleet.up(there, state, wanted)
    assert fleet.machine("lab2", home).addresses == {"n0": ("192.0.2.11/24",)}


def test_an_end_finds_the_machine_where_an_earlier_run_brought_it(fleet, home):
    state = fleet.make({**home, "ends": "2026-11-22"})
    wanted = fleet.moved(home, ends="2026-11-22")
    fleet.up({**home, "ends": "2026-11-22"}, state, wanted)

    words = fleet.resource().delete(home["uuid"], state)

    assert "in the trash of lab2" in words
    assert fleet.holders(home) == []
    assert [found.why for found in fleet.driver("lab2").read_trash()] == ["ended"]
