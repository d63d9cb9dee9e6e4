"""The mark survives text, and what we can't read is nobody's."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.drivers.base import SCHEMA, Mark, Phase
from components.drivers.marks import as_values, from_values

MARK = Mark(
    fleet="demo", backend="b", urn="urn:x", client="c-q7m2", vps="v-h3k9", phase=Phase.READY, incarnation="f00d"
)


@given(
    st.builds(
        Mark,
        fleet=st.text(),
        backend=st.text(),
        urn=st.text(),
        client=st.text(),
        vps=st.text(),
        phase=st.sampled_from(Phase),
        incarnation=st.text(),
        revision=st.integers(min_value=0),
        reinstall=st.integers(min_value=0),
        wish=st.sampled_from(["running", "off"]),
        schema=st.just(SCHEMA),
        previous=st.text(),
        power=st.sampled_from(["managed", "stopped", "suspended"]),
        order=st.integers(0),
        move=st.text(),
    )
)
def test_a_mark_comes_back_from_its_values(mark):
    assert from_values(as_values(mark)) == mark


LATER = ("previous", "power", "order", "move")
"""Fields that marks of the first release may lack."""


@pytest.mark.parametrize("field", [name for name in as_values(MARK) if name not in LATER])
def test_a_mark_that_lacks_a_field_is_none(field):
    values = as_values(MARK)
    del values[field]

    assert from_values(values) is None


def test_a_mark_of_the_first_release_is_read():
    values = {name: value for name, value in as_values(MARK).items() if name not in LATER}

    assert from_values(values) == replace(MARK, power="")


@pytest.mark.parametrize("change", [{"schema": str(SCHEMA + 1)}, {"schema": "0"}, {"phase": "new"}, {"revision": "x"}])
def test_a_mark_of_a_newer_program_is_not_read_as_ours(change):
    assert from_values({**as_values(MARK), **change}) is None


def test_equal_marks_have_equal_values():
    assert as_values(replace(MARK, revision=2)) == {**as_values(MARK), "revision": "2"}
