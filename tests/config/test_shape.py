"""pydantic's errors in our words, and models found by path."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from components.config.documents import parse
from components.config.shape import NEVER_EMPTY, FileShape, Shape, documentation, flaws, keys_at, model_at, shaped
from components.config.texts import Text


class Inner(Shape):
    """Something inside."""

    memory: Text
    count: Annotated[int, Field(ge=1, le=9)] = 1


class Outer(FileShape):
    """A file."""

    name: Text
    """What people call it."""
    on: bool = True
    inner: Inner | None = None
    many: dict[str, Inner] = Field(default_factory=dict, json_schema_extra=NEVER_EMPTY)
    """First line.

    More.
    """
    tags: Annotated[tuple[Text, ...], Field(strict=False)] = ()


@pytest.mark.parametrize(
    ("data", "path", "said"),
    [
        ({"nam": "x", "name": "x"}, ("nam",), "There is no key `nam` here. Did you mean `name`?"),
        ({"zzzz": 1, "name": "x"}, ("zzzz",), "Known here: inner, many, name, on, tags."),
        ({"memory": "1", "name": "x"}, ("memory",), "There is no key `memory` here. It belongs under `inner:`."),
        ({}, ("name",), "`name` is missing. Add `name: …` (What people call it)."),
        ({"name": 5}, ("name",), "5 stands where text belongs. Put it in quotes, or write text."),
        ({"name": None}, ("name",), "Nothing stands where text belongs."),
        ({"name": "x", "on": "true"}, ("on",), '"true" stands where true or false belongs.'),
        ({"name": "x", "inner": []}, ("inner",), "A list stands where a mapping belongs."),
        ({"name": "x", "many": "y"}, ("many",), '"y" stands where a mapping belongs.'),
        ({"name": "x", "tags": "y"}, ("tags",), '"y" stands where a list belongs.'),
        ({"name": "x", "tags": ["y", 1]}, ("tags", 1), "1 stands where text belongs."),
        ({"name": "x", "many": {"a": {"memry": "1", "memory": "1"}}}, ("many", "a", "memry"), "mean `memory`?"),
        ({"name": "x", "inner": {"memory": "1", "count": 0}}, ("inner", "count"), "0 is too small."),
        (
            {"name": "x", "inner": {"memory": "1", "count": 10}},
            ("inner", "count"),
            "10 is too large. Write at most 9.",
        ),
        ({"name": "x", "inner": {"memory": "1", "count": "3"}}, ("inner", "count"), "where a whole number belongs"),
        ({"name": "x", "inner": {"memory": "1", "count": True}}, ("inner", "count"), "true stands where"),
        ({"name": " "}, ("name",), "It is empty."),
    ],
)
def test_each_error_is_a_sentence_with_a_remedy(data: dict[str, object], path: tuple[object, ...], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    (flaw,) = flaws(caught.value, Outer)
    assert flaw.path == path
    assert said in f"{flaw.message} {flaw.remedy}"


def test_long_values_are_cut() -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"name": "x", "k" * 100_000: 1, "on": "v" * 100_000})
    for flaw in flaws(caught.value, Outer):
        assert len(flaw.message) < 200


def test_mappings_that_must_name_something() -> None:
    assert [flaw.path for flaw in Outer(name="x").empty()] == [("many",)]
    assert list(Outer(name="x", many={"a": Inner(memory="1")}).empty()) == []


def test_models_by_path() -> None:
    assert model_at(Outer, ()) is Outer
    assert model_at(Outer, ("inner",)) is Inner
    assert model_at(Outer, ("many", "anything")) is Inner
    assert model_at(Outer, ("tags", 0)) is None
    assert model_at(Outer, ("nothing", "at", "all")) is None
    assert keys_at(Outer, ("inner",)) == {"memory", "count"}


def test_what_stands_under_a_field_documents_it() -> None:
    assert documentation(Outer) == {"name": "What people call it.", "many": "First line.\n\nMore."}
    assert documentation(Inner) == {}


def test_a_document_has_its_shape_or_every_flaw():
    """Those of its text as well."""
    whole, found = shaped(parse(b"name: a\n"), Outer)
    assert (whole, found) == (Outer(name="a"), [])
    whole, found = shaped(parse(b"name: a\nname: b\nonn: true\n"), Outer)
    assert whole is None
    assert any("onn" in flaw.message for flaw in found)
    assert len(found) == 2
    whole, found = shaped(parse(b"a: b: c\n"), Outer)
    assert (whole, bool(found)) == (None, True)
