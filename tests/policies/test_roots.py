"""Accounts and root are those that the line grants upon request."""

import pytest

from tests.policies.conftest import CLIENT, KEY, RECORDED, UUID

RULE = "access-is-listed"


def users(machine):
    return machine["seed"]["values"]["users"]


def test_the_list_as_granted_passes(judge, machine):
    assert judge(machine, RULE) == []


def test_somebody_who_is_not_listed(judge, machine):
    users(machine).append({"name": "eve", "keys": [f"{KEY} eve"], "root": False})
    (message,) = judge(machine, RULE)
    assert message.startswith("example-coop/web1: eve would get in, but `access` of its line lists no such person")


def test_root_that_was_not_granted(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps["access"][0].update(root="false"))
    (message,) = judge(machine, RULE)
    assert "ada would get root, but the list gives none (VPS-6)" in message


def test_root_that_is_lacking(judge, machine):
    users(machine)[0]["root"] = False
    (message,) = judge(machine, RULE)
    assert "ada would lack the root that the list gives" in message


def test_an_account_that_is_lacking(judge, machine):
    users(machine).clear()
    (message,) = judge(machine, RULE)
    assert "ada has access by the file, but the guest doesn't get the account" in message


@pytest.mark.parametrize("key", ["since", "request"])
@pytest.mark.parametrize("value", [None, "", " "])
def test_a_grant_without_its_record(judge, machine, fleet, key, value):
    fleet.edit_vps(lambda vps: vps["access"][0].pop(key) if value is None else vps["access"][0].update({key: value}))
    (message,) = judge(machine, RULE)
    assert "ada has access (VPS-6)" in message
    assert f"Write `{key}`" in message


def test_another_key_than_the_contacts(judge, machine):
    users(machine)[0]["keys"] = [f"{KEY[:-4]}AAAA ada"]
    (message,) = judge(machine, RULE)
    assert "with a key that contacts.ada doesn't have" in message


def test_the_comment_of_a_key_does_not_matter(judge, machine):
    users(machine)[0]["keys"] = [f"{KEY} another comment"]
    assert judge(machine, RULE) == []


def test_a_grant_that_is_over_lets_nobody_into_a_new_guest(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps["access"][0].update(until="2026-12-06"))
    assert judge(machine, RULE) == []
    fleet.edit_vps(lambda vps: vps["access"][0].update(until="2026-12-05"))
    (message,) = judge(machine, RULE)
    assert "access of ada is over by `until`" in message
    fleet.hand_over({UUID: RECORDED})
    assert judge(machine, RULE) == []


def test_a_grant_that_was_given_again(judge, machine, fleet):
    def again(vps):
        vps["access"].append(vps["access"][0] | {"since": "2026-12-04", "request": "T-2"})
        vps["access"][0]["until"] = "2026-12-03"

    fleet.edit_vps(again)
    assert judge(machine, RULE) == []


def test_an_adopted_machine_has_no_list_of_ours(judge, machine):
    del machine["seed"]
    assert judge({**machine, "adopted": True}, RULE) == []


def test_a_contact_that_is_gone(judge, machine, fleet):
    fleet.edit(CLIENT, lambda data: data["contacts"].pop("ada"))
    (message,) = judge(machine, RULE)
    assert "contacts.ada doesn't have" in message
