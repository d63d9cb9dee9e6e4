"""What is handed over: it excuses what was there, and its absence is named."""

import datetime

import pytest

from policies import known
from policies.declared import DeclaredError
from policies.machine import Resource
from tests.policies.conftest import RECORDED, UUID


def machine(uuid=UUID):
    return Resource(type="vps:index:Machine", name="m", protected=True, properties={"uuid": uuid})


def test_what_was_recorded_is_found_by_uuid(fleet):
    fleet.hand_over({UUID: RECORDED})
    assert known.before(UUID) == RECORDED
    assert known.amount(known.before(UUID), "memoryMib") == 2048
    assert known.before("other") == known.before(None) == {}
    assert not known.is_new_on(machine(), "lab1")
    assert known.is_new_on(machine(), "lab2")
    assert known.is_new_on(machine("other"), "lab1")


def test_an_adopted_machine_is_nothing_new_where_it_is(fleet):
    adopted = Resource(type="vps:index:Machine", name="m", protected=True, properties={"uuid": "a", "adopted": True})
    assert not known.is_new_on(adopted, "lab1")
    assert not known.is_new(adopted)
    assert known.is_new(machine())
    fleet.hand_over({"a": RECORDED})
    assert known.is_new_on(adopted, "lab2")


@pytest.mark.parametrize("how", ["no variable", "null"])
def test_without_it_nothing_can_be_called_new(fleet, monkeypatch, how):
    if how == "null":
        fleet.hand_over(None)
    else:
        monkeypatch.delenv("VPS_KNOWN")
        fleet.forget()
    with pytest.raises(DeclaredError, match=r"nothing says what this stack had before.*Apply it with `vps up`"):
        known.is_new_on(machine(), "lab1")
    assert known.state("lab1") == "active"


@pytest.mark.parametrize("content", ["{", "[]", None])
def test_a_broken_file_is_named(fleet, content):
    if content is None:
        fleet.known.unlink()
    else:
        fleet.known.write_text(content)
    fleet.forget()
    with pytest.raises(DeclaredError, match="VPS_KNOWN"):
        known.machines()


def test_states_of_hosts(fleet):
    fleet.hand_over({}, lab1="draining")
    assert known.state("lab1") == "draining"
    assert known.state("lab2") == "active"


def test_the_day_is_that_of_utc(monkeypatch):
    monkeypatch.undo()
    before = datetime.datetime.now(datetime.UTC).date()
    assert before <= known.today() <= datetime.datetime.now(datetime.UTC).date()
