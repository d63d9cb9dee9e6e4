"""The main job for real: one client file, `pulumi up`, and the guest answers over both its addresses."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from components.domain.images import Image
from components.images.build import build
from components.lab.command import LabError
from components.lab.example import IMAGE
from tests.boot.conftest import LabBench
from tests.engine.conftest import STACK

pytestmark = [pytest.mark.boot, pytest.mark.lab, pytest.mark.engine]

WEB_DEADLINE_S = 1200
LOGIN_DEADLINE_S = 600
"""The web server answers before sshd and cloud-init are ready."""
GROWN_DEADLINE_S = 300


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


def _ask(bench: LabBench, key: Path, command: str) -> str:
    """Run a command in the guest as the client's owner does."""
    options = ("-oBatchMode=yes", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR")
    end = time.monotonic() + LOGIN_DEADLINE_S
    while True:
        try:
            done = bench.lab.run(["ssh", "-i", str(key), *options, "ada@192.0.2.10", command], timeout=180)
        except LabError:
            assert time.monotonic() < end, f"no login within {LOGIN_DEADLINE_S} s"
            continue
        if done.returncode == 0:
            return done.stdout
        assert time.monotonic() < end, done.stderr
        time.sleep(2)


def test_guest_answers_over_ipv4_and_ipv6(
    lab_project: Callable[[Image], LabBench], golden: Image, tmp_path: Path
) -> None:
    """The page names client and VPS; nothing drifts once the guest runs, and a larger package is in the guest live."""
    bench = lab_project(golden)
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    bench.edit(lambda client: client["contacts"]["ada"].update(ssh_key=public))
    bench.up()
    for url in ("http://192.0.2.10/", "http://[2001:db8:1::10]/"):
        page = _answer(bench, url)
        assert "Example Cooperative" in page
        assert "v-h3k9" in page
    bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK)
    (name,) = bench.virtual_machines()
    before = bench.connection().lookupByName(name).ID()
    seen = (
        "cat /proc/sys/kernel/random/boot_id; free -m | awk '/^Mem:/ { print $2 }'; df -BG --output=size / | tail -n 1"
    )
    boot_id, memory_mib, disk = _ask(bench, key, seen).split()
    assert int(memory_mib) > 2048 - 140
    assert disk == "10G"
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    bench.up()
    end = time.monotonic() + GROWN_DEADLINE_S
    while (after := _ask(bench, key, seen).split())[2] != "40G" and time.monotonic() < end:
        time.sleep(2)
    assert after[0] == boot_id
    assert int(after[1]) - int(memory_mib) > 2000
    assert after[2] in ("39G", "40G")
    domain = bench.connection().lookupByName(name)
    assert domain.ID() == before
    assert domain.schedulerParameters()["global_quota"] == 300000
    assert "waits for the next reboot" not in bench.vps("show", "example-coop/web1")
