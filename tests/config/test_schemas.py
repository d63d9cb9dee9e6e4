"""JSON Schemas: as committed, as the examples name them, and worth having."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from components.config import schemas
from components.config.documents import parse
from tests.config.conftest import STACKS

EXAMPLES = {
    "fleet": "fleet.yaml",
    "catalogue": "catalogue.yaml",
    "images.lock": "images.lock.yaml",
    "host": "hosts/lab1.yaml",
    "client": "clients/example-coop.yaml",
}


def example(kind: str) -> dict[str, Any]:
    data = parse((STACKS / EXAMPLES[kind]).read_bytes()).data
    assert data is not None
    return data


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_committed_schemas_are_those_of_the_models(kind: str) -> None:
    """Else run `vps schema --write`."""
    assert (STACKS / "schema" / f"{kind}.json").read_text(encoding="utf-8") == schemas.text(kind)


def test_no_schema_is_left_over() -> None:
    assert {file.stem for file in (STACKS / "schema").iterdir()} == set(schemas.KINDS)


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_example_files_name_their_schema(kind: str) -> None:
    """In the first line, where editors look, as a path from the file."""
    file = STACKS / EXAMPLES[kind]
    first = file.read_text(encoding="utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (file.parent / first.removeprefix(prefix)).resolve() == STACKS / "schema" / f"{kind}.json"


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_schemas_are_valid_and_take_the_examples(kind: str) -> None:
    schema = schemas.schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(example(kind))


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("fleet", ("colour",), "red"),
        ("fleet", ("currency",), "euro"),
        ("fleet", ("networks",), {}),
        ("fleet", ("retention", "trash"), "30"),
        ("fleet", ("spares", "lab-ram", "kind"), "toaster"),
        ("catalogue", ("packages", "small@2026-01", "limits", "memory"), "2 GB"),
        ("catalogue", ("packages", "small@2026-01", "limits", "memory"), 2048),
        ("catalogue", ("packages", "small@2026-01", "limits", "vcpus"), 0),
        ("catalogue", ("packages", "small@2026-01", "price", "month"), "19"),
        ("images.lock", ("images", "base-debian-13", "sha256"), "latest"),
        ("host", ("driver",), "xen"),
        ("host", ("disks",), "thin"),
        ("host", ("inventory", 0, "installed"), "soon"),
        ("client", ("vps", "web1", "term", "months"), 2),
        ("client", ("vps", "web1", "power"), "on"),
        ("client", ("vps", "web1", "reinstall"), -1),
        ("client", ("contract", "support"), "gold"),
        ("client", ("contacts", "ada", "roles"), ["boss"]),
        ("client", ("contract", "signed"), "20 November"),
    ],
)
def test_schemas_refuse_what_is_broken(kind: str, path: tuple[str | int, ...], value: object) -> None:
    broken: Any = copy.deepcopy(example(kind))
    holder = broken
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schemas.schema(kind)).validate(broken)


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_every_required_key_is_needed(kind: str) -> None:
    for key in schemas.schema(kind)["required"]:
        broken = example(kind)
        del broken[key]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schemas.schema(kind)).validate(broken)


def test_writing_changes_only_what_differs(tmp_path: Path) -> None:
    assert len(schemas.write(tmp_path)) == len(schemas.KINDS)
    assert schemas.write(tmp_path) == []
    (tmp_path / "schema" / "host.json").write_text("{}")
    assert schemas.write(tmp_path) == [tmp_path / "schema" / "host.json"]
    assert json.loads((tmp_path / "schema" / "host.json").read_text())["title"] == "host.yaml"
