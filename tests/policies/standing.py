"""Fleets that stand already: what state recorded of their machines before somebody changed the files."""

import json
import random

from components.engine.backend import PROJECT

CASES = ("same", "smaller", "larger", "elsewhere", "suspended", "ended", "new")
"""How a machine was recorded, beside what its file says: `smaller` grows now, `elsewhere` comes from another host."""


def cases(fleet, seed):
    """One for each VPS, by client's file name and VPS; the files of suspended and ended ones say so."""
    dice, found = random.Random(f"standing {seed}"), {}
    for file in fleet.clients:
        client = file.removeprefix("clients/").removesuffix(".yaml")
        for name, vps in fleet.files[file]["vps"].items():
            case = found[client, name] = dice.choice(CASES)
            if case == "suspended":
                vps["power"] = "suspended"
            if case == "ended":
                vps["ends"] = "2026-12-05"
    return found


def resource(inputs, case, seed):
    """What state holds of a machine of which `inputs` were declared; nothing of a new one."""
    if case == "new":
        return None
    dice = random.Random(f"{inputs['vps']} {seed}")
    bag = json.loads(json.dumps(inputs))
    if case in ("smaller", "larger"):
        sign = 1 if case == "larger" else -1
        for change in dice.sample((_memory, _vcpus, _disk), dice.randint(1, 3)):
            change(bag, sign)
    if case == "elsewhere":
        bag["host"]["name"] = dice.choice([name for name in ("kvm1", "kvm2", "kvm3") if name != bag["host"]["name"]])
    return {"type": "vps:index:Machine", "urn": f"urn:{bag['vps']}", "inputs": bag, "outputs": bag}


def write(folder, stack, resources):
    """The state of a stack, as a backend in `folder` holds it."""
    path = folder / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": resources}}}))


def _memory(bag, sign):
    bag["memoryMib"] += 1024 * sign


def _vcpus(bag, sign):
    bag["vcpus"] += sign


def _disk(bag, sign):
    bag["disks"]["root"]["sizeGib"] += 5 * sign
