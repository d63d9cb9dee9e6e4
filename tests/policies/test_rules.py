"""The pack as a whole: documented, mandatory, and at peace with what the product declares."""

import json
import re
from pathlib import Path

import pytest

import policies
from components import declaration
from components.config.loader import load
from policies.rules import RULES

BACKUPS = "Declare `backups:` in fleet.yaml, or sell a package that promises none."
FOLDER = Path(policies.__file__).parent
NAMES = [rule.name for rule in RULES]


def test_names_are_unique_and_described():
    assert len(set(NAMES)) == len(NAMES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name) and rule.description for rule in RULES)


def test_the_readme_has_one_row_per_rule():
    """Name, level, why, how to fix: all filled in, in the pack's order."""
    rows = [
        line for line in (FOLDER / "README.md").read_text().partition("\n## ")[0].splitlines() if line.startswith("| `")
    ]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0].strip("`") for row in cells] == NAMES
    assert all(len(row) == 4 and all(row) for row in cells)
    assert [row[1] for row in cells] == [rule.level for rule in RULES]


def test_the_example_fleet_passes_every_rule(judge, fleet):
    """What the product declares of the example's every VPS and host."""
    loaded = load(fleet.folder)
    count = 0
    for client, vps in loaded.fleet.machines():
        inputs = declaration.machine_inputs(loaded.fleet, client, vps, "backend")
        (advice,) = judge(json.loads(json.dumps(inputs), parse_int=float))
        assert advice.endswith("fleet.yaml names no target for any. " + BACKUPS)
        count += 1
    for host in loaded.fleet.hosts.values():
        bags = {"StoragePool": [declaration.pool_inputs(host)]}
        bags["Network"] = declaration.network_inputs(loaded.fleet, host).values()
        bags["Image"] = declaration.image_inputs(loaded.fleet, host).values()
        for kind, found in bags.items():
            for inputs in found:
                assert judge(inputs, type_=f"vps:index:{kind}", name=f"{host.name}-{kind}") == []
                count += 1
    assert count >= 4


NEED = {
    "catalogue.yaml": {
        *("limits-equal-the-package", "host-not-oversold", "backups-have-a-target", "image-may-be-installed"),
        "contract-version-known",
    },
    "hosts/lab1.yaml": {
        *("host-not-oversold", "host-takes-new-machines", "datacentre-is-secure", "hardware-is-replaceable"),
    },
    "fleet.yaml": {
        *("client-within-quota", "datacentre-is-secure", "hardware-is-replaceable", "addresses-are-its-own"),
        "backups-have-a-target",
    },
    "images.lock.yaml": {"image-may-be-installed"},
}


@pytest.mark.parametrize("file", NEED)
def test_without_a_file_the_rules_that_need_it_say_so(judge, fleet, machine, file):
    fleet.remove(file)
    named = set()
    for rule in NAMES:
        for message in judge(machine, rule):
            if message.startswith(f"v-h3k9-machine: {rule} can't judge: {fleet.folder / file} can't be read"):
                named.add(rule)
    assert named == NEED[file]


def test_without_its_clients_file_one_rule_speaks_for_all(judge, fleet, machine):
    fleet.remove("clients/example-coop.yaml")
    (message,) = judge(machine)
    assert message.startswith("example-coop/web1: ")
    assert judge(machine, "machine-is-declared") == [message]
