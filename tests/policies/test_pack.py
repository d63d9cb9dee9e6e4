"""The pack in the real engine: over the product's own program, and over one that does what the product never would."""

import json

import pytest

from components import declaration
from components.config.loader import load
from components.engine.run import POLICIES
from components.lab.example import make_fake_project
from tests.engine.conftest import STACK, Bench

pytestmark = pytest.mark.engine

PACK = ("--policy-pack", str(POLICIES))
PROGRAM = """
import json
import pathlib
import pulumi

class Machine(pulumi.CustomResource):
    pass

here = pathlib.Path(__file__).parent
said = json.loads((here / "machine.json").read_text())
Machine("vps:index:Machine", "v-h3k9-machine", said["inputs"], pulumi.ResourceOptions(protect=said["protect"]))
"""


class Careless(Bench):
    """A project whose program registers whatever it is told, past every check of ours but the pack."""

    def __init__(self, project):
        settings = project.folder / "Pulumi.yaml"
        settings.write_text(settings.read_text().replace("main: stacks", "main: program"))
        (project.folder / "program").mkdir()
        (project.folder / "program/__main__.py").write_text(PROGRAM)
        super().__init__(project)
        fleet = load(project.fleet).fleet
        client = fleet.clients["example-coop"]
        self.inputs = declaration.machine_inputs(fleet, client, client.vps["web1"], "backend")
        self.pulumi("stack", "init", STACK)

    def preview(self, *, protect=True, code=0):
        said = {"inputs": self.inputs, "protect": protect}
        (self.project.folder / "program/machine.json").write_text(json.dumps(said))
        return self.pulumi("preview", "--stack", STACK, *PACK, code=code)


@pytest.fixture
def careless(tmp_path):
    return Careless(make_fake_project(tmp_path))


def test_the_product_passes_its_auditor(tmp_path):
    """Host and client of the example are applied under the pack."""
    bench = Bench(make_fake_project(tmp_path))
    bench.vps("init", "host.lab1", STACK)
    assert "aegir-vps@v0.1.0" in bench.up("host.lab1", *PACK)
    bench.up(STACK, *PACK)
    assert len(bench.domains()) == 1


def test_a_good_machine_of_any_program_passes(careless):
    careless.preview()
    careless.inputs["ends"] = "2031-03-01"
    careless.preview(protect=False)


def test_a_machine_against_every_rule_is_stopped_with_every_reason(careless):
    """The preview ends with 1 and says what, by how much, and the remedy; `up` without preview makes nothing."""
    careless.inputs["memoryMib"] = 1024
    careless.inputs["seed"]["values"]["users"][0]["keys"] = []
    careless.inputs["seed"]["values"]["root_password"] = "hunter2"
    careless.edit(lambda host: host["inventory"][1].pop("serial"), "hosts/lab1.yaml")
    shown = careless.preview(protect=False, code=1)
    for words in (
        "memoryMib is 1024 MiB, but small@2026-01 sells 2048 MiB: 1024 MiB less than sold.",
        "the machine is neither protected nor does it carry an ends date",
        "hosts/lab1.yaml: part 2 (cpu) lacks serial (HW-8). Fill it in.",
        "ada has no key",
        "seed.values.root_password is named like a secret",
    ):
        assert words in shown
    assert "Traceback" not in shown
    assert "hunter2" not in shown
    careless.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, *PACK, code=1)
    assert careless.domains() == {}


def test_a_rule_that_can_not_judge_stops_it_by_name(careless):
    (careless.project.fleet / "catalogue.yaml").unlink()
    shown = careless.preview(code=1)
    assert "limits-equal-the-package can't judge" in shown
    assert "Put it back" in shown
