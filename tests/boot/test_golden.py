"""The main job for real: one client file, `pulumi up`, and the guest answers over both its addresses."""

import time
from collections.abc import Callable

import pytest

from components.domain.images import Image
from components.images.build import build
from components.lab.example import IMAGE
from tests.boot.conftest import LabBench
from tests.engine.conftest import STACK

pytestmark = [pytest.mark.boot, pytest.mark.lab, pytest.mark.engine]

WEB_DEADLINE_S = 600


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build(IMAGE, tmp_path_factory.mktemp("lock"), lambda _: None)


def _answer(bench: LabBench, url: str) -> str:
    end = time.monotonic() + WEB_DEADLINE_S
    while True:
        done = bench.lab.run(["curl", "--silent", "--fail", "--max-time", "5", url], timeout=10)
        if done.returncode == 0:
            return done.stdout
        assert time.monotonic() < end, f"{url} did not answer within {WEB_DEADLINE_S} s"
        time.sleep(2)


def test_guest_answers_over_ipv4_and_ipv6(lab_project: Callable[[Image], LabBench], golden: Image) -> None:
    """The page names client and VPS; nothing drifts once the guest runs, and a higher cap is live."""
    bench = lab_project(golden)
    bench.up()
    for url in ("http://192.0.2.10/", "http://[2001:db8:1::10]/"):
        page = _answer(bench, url)
        assert "Example Cooperative" in page
        assert "v-h3k9" in page
    bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK)
    (name,) = bench.virtual_machines()
    before = bench.connection().lookupByName(name).ID()
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    bench.up()
    domain = bench.connection().lookupByName(name)
    assert domain.ID() == before
    assert domain.schedulerParameters()["global_quota"] == 300000
    assert "waits for the next reboot" not in bench.vps("show", "example-coop/web1")
