"""What is left of a broken file, for judging the rest."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.config.client_file import ClientFile
from components.config.documents import parse
from components.config.draft import draft
from tests.config.conftest import STACKS


def data() -> dict[str, Any]:
    found = parse((STACKS / "clients" / "example-coop.yaml").read_bytes()).data
    assert found is not None
    return found


def test_a_whole_file_loses_nothing() -> None:
    rest, dropped = draft(data(), ClientFile)
    assert rest == ClientFile.model_validate(data())
    assert dropped == frozenset()


def test_an_unknown_key_is_taken_out_alone() -> None:
    broken = data()
    broken["vps"]["web1"]["colour"] = "red"
    rest, dropped = draft(broken, ClientFile)
    assert rest == ClientFile.model_validate(data())
    assert dropped == {("vps", "web1", "colour")}


def test_a_missing_key_is_stood_in_for() -> None:
    broken = data()
    del broken["vps"]["web1"]["package"]
    broken["language"] = 7
    rest, dropped = draft(broken, ClientFile)
    assert rest is not None
    assert rest.vps["web1"].ipv4 == ("192.0.2.10",)
    assert {("vps", "web1", "package"), ("language",)} <= dropped


def test_lists_are_taken_out_whole() -> None:
    broken = data()
    broken["vps"]["web1"]["access"][0]["since"] = 5
    rest, dropped = draft(broken, ClientFile)
    assert rest is not None
    assert rest.vps["web1"].access == ()
    assert dropped == {("vps", "web1", "access")}


def test_the_data_itself_stays_as_it_was() -> None:
    broken = data()
    broken["vps"] = 3
    draft(broken, ClientFile)
    assert broken["vps"] == 3


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ClientFile.model_fields, "other"]), JUNK))
def test_junk_never_raises(junk: dict[str, object]) -> None:
    rest, dropped = draft(junk, ClientFile)
    assert rest is None or isinstance(dropped, frozenset)
