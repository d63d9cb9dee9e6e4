"""What every file model shares: strictness, and pydantic's errors told in our words."""

import ast
import difflib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from textwrap import dedent
from types import UnionType
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from components.config.documents import Document, Flaw

Steps = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


NEVER_EMPTY: dict[str, JsonValue] = {"minProperties": 1}
"""For a field that is a mapping of names: its file must name at least one."""


class Shape(BaseModel):
    """A mapping in a file: no unknown keys, no conversions, no change after reading."""

    # What is written under a field is read by `documentation`: pydantic would parse our sources at every start.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    stand_ins: ClassVar[Mapping[str, object]] = {}
    """For required keys, what takes their place while the rest of a broken file is judged. Never used otherwise."""


class FileShape(Shape):
    """A whole file."""

    def empty(self) -> Iterator[Flaw]:
        """A flaw for each mapping that names nothing but must."""
        for key, field in type(self).model_fields.items():
            if field.json_schema_extra == NEVER_EMPTY and not getattr(self, key):
                yield Flaw((key,), 0, "It is empty.", "Declare at least one.")


_TYPES = {
    "string_type": ("text", "Put it in quotes, or write text."),
    "int_type": ("a whole number", "Write a whole number without quotes or unit."),
    "bool_type": ("true or false", "Write true or false without quotes."),
    "list_type": ("a list", "Write it in brackets: [one, two]."),
    "tuple_type": ("a list", "Write it in brackets: [one, two]."),
    "dict_type": ("a mapping", "Write `name: …` lines, indented by two spaces."),
    "model_type": ("a mapping", "Write `key: value` lines, indented by two spaces."),
    "model_attributes_type": ("a mapping", "Write `key: value` lines, indented by two spaces."),
}


@cache
def documentation(model: type[BaseModel]) -> Mapping[str, str]:
    """What is written under the fields of a model, by field; from its source, so it takes a while."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if kind is BaseModel or not issubclass(kind, BaseModel):
            continue
        (described,) = ast.parse(dedent(inspect.getsource(kind))).body
        assert isinstance(described, ast.ClassDef)
        for field, text in pairwise(described.body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(written))) if (
                    name in model.model_fields
                ):
                    found[name] = inspect.cleandoc(written)
    return found


def shaped(document: Document, model: type[Model]) -> tuple[Model | None, list[Flaw]]:
    """A document's data as a model, None where they don't fit; and every flaw of text and shape."""
    if document.data is None:
        return None, list(document.flaws)
    try:
        return model.model_validate(document.data), list(document.flaws)
    except ValidationError as error:
        return None, [*document.flaws, *flaws(error, model)]


def flaws(error: ValidationError, model: type[BaseModel]) -> Iterator[Flaw]:
    """Each of pydantic's errors as a flaw without line: what was seen, what to write."""
    for detail in error.errors(include_url=False):
        path = location(detail)
        message, remedy = _explain(detail, path, model)
        yield Flaw(path, 0, message, remedy)


def location(detail: ErrorDetails) -> Steps:
    """Where an error is; pydantic's own step for a mapping's key is dropped."""
    return tuple(step for step in detail["loc"] if step != "[key]")


def _explain(detail: ErrorDetails, path: Steps, model: type[BaseModel]) -> tuple[str, str]:
    kind, seen, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "domain":
        return str(context["message"]), str(context["remedy"])
    if kind == "extra_forbidden":
        known = sorted(keys_at(model, path[:-1]))
        below = sorted(key for key in known if str(path[-1]) in keys_at(model, (*path[:-1], key)))
        remedy = f"It belongs under {' or '.join(f'`{key}:`' for key in below)}." if below else ""
        return f"There is no key `{_cut(str(path[-1]))}` here.", remedy or _nearest(str(path[-1]), known)
    if kind == "missing":
        return f"`{path[-1]}` is missing.", f"Add `{path[-1]}: …`{_hint(model, path)}."
    if kind in _TYPES:
        wanted, remedy = _TYPES[kind]
        return f"{_shown(seen)} stands where {wanted} belongs.", remedy
    if kind == "too_short":
        return "It is empty.", "Write at least one."
    if kind == "string_too_short":
        return "It is empty.", "Write what it is."
    if kind in ("greater_than_equal", "greater_than"):
        return f"{_shown(seen)} is too small.", f"{detail['msg'].removeprefix('Input should be ').capitalize()}."
    if kind in ("less_than_equal", "less_than"):
        bound = context.get("le", context.get("lt"))
        return f"{_shown(seen)} is too large.", f"Write {'at most' if 'le' in context else 'less than'} {bound}."
    return f"{_shown(seen)} can't stand here: {detail['msg']}.", "See the JSON Schema: `vps schema`."


def _nearest(key: str, known: list[str]) -> str:
    if not known:
        return "Remove it."
    close = difflib.get_close_matches(key[:100], known, n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(known)}."


def _hint(model: type[BaseModel], path: Steps) -> str:
    owner = model_at(model, path[:-1])
    field = owner.model_fields.get(str(path[-1])) if owner else None
    description = documentation(owner).get(str(path[-1])) if owner and field else None
    return f" ({description.splitlines()[0].rstrip('.')})" if description else ""


def _shown(value: object) -> str:
    if value is None:
        return "Nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "A mapping"
    if isinstance(value, list | tuple):
        return "A list"
    text = repr(value) if isinstance(value, int) else f'"{value}"'
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def keys_at(model: type[BaseModel], path: Steps) -> set[str]:
    """The keys that the mapping at `path` knows."""
    owner = model_at(model, path)
    return {field.alias or name for name, field in owner.model_fields.items()} if owner else set()


def model_at(model: type[BaseModel], path: Steps) -> type[BaseModel] | None:
    """The model of the mapping at `path`; None when there is no model."""
    kind: Any = model
    for step in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(step))
            kind = field.annotation if field else None
        else:
            arguments = get_args(kind)
            kind = arguments[-1] if isinstance(step, str) and arguments else arguments[0] if arguments else None
        while get_origin(kind) in (Union, UnionType):
            kind = next((one for one in get_args(kind) if one is not type(None)), None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
