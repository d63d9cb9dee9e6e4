"""Rendering: quoting, strictness, digests, silence."""

import copy

import jinja2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from components.cloudinit import ValuesError, check_values, render, template_digest
from components.cloudinit import contract as contracts
from components.cloudinit import template as templates
from components.cloudinit.contract import contract
from components.cloudinit.template import addresses, as_json, gecos, quote
from components.domain.problems import DomainError


def example():
    return copy.deepcopy({name: variable.example for name, variable in contract("base").variables.items()})


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_text_reads_back(text):
    """Whatever the text, YAML gives it back, on one line, in ASCII, also as a key and inside a list."""
    quoted = quote(text)
    assert quoted.isascii()
    assert "\n" not in quoted
    assert yaml.safe_load(f"key: {quoted}") == {"key": text}
    assert yaml.safe_load(f"- [a, {quoted}]") == [["a", text]]


@settings(deadline=None)
@given(st.integers() | st.booleans())
def test_quoted_scalars_read_back(value):
    assert yaml.safe_load(quote(value)) is value or yaml.safe_load(quote(value)) == value


@pytest.mark.parametrize("value", [None, 1.5, [], {}])
def test_only_scalars_are_quoted(value):
    with pytest.raises(TypeError, match="quote takes"):
        quote(value)


@settings(deadline=None)
@given(st.text())
def test_gecos_fits_into_passwd(name):
    assert not set(gecos(name)) & set(":,=\n\r\0\u2028")
    assert gecos(gecos(name)) == gecos(name)


def test_json_reads_back_in_an_order_of_its_own():
    """Whole floats, as state hands numbers over, are numbers again; what nobody declared is an error."""
    assert as_json({"b": 2.0, "a": ["é", None, True, 1.5]}) == '{"a":["é",null,true,1.5],"b":2}'
    with pytest.raises(jinja2.UndefinedError):
        as_json([jinja2.StrictUndefined(name="x")])


def test_addresses_come_bare_from_every_interface():
    nics = {"n0": {"addresses": ["192.0.2.10/24"]}, "n1": {"addresses": ["2001:db8::1/64", "192.0.2.11/24"]}}
    assert addresses(nics) == ["192.0.2.10", "2001:db8::1", "192.0.2.11"]


def test_equal_values_give_equal_texts():
    assert render("base", example()) == render("base", example())


def test_bad_values_stop_rendering_and_its_check_alike():
    values = {**example(), "fqdn": "nodots"}
    with pytest.raises(ValuesError) as rendered:
        render("base", values)
    with pytest.raises(ValuesError) as checked:
        check_values("base", values)
    assert str(rendered.value) == str(checked.value)


def test_a_rendered_seed_does_not_show_its_text():
    shown = repr(render("base", example()))
    assert "Ada" not in shown
    assert "characters" in shown


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A templates folder of the test's own."""

    def forget():
        for cached in (contract, template_digest, templates._compile, templates._environment):
            cached.cache_clear()

    for module in (contracts, templates):
        monkeypatch.setattr(module, "TEMPLATES", tmp_path)
    forget()
    (tmp_path / "plain").mkdir()
    for file in templates.FILES:
        (tmp_path / f"plain/{file}.yaml.j2").write_text("a: {{ a | quote }}\n")
    (tmp_path / "variables.yaml").write_text(
        "templates: {plain: {a: {type: text, description: A, example: x}}}\nrecords: {}\n"
    )
    yield tmp_path, forget
    forget()


def test_the_digest_follows_files_and_contract(elsewhere):
    """Each file and each type counts; a better description does not."""
    folder, forget = elsewhere
    digests = [template_digest("plain")]
    for path, old, new in (
        ("variables.yaml", "description: A", "description: Better"),
        ("variables.yaml", "type: text", "type: line"),
        ("plain/meta-data.yaml.j2", "a: ", "a:  "),
    ):
        (folder / path).write_text((folder / path).read_text().replace(old, new))
        forget()
        digests.append(template_digest("plain"))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert all(len(digest) == 64 for digest in digests)


def test_an_undeclared_variable_stops_rendering(elsewhere):
    """StrictUndefined: nothing is ever silently empty."""
    folder, forget = elsewhere
    (folder / "plain/user-data.yaml.j2").write_text("a: {{ b | quote }}\n")
    forget()
    with pytest.raises(DomainError, match="Unable to render template plain: 'b' is undefined"):
        render("plain", {"a": "x"})


def test_an_unknown_type_in_the_contract_is_named(elsewhere):
    folder, forget = elsewhere
    (folder / "variables.yaml").write_text(
        "templates: {plain: {a: {type: list of txt, description: A, example: x}}}\nrecords: {}\n"
    )
    forget()
    with pytest.raises(contracts.DomainError, match="txt is neither a kind nor a record"):
        contract("plain")
