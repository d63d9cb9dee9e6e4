"""The package schema names every resource that the plugin serves."""

import json

from components.provider.connections import Connections
from components.provider.kinds import resources
from components.provider.schema import package_schema


def test_schema_and_server_agree() -> None:
    """No resource without schema, none without code."""
    schema = json.loads(package_schema("0.1.0"))
    assert set(schema["resources"]) == set(resources(Connections()))


def test_limits_are_typed() -> None:
    """Numbers are numbers."""
    machine = json.loads(package_schema("0.1.0"))["resources"]["vps:index:Machine"]
    assert machine["inputProperties"]["memoryMib"] == {"type": "integer"}
    assert "uuid" in machine["requiredInputs"]
