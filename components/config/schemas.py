"""JSON Schemas of the fleet's files, made from the models, so that editors complete and check while one types.

They know shapes and choices of one file; what hangs together across files is told by `vps check` alone.
"""

import json
from pathlib import Path
from typing import Any, get_args

from components.config.catalogue_file import CatalogueFile
from components.config.client_file import ClientFile
from components.config.fleet_file import FleetFile
from components.config.host_file import HostFile
from components.config.lock_file import LockFile
from components.config.shape import FileShape, Shape, documentation

FOLDER = "schema"
"""Of the fleet folder; each file names its schema in its first line."""

KINDS: dict[str, type[FileShape]] = {
    "fleet": FleetFile,
    "catalogue": CatalogueFile,
    "images.lock": LockFile,
    "host": HostFile,
    "client": ClientFile,
}


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of file, a key of `KINDS`."""
    found = KINDS[kind].model_json_schema(by_alias=True)
    for model in _models(KINDS[kind]):
        _describe(found if model is KINDS[kind] else found["$defs"][model.__name__], model)
    _without_titles(found)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{kind}.yaml", **found}


def text(kind: str) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


def write(fleet: Path) -> list[Path]:
    """Write every schema into the fleet's schema folder; returns the files that changed. Raises OSError."""
    changed = []
    for kind in KINDS:
        file = fleet / FOLDER / f"{kind}.json"
        wanted = text(kind)
        if file.is_file() and file.read_text(encoding="utf-8") == wanted:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.new")
        draft.write_text(wanted, encoding="utf-8")
        draft.rename(file)
        changed.append(file)
    return changed


def _models(annotation: object) -> set[type[Shape]]:
    """Every model that a value of this type may hold."""
    if not (isinstance(annotation, type) and issubclass(annotation, Shape)):
        return set[type[Shape]]().union(*map(_models, get_args(annotation)))
    inner = (_models(field.annotation) for field in annotation.model_fields.values())
    return {annotation}.union(*inner)


def _describe(node: dict[str, Any], model: type[Shape]) -> None:
    """Puts what stands under the model's fields into its schema."""
    described = documentation(model)
    for name, field in model.model_fields.items():
        properties, key = node.get("properties", {}), field.alias or name
        if name in described and key in properties:
            properties[key] = dict(sorted({"description": described[name], **properties[key]}.items()))


def _without_titles(node: object) -> None:
    """Takes out the titles that pydantic makes from names: editors would show them instead of the descriptions."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        for key, value in node.items():
            # A property may itself be called `title`: its schema is a mapping, not text.
            if key not in ("examples", "enum", "default", "required"):
                _without_titles(value)
    elif isinstance(node, list):
        for value in node:
            _without_titles(value)
