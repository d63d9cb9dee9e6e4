"""A real guest between two hosts, by the real engine: live with memory, cold with its disk, and cut at the worst."""

import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from components.domain.images import Image
from components.engine.project import CHECKOUT
from components.images import lock
from components.images.build import build
from components.lab.example import make_project, use_host
from components.lab.host import Lab
from components.lab.link import join
from tests.boot.conftest import LabBench, _offer
from tests.engine.conftest import HOST_STACK, STACK
from tests.engine.processes import child, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.engine]

VPS = "example-coop/web1"
ADDRESS = "http://192.0.2.10/"


class Two(LabBench):
    """A project whose hosts lab1 and lab2 are two joined labs; the guest answers in the network of either."""

    second: Lab

    def guest(self, deadline_s: float = 300) -> dict[str, str]:
        """What the guest says of itself, once it answers, and in which lab (`lab`)."""
        until = time.monotonic() + deadline_s
        while time.monotonic() < until:
            found = self.ask()
            if found:
                return found
            time.sleep(0.3)
        raise AssertionError("the guest never answered")

    def ask(self) -> dict[str, str]:
        for lab in (self.lab, self.second):
            if not lab.places.netns_file.exists():
                continue  # crashed by the test
            said = lab.run(["curl", "-s", "-m", "2", ADDRESS]).stdout
            if "boot-id=" in said:
                return {"lab": lab.name, **dict(line.split("=", 1) for line in said.splitlines() if "=" in line)}
        return {}

    def holders(self) -> dict[str, list[str]]:
        """By lab the machines that are defined there, each with whether it runs."""
        found = {}
        for lab in (self.lab, self.second):
            connection = libvirt.open(lab.uri)
            found[lab.name] = [
                f"{domain.name()} {'on' if domain.isActive() else 'off'}" for domain in connection.listAllDomains()
            ]
            connection.close()
        return found

    def alone_on(self, lab: Lab) -> None:
        """One machine, running, on that lab; the next preview is empty."""
        other = self.second if lab is self.lab else self.lab
        assert self.holders() == {lab.name: ["demo-c-q7m2-v-h3k9 on"], other.name: []}
        self.pulumi("preview", "--expect-no-changes", "--stack", STACK)

    def clear(self) -> None:
        here = self.lab
        for lab in (here, self.second):
            lab.up()
            self.lab = lab
            super().clear()
        self.lab = here


@pytest.fixture(scope="module")
def labs() -> Iterator[tuple[Lab, Lab]]:
    made = Lab(f"t{secrets.token_hex(3)}"), Lab(f"t{secrets.token_hex(3)}")
    try:
        for lab in made:
            lab.up()
        join(*made)
        yield made
    finally:
        for lab in made:
            lab.down(data=True, grace_s=0)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build("tiny", tmp_path_factory.mktemp("lock"), lambda _: None)


@pytest.fixture
def two(labs: tuple[Lab, Lab], tiny: Image, tmp_path: Path) -> Iterator[Two]:
    project = make_project(tmp_path)
    use_host(project, driver="libvirt", uri=labs[0].uri, probe=labs[0].probe)
    first = (project.fleet / "hosts" / "lab1.yaml").read_text()
    other = first.replace(labs[0].uri, labs[1].uri).replace(labs[0].probe, labs[1].probe)
    (project.fleet / "hosts" / "lab2.yaml").write_text(other.replace("serial: ", "serial: 2-"))
    made = Two(project, labs[0])
    made.second = labs[1]
    lock.record(project.fleet, tiny)
    _offer(project.fleet, tiny.name)
    made.vps("init", HOST_STACK, "host.lab2", STACK)
    for stack in (HOST_STACK, "host.lab2"):
        made.up(stack)
    yield made
    made.clear()


def quietest(ask: Callable[[], object], over: threading.Event, gaps: list[float]) -> None:
    """The longest time between two answers, until it is over."""
    last = time.monotonic()
    while not over.is_set():
        if ask():
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
        time.sleep(0.05)
    gaps.append(time.monotonic() - last)


def test_live_there_and_cold_back(two: Two, record_property: Callable[[str, object], None]) -> None:
    """Live keeps the boot id and memory; cold keeps the disk, its checksum compared; both keep UUID, MAC, limits."""
    two.up()
    before = two.guest()
    machine = next(found["outputs"] for found in two.state() if found["type"] == "vps:index:Machine")

    two.vps("move", VPS, "lab2", "--live")
    assert "moved live: the guest keeps running" in two.pulumi("preview", "--stack", STACK)
    over, gaps = threading.Event(), list[float]()
    watch = threading.Thread(target=quietest, args=(two.ask, over, gaps))
    watch.start()
    said = two.up()
    over.set()
    watch.join()
    record_property("seconds without an answer, live", round(max(gaps), 1))
    assert "the guest went over, running" in said
    assert two.guest() == {**before, "lab": two.second.name}
    two.alone_on(two.second)
    moved = next(found["outputs"] for found in two.state() if found["type"] == "vps:index:Machine")
    assert (moved["uuid"], moved["nics"], moved["incarnation"]) == (
        machine["uuid"],
        machine["nics"],
        machine["incarnation"],
    )
    assert moved["limits"] == machine["limits"]

    two.vps("move", VPS, "lab1")
    began = time.monotonic()
    said = two.up()
    after = two.guest()
    record_property("seconds until it answered again, cold", round(time.monotonic() - began, 1))
    assert "root: " in said
    assert "on both sides" in said
    assert (after["lab"], after["born"], after["boots"]) == (two.lab.name, before["born"], "2")
    assert after["boot-id"] != before["boot-id"]
    two.alone_on(two.lab)
    assert "moved to lab2" in two.vps("trash", "list")


@pytest.mark.parametrize("step", ["move.copy", "move.arm"])
def test_a_plugin_killed_in_a_cold_move_is_followed_by_one_that_ends_it(two: Two, tmp_path: Path, step: str) -> None:
    two.up()
    before = two.guest()
    two.vps("move", VPS, "lab2")
    faults = tmp_path / "faults.json"
    faults.write_text(f'[{{"step": "{step}", "do": "kill", "when": "after", "times": 1}}]')
    two.environment["VPS_FAULTS"] = str(faults)
    two.up(code=1)
    assert '"times": 0' in faults.read_text()
    assert two.ask() == {}

    said = two.up()

    assert "it is running on lab2" in said
    after = two.guest()
    assert (after["lab"], after["born"]) == (two.second.name, before["born"])
    two.alone_on(two.second)


def test_an_engine_killed_while_memory_goes_over_harms_nobody(two: Two) -> None:
    """The guest never stops: it is where it was, or already there, and the next run ends the move."""
    two.up()
    before = two.guest()
    two.vps("move", VPS, "lab2", "--live")
    connection = libvirt.open(two.lab.uri)
    domain = connection.lookupByName("demo-c-q7m2-v-h3k9")
    domain.migrateSetMaxSpeed(20)  # MiB/s: slow enough to be met in the middle
    command = [str(CHECKOUT / ".venv" / "bin" / "vps"), "up", STACK, "--yes", "--fleet", str(two.project.fleet)]
    process = subprocess.Popen(
        command, env=two.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    engine = child(process.pid, "pulumi")
    wait_until(lambda: int(domain.jobStats().get("data_remaining", 0)) > 0, "it never began to migrate")
    os.kill(engine, signal.SIGKILL)
    process.wait(timeout=60)
    assert two.guest()["boot-id"] == before["boot-id"]
    wait_until(lambda: domain.jobInfo()[0] == libvirt.VIR_DOMAIN_JOB_NONE, "libvirt did not give the migration up")
    domain.migrateSetMaxSpeed(5000)

    two.vps("up", STACK, "--yes")

    assert two.guest() == {**before, "lab": two.second.name}
    two.alone_on(two.second)


def test_a_lost_host_its_machine_restored_and_the_host_held_when_it_returns(two: Two, tmp_path: Path) -> None:
    """Silent is not lost; lost is what a person says; and what returns starts no copy of what lives elsewhere."""
    two.up()
    before = two.guest()
    kit = two.lab.places.data / "aegir-vps" / "hostkit"
    (kit / "settings").write_text((kit / "settings").read_text().replace("hold_minutes=0", "hold_minutes=15"))
    two.lab.crash()
    (kit / "alive").write_text(f"{time.time() - 7200:.0f}\n")
    assert "can't be reached" in two.up(code=1)
    (root,) = [path for path in two.lab.places.data.rglob("*-root.qcow2") if path.stat().st_size]
    pool = root.parent
    disk = tmp_path / "from-backup.qcow2"
    overlay = tmp_path / "overlay.qcow2"
    overlay.write_bytes(root.read_bytes())
    image = next(pool.glob("image-tiny-*.qcow2"))
    for command in (
        ["qemu-img", "rebase", "-u", "-F", "qcow2", "-b", str(image), str(overlay)],
        ["qemu-img", "convert", "-O", "qcow2", str(overlay), str(disk)],
    ):
        subprocess.run(command, check=True)

    assert "vps host lost lab1" in two.vps("restore", VPS, "--to", "lab2", "--disk", str(disk), code=1)
    two.vps("host", "lost", "lab1", "--fenced", "crashed by this test just now", "--yes")
    two.vps("restore", VPS, "--to", "lab2", "--disk", str(disk))
    assert f"restored on lab2 from the disk in {disk}" in two.vps("up", STACK, "--yes")

    after = two.guest()
    assert (after["lab"], after["born"], after["boots"]) == (two.second.name, before["born"], "2")
    two.lab.up()
    assert two.holders()[two.lab.name] == ["demo-c-q7m2-v-h3k9 off"]
    connection = two.connection()
    with pytest.raises(libvirt.libvirtError, match="held"):
        connection.lookupByName("demo-c-q7m2-v-h3k9").create()
    connection.close()

    said = two.vps("host", "return", "lab1", "--yes")

    assert "stale: it is running on lab2" in said
    assert "released" in said
    assert two.guest()["boot-id"] == after["boot-id"]
    assert two.holders() == {two.lab.name: [], two.second.name: ["demo-c-q7m2-v-h3k9 on"]}
    assert root.exists(), "its former disk is in the trash, not gone"
    assert "lost:" not in (two.project.fleet / "hosts" / "lab1.yaml").read_text()
    two.pulumi("preview", "--expect-no-changes", "--stack", STACK)
