"""No step of a driver is left out: what stands in the code, what the scenarios go through, what the README names."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.faults.campaign import Campaign
from tests.faults.scenarios import SCENARIOS

DRIVERS = Path(__file__).resolve().parents[2] / "components" / "drivers"
ONLY_REAL = {"image.delete"}
"""Steps that a folder has no use for; the contract suite goes through them on a real host."""


def _written() -> Iterator[str]:
    """Every step that the drivers' code names; `update.*` where a part is put in."""
    for path in DRIVERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "step":
                (name,) = node.args
                if isinstance(name, ast.Constant):
                    yield name.value
                elif isinstance(name, ast.JoinedStr):
                    yield str(name.values[0].value) + "*"  # type: ignore[attr-defined]


def test_every_step_in_the_code_is_broken_by_a_scenario(campaign: Campaign) -> None:
    tried = {step for scenario in SCENARIOS for step in campaign.steps(scenario)}
    written = set(_written())

    missing = {
        step
        for step in written - tried - ONLY_REAL
        if not (step.endswith("*") and any(name.startswith(step[:-1]) for name in tried))
    }

    assert missing == set()
    assert written >= ONLY_REAL


def test_every_step_stands_in_the_readme(campaign: Campaign) -> None:
    named = (DRIVERS / "README.md").read_text(encoding="utf-8")
    tried = {step for scenario in SCENARIOS for step in campaign.steps(scenario) if not step.startswith("reach.")}

    assert {step for step in tried if f"`{step}`" not in named} == set()
