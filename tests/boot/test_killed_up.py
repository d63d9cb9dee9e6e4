"""kill -9 of engine and plugin at several points of a real `up`: the next one ends with one domain and one disk."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import libvirt
import pytest

from components.domain.images import Image
from components.engine.project import CHECKOUT
from components.images.build import build
from tests.boot.conftest import LabBench
from tests.engine.conftest import STACK
from tests.engine.processes import child, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.engine]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build("tiny", tmp_path_factory.mktemp("lock"), lambda _: None)


def _one(bench: LabBench) -> None:
    assert len(bench.virtual_machines()) == 1
    assert len(bench.disks()) == 1
    (machine,) = [found for found in bench.state() if found["type"] == "vps:index:Machine"]
    assert machine["outputs"]["phase"] == "ready"
    assert machine["outputs"]["observedPower"] == "running"
    bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK)


@pytest.mark.parametrize("step", ["create.define", "create.disk", "create.starting", "create.start", "create.ready"])
def test_killed_plugin(lab_project: Callable[[Image], LabBench], tiny: Image, tmp_path: Path, step: str) -> None:
    """From `starting` on the disk may hold data: then it is the same file before and after."""
    bench = lab_project(tiny)
    faults = tmp_path / "faults.json"
    faults.write_text(f'[{{"step": "{step}", "do": "kill", "when": "after", "times": 1}}]')
    bench.environment["VPS_FAULTS"] = str(faults)
    bench.up(code=1)
    before = bench.disks()
    bench.up()
    _one(bench)
    if step in ("create.starting", "create.start", "create.ready"):
        assert bench.disks() == before


@pytest.mark.parametrize("step", ["create.disk", "create.start"])
def test_killed_engine(lab_project: Callable[[Image], LabBench], tiny: Image, tmp_path: Path, step: str) -> None:
    """The lock of the dead engine is released, and its plugin did not outlive it."""
    bench = lab_project(tiny)
    faults = tmp_path / "faults.json"
    faults.write_text(f'[{{"step": "{step}", "do": "delay", "seconds": 120, "when": "after", "times": 1}}]')
    bench.environment["VPS_FAULTS"] = str(faults)
    command = [str(CHECKOUT / ".venv" / "bin" / "vps"), "up", STACK, "--yes", "--fleet", str(bench.project.fleet)]
    with (tmp_path / "up.log").open("w") as log:
        process = subprocess.Popen(command, env=bench.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        engine = child(process.pid, "pulumi")
        wait_until(lambda: '"times": 0' in faults.read_text(), "the fault was never reached")
        os.kill(engine, signal.SIGKILL)
        process.wait(timeout=60)
    assert "that process is dead" in bench.vps("up", STACK, "--yes")
    _one(bench)


def test_replacement_leaves_a_real_guest_running(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    """Same QEMU process, same disk file: nothing was touched."""
    bench = lab_project(tiny)
    bench.up()
    (name,) = bench.virtual_machines()
    before = bench.connection().lookupByName(name).ID(), bench.disks()
    bench.pulumi("state", "unprotect", bench.machine_urn(), "--yes", "--stack", STACK)
    assert "not ours any more" in bench.up(STACK, "--replace", bench.machine_urn())
    assert (bench.connection().lookupByName(name).ID(), bench.disks()) == before
    _one(bench)


def test_a_limit_lowered_with_virsh_is_drift_and_mended_live(
    lab_project: Callable[[Image], LabBench], tiny: Image
) -> None:
    """Exit 7, the name of the limit, and the quota back in force without a reboot."""
    bench = lab_project(tiny)
    bench.up()
    (name,) = bench.virtual_machines()
    domain = bench.connection().lookupByName(name)
    before = domain.ID()
    for flag in (libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG):
        domain.setSchedulerParametersFlags({"global_quota": 20000}, flag)
    said = bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK, code=7)
    assert "cpuCapPercent: 20 % -> 150 %" in said
    bench.up()
    assert bench.connection().lookupByName(name).schedulerParameters()["global_quota"] == 150000
    assert bench.connection().lookupByName(name).ID() == before
