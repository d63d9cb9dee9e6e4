"""Property bags: protobuf structs on the wire, plain values inside.

The plugin tells the engine that it accepts no secrets and no outputs, so the engine sends plain values and marks what
was secret again by itself. Numbers travel as floats; whole ones become int here, in this place only.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's sentinel for a value that a preview can't know yet."""

Bag = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> Bag:
    """A struct as plain dict, list, str, int, float, bool and None."""
    return {key: _plain(value) for key, value in struct.fields.items()}


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """The struct for plain values; None is left out, as Pulumi does."""
    struct = struct_pb2.Struct()
    struct.update({key: _wire(value) for key, value in values.items() if value is not None})
    return struct


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as dotted keys, `disks.root.iops`; lists are values."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{path}."))
        else:
            flat[path] = value
    return flat


def has_unknown(value: object) -> bool:
    """Whether any part of `value` is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(inner) for inner in value.values())
    if isinstance(value, list):
        return any(has_unknown(inner) for inner in value)
    return value == UNKNOWN


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_plain(inner) for inner in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return value.bool_value
    return None


def _wire(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _wire(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_wire(inner) for inner in value]
    return value
