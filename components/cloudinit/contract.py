"""The contract of the templates: which values each of them takes, and whether given values fit.

Read from `templates/variables.yaml`. A type is a kind (`components.cloudinit.kinds`), a record of that file,
`list of`, `map of` or `optional` one of them.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from components.cloudinit.kinds import KINDS, Check
from components.domain.problems import DomainError

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
"""The data folder beside this package, in a checkout and in an installed wheel alike."""


class ValuesError(DomainError):
    """The values do not fit the template's contract; the message lists all that is wrong, and no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One declared value of a template."""

    name: str
    type: str
    description: str
    example: object
    secret: bool = False


Found = list[tuple[str, str]]
"""Places, from the inside out with a leading dot, and what was expected there."""


class Checker:
    """Finds what does not fit; a place is spelled out only when something is found, as nearly every value fits."""

    def problems(self, value: object) -> Found:
        """Every way in which `value` does not fit."""
        raise NotImplementedError


class _Kind(Checker):
    def __init__(self, check: Check) -> None:
        self.check = check

    def problems(self, value: object) -> Found:
        expected = self.check(value)
        return [("", f"expected {expected}, got {_seen(value)}.")] if expected else []


class _List(Checker):
    def __init__(self, item: Checker) -> None:
        self.item = item

    def problems(self, value: object) -> Found:
        if not isinstance(value, list | tuple):
            return [("", f"expected a list, got {_seen(value)}.")]
        found: Found = []
        for index, item in enumerate(value):
            if inner := self.item.problems(item):
                found += _within(str(index), inner)
        return found


class _Map(Checker):
    def __init__(self, item: Checker) -> None:
        self.item = item
        self.key = _Kind(KINDS["label"])

    def problems(self, value: object) -> Found:
        if not isinstance(value, Mapping):
            return [("", f"expected a map, got {_seen(value)}.")]
        found: Found = []
        for key, item in value.items():
            found += ((" (a key)", said) for _, said in self.key.problems(key))
            if inner := self.item.problems(item):
                found += _within(str(key), inner)
        return found


class _Optional(Checker):
    """A field of a record that may be absent, which state can't tell from null."""

    def __init__(self, inner: Checker) -> None:
        self.inner = inner

    def problems(self, value: object) -> Found:
        return self.inner.problems(value)


class _Record(Checker):
    def __init__(self, fields: Mapping[str, Checker]) -> None:
        self.fields = fields

    def problems(self, value: object) -> Found:
        if not isinstance(value, Mapping):
            return [("", f"expected a map, got {_seen(value)}.")]
        found: Found = []
        for name, checker in self.fields.items():
            if isinstance(checker, _Optional) and value.get(name) is None:
                continue
            if name not in value:
                found.append((f".{name}", "missing."))
            elif inner := checker.problems(value[name]):
                found += _within(name, inner)
        unknown = sorted(str(name) for name in value.keys() - self.fields.keys())
        return found + [(f".{name}", "the template has no such variable.") for name in unknown]


def _within(step: str, inner: Found) -> Found:
    return [(f".{step}{place}", said) for place, said in inner]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What one template takes. `records` are the shapes that its types name."""

    template: str
    variables: Mapping[str, Variable]
    records: Mapping[str, Mapping[str, Variable]]
    checker: Checker

    def check(self, values: Mapping[str, object]) -> None:
        """Raises ValuesError with every value that is missing, unknown or of another type."""
        if found := self.checker.problems(values):
            problems = [f"{place.removeprefix('.') or 'values'}: {said}" for place, said in found]
            raise ValuesError(
                f"Unable to render template {self.template}: {len(problems)} of its values do not fit. "
                + " ".join(problems),
                f"Compare them with templates/variables.yaml, {self.template}.",
            )

    def canonical(self) -> bytes:
        """Names and types alone, for digests: a better description is no other template."""
        shapes = {"": self.variables, **self.records}
        return json.dumps({s: {v.name: v.type for v in shapes[s].values()} for s in shapes}, sort_keys=True).encode()


@functools.cache
def contract(template: str) -> Contract:
    """The contract of one template. Raises DomainError when there is none, or when it can't be understood."""
    with (TEMPLATES / "variables.yaml").open(encoding="utf-8") as file:
        declared = yaml.safe_load(file)
    if template not in declared["templates"]:
        known = ", ".join(sorted(declared["templates"]))
        raise DomainError(f"Unable to find template {template}: there are {known}.", "Choose one of them.")
    records = {name: _variables(fields) for name, fields in declared["records"].items()}
    variables = _variables(declared["templates"][template])
    checker = _record(variables, records)
    return Contract(template=template, variables=variables, records=records, checker=checker)


def _variables(fields: Mapping[str, Mapping[str, object]]) -> dict[str, Variable]:
    return {name: Variable(name=name, **field) for name, field in fields.items()}  # type: ignore[arg-type]  # from YAML


def _record(variables: Mapping[str, Variable], records: Mapping[str, Mapping[str, Variable]]) -> Checker:
    return _Record({variable.name: _checker(variable.type, records) for variable in variables.values()})


def _checker(type_: str, records: Mapping[str, Mapping[str, Variable]]) -> Checker:
    if type_.startswith("list of "):
        return _List(_checker(type_.removeprefix("list of "), records))
    if type_.startswith("optional "):
        return _Optional(_checker(type_.removeprefix("optional "), records))
    if type_.startswith("map of "):
        return _Map(_checker(type_.removeprefix("map of "), records))
    if type_ in records:
        return _record(records[type_], records)
    if type_ not in KINDS:
        raise DomainError(
            f"Unable to read templates/variables.yaml: {type_} is neither a kind nor a record.",
            f"Kinds are {', '.join(sorted(KINDS))}.",
        )
    return _Kind(KINDS[type_])


def _seen(value: object) -> str:
    """What kind of thing was given, without the thing."""
    if isinstance(value, str):
        return "another text"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "a map"
    names = {bool: "true or false", int: "a number", float: "a number", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)
