"""Power for real: commands, declarations, a client's own shutdown, and a host that loses its power."""

import time
from collections.abc import Callable

import pytest

from components.domain.images import Image
from components.images.build import build
from tests.boot.conftest import LabBench
from tests.engine.conftest import STACK
from tests.engine.processes import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.engine]

VPS = "example-coop/web1"
BOOT_S = 240


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build("tiny", tmp_path_factory.mktemp("lock"), lambda _: None)


def _page(bench: LabBench) -> dict[str, str]:
    """What the guest says of itself: `born` with its disk, `boots` and `boot-id` with each boot."""
    end = time.monotonic() + BOOT_S
    while True:
        said = bench.lab.run(["curl", "--silent", "--max-time", "2", "http://192.0.2.10/"], timeout=10).stdout
        if "boot-id=" in said:
            return dict(line.split("=", 1) for line in said.split())
        assert time.monotonic() < end, "the guest does not answer"
        time.sleep(0.5)


def _domain(bench: LabBench):
    (domain,) = [bench.connection().lookupByName(name) for name in bench.virtual_machines()]
    return domain


def _is_running(bench: LabBench) -> bool:
    return bool(_domain(bench).isActive())


def _host_boots(bench: LabBench) -> str:
    """Cut the host's power and switch it on again, without the controller; what its kit said of that."""
    log = bench.lab.places.data / "aegir-vps" / "hostkit" / "log"
    log.unlink(missing_ok=True)
    bench.lab.crash()
    bench.lab.up()
    return log.read_text()


def _unchanged(bench: LabBench) -> None:
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")


def test_what_a_client_shut_down_stays_down(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    """Through any `up` and through its host's boot; one that ran comes back, with the same disk."""
    bench = lab_project(tiny)
    bench.up()
    first = _page(bench)

    assert "started" in _host_boots(bench)
    second = _page(bench)
    assert (second["born"], second["boots"]) == (first["born"], "2")
    assert second["boot-id"] != first["boot-id"]

    _domain(bench).shutdown()  # the power button, which to its guest is the same as its owner's `poweroff`
    wait_until(lambda: not _is_running(bench), "the guest does not shut down")
    bench.up()
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    bench.up()
    assert not _is_running(bench)
    assert "it was stopped or shut down" in _host_boots(bench)
    assert not _is_running(bench)
    _unchanged(bench)

    assert f"{VPS}: running on lab1" in bench.vps("start", VPS, "--yes")
    third = _page(bench)
    assert (third["born"], third["boots"]) == (first["born"], "3")
    _unchanged(bench)


def test_commands_and_declarations(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    """Graceful, said in words, kept through `up` and through its host's boot; the file wins."""
    bench = lab_project(tiny)
    bench.up()
    first = _page(bench)

    said = bench.vps("stop", VPS, "--yes")
    assert "shut down after" in said
    assert "was cut" not in said
    _unchanged(bench)
    bench.vps("up", STACK, "--yes")
    assert "it was stopped" in _host_boots(bench)
    assert not _is_running(bench)

    bench.vps("start", VPS, "--yes")
    second = _page(bench)
    bench.vps("reboot", VPS, "--yes")
    third = _page(bench)
    assert [first["boots"], second["boots"], third["boots"]] == ["1", "2", "3"]
    assert first["born"] == third["born"]

    assert f"{VPS}: suspended on lab1" in bench.vps("suspend", VPS, "--yes")
    assert "it is suspended" in bench.vps("start", VPS, "--yes", code=1)
    bench.vps("resume", VPS, "--yes")

    bench.edit(lambda client: client["vps"]["web1"].update(power="suspended"))
    assert "the guest is shut down" in bench.pulumi("preview", "--diff", "--stack", STACK)
    bench.up()
    assert not _is_running(bench)
    assert "declared suspended" in bench.vps("start", VPS, "--yes", code=1)
    assert "it is declared suspended" in _host_boots(bench)
    bench.edit(lambda client: client["vps"]["web1"].update(power="managed"))
    bench.up()
    assert _page(bench)["born"] == first["born"]
    assert bench.vps("stop", VPS, "--yes", "--force").startswith(f"{VPS}: its power was cut")
    _unchanged(bench)


def test_a_lab_that_goes_down_takes_its_guests_along(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    """Shut down with their host is not shut down by their client: they come back with it."""
    bench = lab_project(tiny)
    bench.up()
    first = _page(bench)
    bench.lab.down(grace_s=60)
    bench.lab.up()
    again = _page(bench)
    assert (again["born"], again["boots"]) == (first["born"], "2")
