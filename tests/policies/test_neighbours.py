"""Its own MAC and addresses only."""

import pytest
from pulumi_policy import EnforcementLevel

from policies.neighbours import RULES
from policies.pack import policy

RULE = "own-addresses-only"


@pytest.mark.parametrize("nic", [{"antispoof": True}, {}])
def test_a_guarded_machine_passes(judge, machine, nic):
    assert judge({**machine, "nics": {"n0": machine["nics"]["n0"] | nic}}, RULE) == []


def test_one_that_is_open_is_told(judge, machine):
    (message,) = judge({**machine, "nics": {"n0": machine["nics"]["n0"] | {"antispoof": False}}}, RULE)
    assert message.startswith("example-coop/web1: anti-spoofing is off on n0")
    assert "antispoof: false" in message


def test_it_stops_nothing():
    """An adopted machine begins without, and must be able to be brought up to date."""
    assert [policy(rule).enforcement_level for rule in RULES] == [EnforcementLevel.ADVISORY]
