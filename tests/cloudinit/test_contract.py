"""Values are held against the contract: everything wrong at once, and no value in the message."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.cloudinit.contract import ValuesError, contract
from components.domain.problems import DomainError


def example():
    return copy.deepcopy({name: variable.example for name, variable in contract("base").variables.items()})


def test_examples_fit():
    """The contract's own examples fit, those of its records too."""
    contract("base").check(example())
    for fields in contract("base").records.values():
        assert fields


def test_all_that_is_wrong_is_said_at_once():
    values = example()
    del values["fqdn"]
    values["pasword"] = "hunter2"
    values["hostname"] = "Web 1 is private"
    values["users"][0]["keys"] = "ssh-ed25519 AAAA"
    values["users"][1] = ["ada"]
    values["nics"]["N 0"] = values["nics"]["n0"]
    values["nics"]["n0"] = {**values["nics"]["n0"], "addresses": ["192.0.2.10"], "mtu": 1500}
    values["dns"] = None
    with pytest.raises(ValuesError) as caught:
        contract("base").check(values)
    message = str(caught.value)
    assert message.startswith("Unable to render template base: 9 of its values do not fit. ")
    assert message.endswith("Compare them with templates/variables.yaml, base.")
    for part in (
        "fqdn: missing.",
        "pasword: the template has no such variable.",
        "hostname: expected a DNS label in lower case, got another text.",
        "users.0.keys: expected a list, got another text.",
        "users.1: expected a map, got a list.",
        "nics (a key): expected a DNS label in lower case, got another text.",
        "nics.n0.addresses.0: expected an address with prefix length, such as 192.0.2.10/24, got another text.",
        "nics.n0.mtu: the template has no such variable.",
        "dns: expected a list, got nothing.",
    ):
        assert part in message
    assert "hunter2" not in message
    assert "private" not in message


def test_what_is_optional_may_be_absent_or_null_and_nothing_else():
    """State can't tell one from the other; what is there must fit."""
    values = example()
    del values["settings"]["acme"]
    values["settings"]["backup"] = None
    contract("base").check(values)
    values["settings"]["restore"] = {"archive": 5}
    with pytest.raises(ValuesError, match=r"settings\.restore\.archive: expected a text of one line"):
        contract("base").check(values)
    del values["settings"]["restore"], values["settings"]["email"]
    with pytest.raises(ValuesError, match=r"settings\.email: missing"):
        contract("base").check(values)


def test_an_unknown_template_is_named():
    with pytest.raises(DomainError, match=r"Unable to find template basic: there are base\. Choose one of them\."):
        contract("basic")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(name=st.sampled_from(sorted(example())), value=anything)
def test_anything_is_judged_without_a_crash(name, value):
    """Any JSON value in any place either fits or is a ValuesError."""
    found = contract("base").checker.problems({**example(), name: value})
    assert all(place.startswith(f".{name}") for place, _ in found)


def test_the_canonical_form_is_names_and_types():
    text = contract("base").canonical()
    assert b'"fqdn": "fqdn"' in text
    assert b"Ada Ruiz" not in text
