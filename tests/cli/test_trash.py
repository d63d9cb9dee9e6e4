"""`vps trash` on a fleet whose host is a folder: what is there, what comes back, what goes."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components import declaration
from components.cli.trash import row
from components.config.loader import load
from components.drivers.base import Driver, ImageSpec, Machine, Mark, NetworkSpec, Phase, PoolSpec, Power
from components.drivers.registry import connect
from components.drivers.trash import Trashed
from components.lab.example import FAKE_IMAGE, make_fake_project
from components.provider.inputs import MachineInputs, parse

Vps = Callable[..., subprocess.CompletedProcess[str]]
TODAY = dt.datetime.now(dt.UTC).date()
DUE = (TODAY + dt.timedelta(days=30)).isoformat()


class Fleet:
    """The example's fleet with its one machine made as the plugin would."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_fake_project(folder).fleet
        self.file = self.folder / "clients/example-coop.yaml"
        self.fleet = load(self.folder).fleet
        self.client = self.fleet.clients["example-coop"]
        self.web1 = self.client.vps["web1"]
        self.host = self.fleet.hosts["lab1"]
        self.driver: Driver = connect(declaration.host_ref(self.host))
        self.driver.ensure_pool(PoolSpec(name=self.host.pool.name, path=self.host.pool.path))
        self.driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0"))
        values = declaration.machine_inputs(self.fleet, self.client, self.web1, "b1")
        self.inputs = parse(MachineInputs, values)
        image = values["disks"]["root"]["image"]
        source = folder / "image"
        source.write_bytes(FAKE_IMAGE)
        self.driver.ensure_image(ImageSpec(**image, pool=self.host.pool.name, source=str(source)))
        self.machine = self.driver.create(self.inputs.spec(), b"seed", self.mark())

    def mark(self, **changes: Any) -> Mark:
        values = {"fleet": self.fleet.id, "backend": "b1", "client": self.client.id, "vps": self.web1.id}
        urn = declaration.machine_urn(self.client, self.web1)
        return Mark(**{**values, "urn": urn, "phase": Phase.CREATING, "incarnation": "first", **changes})

    def end(self, due: str = DUE) -> None:
        self.driver.delete(self.machine.uuid, "first", due)

    def read(self) -> Machine | None:
        return self.driver.read(self.machine.uuid)

    def vps(self, *arguments: str, say: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("trash", *arguments, say=say)

    def run(self, *arguments: str, say: str = "") -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("VPS_", "PULUMI_"))}
        command = [str(Path(sys.executable).with_name("vps")), *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            input=say,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "project")


def test_the_list_tells_whose_since_when_and_until_when(fleet: Fleet) -> None:
    assert fleet.vps("list").stdout == "The trash is empty.\n"
    fleet.end()

    said = fleet.vps("list")
    (line,) = [line for line in said.stdout.splitlines() if "example-coop/web1" in line]
    assert line.split()[:7] == ["lab1", "example-coop/web1", "machine", TODAY.isoformat(), DUE, "10", "GiB"]
    assert "192.0.2.10, 2001:db8:1::10" in line
    (found,) = json.loads(fleet.vps("list", "lab1", "--json").stdout)
    assert (found["uuid"], found["due"], found["inUse"]) == (fleet.machine.uuid, DUE, False)


def test_a_record_of_an_older_release_is_due_by_the_fleets_days(fleet: Fleet) -> None:
    fleet.end()
    (found,) = fleet.driver.read_trash()
    old = {name: getattr(found, name) for name in found.__slots__} | {"due": "", "ended": "2026-01-01"}
    assert row("lab1", Trashed(**old), 30)["due"] == "2026-01-31"
    assert row("lab1", Trashed(**{**old, "ended": ""}), 30)["due"] == ""


def test_a_host_that_is_silent_is_no_empty_trash(fleet: Fleet) -> None:
    host = fleet.folder / "hosts/lab1.yaml"
    host.write_text(host.read_text().replace("fake:///", "fake:///nowhere/"))

    for command in (["list"], ["empty", "--due"]):
        done = fleet.vps(*command)
        assert done.returncode == 1
        assert "Unable to reach host lab1" in done.stderr
        assert "empty." not in done.stdout


def test_a_returning_client_gets_the_machine_back(fleet: Fleet) -> None:
    fleet.end()

    assert fleet.vps("restore", "example-coop/web1", say="n\n").returncode == 1
    assert fleet.read() is None
    done = fleet.vps("restore", "example-coop/web1", say="y\n")

    assert done.returncode == 0, done.stderr
    assert "back on lab1, off. `vps up client.example-coop` takes it over and starts it." in done.stdout
    back = fleet.read()
    assert back is not None
    assert (back.power, back.volumes) == (Power.OFF, fleet.machine.volumes)
    assert "is in the trash of any host" in fleet.vps("restore", "example-coop/web1", "--yes").stderr


def test_nothing_comes_back_beside_a_machine_that_lives_on_another_host(fleet: Fleet) -> None:
    fleet.end()
    first = fleet.folder / "hosts/lab1.yaml"
    second = fleet.folder / "hosts/lab2.yaml"
    text = first.read_text().replace("serial: ", "serial: 2-")
    second.write_text(text.replace("/world", "/nowhere/world"))
    assert "could not tell whether lab2" in fleet.vps("restore", "example-coop/web1", "--yes").stderr
    second.write_text(text.replace("/world", "/world2"))
    other = connect(declaration.host_ref(load(fleet.folder).fleet.hosts["lab2"]))
    other.ensure_pool(PoolSpec(name=fleet.host.pool.name, path=fleet.host.pool.path))
    other.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0"))
    image = fleet.inputs.disks["root"].image
    source = fleet.folder.parent / "image"
    source.write_bytes(FAKE_IMAGE)
    other.ensure_image(ImageSpec(**image.model_dump(), pool=fleet.host.pool.name, source=str(source)))
    other.create(fleet.inputs.spec(), b"seed", fleet.mark(incarnation="second"))

    done = fleet.vps("restore", "example-coop/web1", "--yes")

    assert (done.returncode, "it lives on lab2 (running)" in done.stderr) == (1, True), done.stderr
    second.write_text(second.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power off, Olena"}\n')
    assert "it lives on lab2 (running)" in fleet.vps("restore", "example-coop/web1", "--yes").stderr
    assert fleet.read() is None
    second.write_text(second.read_text().replace("/world2", "/nowhere/world"))
    assert fleet.vps("restore", "example-coop/web1", "--yes").returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('start: "2026-12-01", renew: true}', 'start: "2026-01-01", renew: true}\n    ends: "2026-02-01"', "--never"),
        ("  web1:", "  web2:", "declares no such VPS"),
        ("package: small@2026-01", "package: none@2026-01", "none@2026-01"),
    ],
)
def test_who_is_not_declared_is_not_brought_back(fleet: Fleet, old: str, new: str, words: str) -> None:
    fleet.end()
    fleet.file.write_text(fleet.file.read_text().replace(old, new))

    done = fleet.vps("restore", "example-coop/web1", "--yes")

    assert done.returncode == 1
    assert words in done.stderr
    assert fleet.read() is None


def test_only_what_is_due_is_emptied_and_only_so(fleet: Fleet) -> None:
    fleet.end()
    done = fleet.vps("empty", "--yes")
    assert done.returncode == 1
    assert "only emptied of what is due" in done.stderr
    assert "Nothing is due." in fleet.vps("empty", "--due", "--yes").stdout
    assert len(fleet.driver.read_trash()) == 1


def test_what_is_due_goes_after_a_question_and_is_named(fleet: Fleet) -> None:
    fleet.end(due=TODAY.isoformat())

    assert fleet.vps("empty", "--due", say="n\n").returncode == 1
    assert len(fleet.driver.read_trash()) == 1
    done = fleet.vps("empty", "--due", "lab1", say="y\n")

    assert done.returncode == 0, done.stderr
    assert "Destroy this for ever?" in done.stdout
    assert f"example-coop/web1 on lab1: destroyed {', '.join(sorted(fleet.machine.volumes.values()))}" in done.stdout
    assert fleet.driver.read_trash() == ()


def test_another_fleets_trash_is_neither_told_nor_touched(fleet: Fleet) -> None:
    fleet.end(due="2026-01-01")
    path = Path(fleet.host.uri.removeprefix("fake://")) / "trash" / f"{fleet.machine.uuid}.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"mark": values["mark"] | {"fleet": "other"}}))

    assert fleet.vps("list").stdout == "The trash is empty.\n"
    assert "Nothing is due." in fleet.vps("empty", "--due", "--yes").stdout
    assert len(fleet.driver.read_trash()) == 1


def test_a_host_or_vps_that_nobody_knows_is_said(fleet: Fleet) -> None:
    assert "No host lab9. Known: lab1." in fleet.vps("list", "lab9").stderr
    assert "Nothing of example-coop/web1 is in the trash" in fleet.vps("restore", "example-coop/web1", "--yes").stderr
    assert "clients/nobody.yaml: There is no file" in " ".join(
        fleet.vps("restore", "nobody/web1", "--yes").stderr.split()
    )
