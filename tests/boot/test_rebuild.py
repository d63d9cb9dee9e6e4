"""State and everything beside git deleted: a rebuild brings state back, and the guest never noticed."""

import shutil
import time
from collections.abc import Callable

import pytest

from components.domain.images import Image
from components.images.build import build
from tests.boot.conftest import LabBench
from tests.engine.conftest import STACK

pytestmark = [pytest.mark.lab, pytest.mark.engine]

BOOT_S = 120


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build("tiny", tmp_path_factory.mktemp("lock"), lambda _: None)


def boot_id(bench: LabBench) -> str:
    end = time.monotonic() + BOOT_S
    while time.monotonic() < end:
        done = bench.lab.run(["curl", "--silent", "--fail", "--max-time", "3", "http://192.0.2.10/cgi-bin/now"])
        if done.returncode == 0:
            return next(line for line in done.stdout.splitlines() if line.startswith("boot-id="))
        time.sleep(0.5)
    raise AssertionError(f"the guest did not answer within {BOOT_S} s")


def test_lost_state_comes_back_and_no_guest_notices(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    """Same boot, same disk, and a preview that is empty."""
    bench = lab_project(tiny)
    bench.up()
    before, disks = boot_id(bench), bench.disks()
    (name,) = bench.virtual_machines()
    shutil.rmtree(bench.project.work / "state")

    assert "successor of backend" in bench.vps("rebuild", code=1), "nobody was there to answer"

    said = bench.vps("rebuild", "--yes")
    assert "2 of 2 stacks have their state again" in said
    bench.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    assert boot_id(bench) == before
    assert (bench.virtual_machines(), bench.disks()) == ([name], disks)
