"""The package schema: what `pulumi package` and policy tools learn of our resources, made from the input models."""

from typing import Any

import orjson

from components.provider.inputs import ImageInputs, MachineInputs, NetworkInputs, PoolInputs, Versioned

KINDS: dict[str, type[Versioned]] = {
    "vps:index:Machine": MachineInputs,
    "vps:index:Image": ImageInputs,
    "vps:index:Network": NetworkInputs,
    "vps:index:StoragePool": PoolInputs,
}

_ANY = {"$ref": "pulumi.json#/Any"}


def package_schema(version: str) -> str:
    """The schema as JSON text; nested objects are typed as maps, their rules are checked by the plugin itself."""
    return orjson.dumps(
        {
            "name": "vps",
            "version": version,
            "description": "Machines and what they stand on, on KVM/libvirt hosts.",
            "resources": {token: _resource(model) for token, model in KINDS.items()},
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()


def _resource(model: type[Versioned]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    properties = {name: _property(value) for name, value in schema["properties"].items()}
    required = sorted(schema["required"])
    return {
        "description": (model.__doc__ or "").strip(),
        "inputProperties": properties,
        "requiredInputs": required,
        "properties": {**properties, "status": {"type": "string"}},
        "required": required,
    }


def _property(value: dict[str, Any]) -> dict[str, Any]:
    kind = value.get("type")
    if kind in ("string", "integer", "boolean"):
        return {"type": kind}
    if kind == "array":
        return {"type": "array", "items": _ANY}
    return {"type": "object", "additionalProperties": _ANY}
