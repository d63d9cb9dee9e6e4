"""The view of a bag, whatever the bag holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.machine import MACHINE, Machine, Resource, whole
from policies.pack import POLICIES


def resource(properties, type_=MACHINE):
    return Resource(type=type_, name="r", protected=True, properties=properties)


def test_the_view_of_a_good_machine(machine):
    found = resource(machine)
    assert (found.title, found.host, found.is_machine) == ("example-coop/web1", "lab1", True)
    view = Machine(found)
    assert (view.client, view.package, view.ends) == ("c-q7m2", "small@2026-01", "")
    assert view.limits["disks.root.sizeGib"] == 10
    assert [user["name"] for user in view.users] == ["ada"]


def test_a_resource_without_a_title_is_called_by_its_name():
    assert resource({}).title == "r"
    assert not resource({}, "vps:index:Image").is_machine


@pytest.mark.parametrize(
    ("value", "number"), [(2.0, 2), (0, 0), (1.5, None), (True, None), ("2", None), (None, None), (float("nan"), None)]
)
def test_whole_numbers(value, number):
    assert whole(value) == number


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["title", "client", "package", "host", "vcpus", "disks", "nics", "seed", "ends", "schema"]


@given(properties=st.dictionaries(st.sampled_from(KEYS), anything))
@settings(deadline=None)
def test_no_bag_makes_a_rule_crash(properties):
    """An exception in a policy stops the whole operation without a word: none leaves a rule."""
    from pulumi_policy import ResourceValidationArgs

    for policy in POLICIES:
        for type_ in (MACHINE, "vps:index:Image"):
            args = ResourceValidationArgs(type_, properties, "urn", "r", None, None, {})
            policy.validate(args, lambda message, urn=None: None)
