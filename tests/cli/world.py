"""One made machine on the fake host, with no engine: what commands about a machine are tested on."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from components.config.loader import load
from components.declaration import host_ref, machine_inputs
from components.drivers.base import ImageSpec, Machine, Mark, NetworkSpec, Phase, PoolSpec
from components.drivers.fake.driver import FakeDriver
from components.drivers.fake.guest import REPORT
from components.drivers.fake.world import World
from components.engine.backend import backend_id
from components.engine.project import Project
from components.images.cache import path
from components.lab.example import make_fake_project
from components.provider.inputs import MachineInputs, parse

TITLE = "example-coop/web1"


class MadeWorld:
    """The example's machine, running on the fake host `lab1`, as `vps up` would have left it."""

    def __init__(self, folder: Path) -> None:
        self.project: Project = make_fake_project(folder)
        self.environment = {"PULUMI_BACKEND_URL": f"file://{self.project.work / 'state'}"}
        fleet = load(self.project.fleet).fleet
        self.driver = FakeDriver(host_ref(fleet.hosts["lab1"]))
        self.driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
        self.driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0"))
        sha256 = fleet.images["base-debian-13"].sha256
        self.driver.ensure_image(ImageSpec(name="base-debian-13", sha256=sha256, pool="vps", source=str(path(sha256))))
        client = fleet.clients["example-coop"]
        self.inputs = machine_inputs(fleet, client, client.vps["web1"], backend_id(self.environment))
        inputs = parse(MachineInputs, self.inputs)
        mark = Mark(
            fleet="demo",
            backend=inputs.backend,
            urn="urn",
            client=client.id,
            vps="v-h3k9",
            phase=Phase.CREATING,
            incarnation="first",
        )
        self.spec = inputs.spec()
        self.driver.create(self.spec, b"seed", mark)

    @property
    def world(self) -> World:
        return World(self.project.work / "world")

    def machine(self) -> Machine:
        found = self.driver.read(self.spec.uuid)
        assert found is not None
        return found

    def guest_shuts_down(self) -> None:
        self.world.change("domains", self.spec.uuid, power="off", live={}, by_guest=True)

    def change(self, **values: Any) -> None:
        """Change the domain behind our back."""
        self.world.change("domains", self.spec.uuid, **values)

    def record(self, **outputs: object) -> None:
        """State as the engine would have left it."""
        folder = self.project.work / "state/.pulumi/stacks/aegir-vps"
        folder.mkdir(parents=True)
        machine = {"type": "vps:index:Machine", "outputs": {"uuid": self.spec.uuid, **outputs}}
        text = json.dumps({"checkpoint": {"latest": {"resources": [machine]}}})
        (folder / "client.example-coop.json").write_text(text)

    def says(self, report: dict[str, Any] | None = None, **guest: Any) -> None:
        """What its guest says from now on: a report with these sections beside a good one, or `silent`, `console`."""
        if report is not None:
            at = dt.datetime.now(dt.UTC).isoformat()
            checks = [{"name": "disk", "what": "room", "state": "pass", "message": "40 % used"}]
            well = {
                "schema": 1,
                "vps": "v-h3k9",
                "uuid": self.spec.uuid,
                "delivery": {"state": "delivered", "since": at},
                "health": {"at": at, "state": "pass", "checks": checks},
            }
            guest["answers"] = {REPORT: {"out": json.dumps(well | report)}} | guest.get("answers", {})
        self.world.put("guests", self.spec.uuid, guest)

    def declare(self, **lines: Any) -> None:
        file = self.project.fleet / "clients" / "example-coop.yaml"
        yaml = YAML()
        yaml.preserve_quotes = True
        document = yaml.load(file)
        document["vps"]["web1"].update(lines)
        with file.open("w") as stream:
            yaml.dump(document, stream)
