"""Plain values survive the wire."""

from hypothesis import given
from hypothesis import strategies as st

from components.provider.properties import UNKNOWN, flatten, from_struct, has_unknown, to_struct

keys = st.text(min_size=1, max_size=8)
leaves = st.booleans() | st.integers(-(2**50), 2**50) | st.text()
bags = st.dictionaries(keys, st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner)))


@given(bags)
def test_round_trip(bag: dict[str, object]) -> None:
    """What goes out comes back, whole numbers as int."""
    assert from_struct(to_struct(bag)) == bag


def test_none_is_left_out() -> None:
    """Pulumi has no null inputs."""
    assert from_struct(to_struct({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


def test_flatten_names_limits_as_people_do() -> None:
    """The dotted keys are those of domain.limits."""
    assert flatten({"disks": {"root": {"iops": 1}}, "dns": ["::1"]}) == {"disks.root.iops": 1, "dns": ["::1"]}


def test_unknown_is_found_anywhere() -> None:
    """A preview may not know a nested value yet."""
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "known"}]})
