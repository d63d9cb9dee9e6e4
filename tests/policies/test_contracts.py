"""Terms, versions of terms, and VIP."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.contracts import later
from tests.policies.conftest import CLIENT, RECORDED, UUID

VERSION, TERM, VIP = "contract-version-known", "term-is-sold", "vip-holds"


def sign(fleet, **changes):
    fleet.edit(CLIENT, lambda data: data["contract"].update(changes))


def vip(fleet, since="2026-12-01", accepted="T-7", **more):
    sign(fleet, support="vip", vip={"since": since, "accepted": accepted, **more})


def test_what_was_agreed_passes(judge, machine):
    assert [message for rule in (VERSION, TERM, VIP) for message in judge(machine, rule)] == []


def test_a_version_that_nobody_lists(judge, machine, fleet):
    sign(fleet, version="gold@2020-01")
    (message,) = judge(machine, VERSION)
    assert f"{VERSION} can't judge: catalogue.yaml has no contract version gold@2020-01" in message


@pytest.mark.parametrize("months", ["1", "3", "12"])
def test_terms_that_are_sold(judge, machine, fleet, months):
    fleet.edit_vps(lambda vps: vps["term"].update(months=months))
    assert judge(machine, TERM) == []


@pytest.mark.parametrize("months", ["0", "2", "24", "three", ""])
def test_terms_that_are_not_sold(judge, machine, fleet, months):
    fleet.edit_vps(lambda vps: vps["term"].update(months=months))
    (message,) = judge(machine, TERM)
    assert "is not sold (TERM-1). Write 1, 3 or 12." in message


def test_an_end_before_the_start(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps.update(ends="2026-12-01"))
    assert judge(machine, TERM) == []
    fleet.edit_vps(lambda vps: vps.update(ends="2026-11-30"))
    (message,) = judge(machine, TERM)
    assert "it would end on 2026-11-30, before its term starts on 2026-12-01" in message


def test_a_term_without_a_start(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps["term"].update(start="soon"))
    (message,) = judge(machine, TERM)
    assert "its term has no start" in message


def test_vip_as_accepted_passes(judge, machine, fleet):
    vip(fleet)
    assert judge(machine, VIP) == []
    vip(fleet, until="2027-03-01")
    assert judge(machine, VIP) == []


@pytest.mark.parametrize("level", ["gold", "", "VIP"])
def test_a_level_that_is_none(judge, machine, fleet, level):
    sign(fleet, support=level)
    (message,) = judge(machine, VIP)
    assert "is no support level. Write standard or vip." in message


def test_vip_without_acceptance(judge, machine, fleet):
    vip(fleet, accepted=" ")
    (message,) = judge(machine, VIP)
    assert "(VIP-15" in message


def test_vip_that_is_not_in_force(judge, machine, fleet):
    """It has ended, or nobody says when it began; one that is to come may be written as either."""
    words = "VIP support is not in force today"
    sign(fleet, support="vip")
    assert words in judge(machine, VIP)[0]
    vip(fleet, since="2026-12-06")
    assert judge(machine, VIP) == []
    sign(fleet, support="standard")
    assert judge(machine, VIP) == []
    vip(fleet, since="2026-09-05", until="2026-12-05")
    assert words in judge(machine, VIP)[0]
    vip(fleet, since="2026-09-05", until="2026-12-06")
    assert judge(machine, VIP) == []


def test_vip_in_force_under_standard_support(judge, machine, fleet):
    vip(fleet)
    sign(fleet, support="standard")
    (message,) = judge(machine, VIP)
    assert "VIP is in force since 2026-12-01, but support is standard" in message


def test_who_has_it_already_is_not_stopped(judge, machine, fleet):
    vip(fleet, accepted="")
    fleet.hand_over({UUID: RECORDED | {"vip": True}})
    assert judge(machine | {"order": 0.0}, VIP) == []
    fleet.hand_over({UUID: RECORDED | {"vip": False}})
    assert len(judge(machine | {"order": 0.0}, VIP)) == 1


def test_vip_of_less_than_three_months(judge, machine, fleet):
    vip(fleet, until="2027-02-28")
    (message,) = judge(machine, VIP)
    assert "can't end on 2027-02-28: it lasts three months at least (VIP-16). Write 2027-03-01 or later" in message


def test_vip_that_no_term_can_hold(judge, machine, fleet):
    """VIP-20: three months are left from the activation on, or a term renews."""
    vip(fleet, since="2026-12-02")
    assert judge(machine, VIP) == []
    fleet.edit_vps(lambda vps: vps["term"].update(renew="false"))
    (message,) = judge(machine, VIP)
    assert "no term of the contract renews or holds three months of VIP support from 2026-12-02 on" in message
    vip(fleet, since="2026-12-01")
    assert judge(machine, VIP) == []


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [("2026-01-31", 1, "2026-02-28"), ("2027-11-30", 3, "2028-02-29"), ("2026-12-01", 12, "2027-12-01")],
)
def test_months_later(day, months, found):
    assert later(datetime.date.fromisoformat(day), months) == datetime.date.fromisoformat(found)


@given(st.dates(datetime.date(2020, 1, 1), datetime.date(2090, 1, 1)), st.integers(0, 120))
def test_months_add_up(day, months):
    found = later(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (found + datetime.timedelta(days=1)).day == 1
