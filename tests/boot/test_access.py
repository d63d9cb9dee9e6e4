"""A running guest learns new keys and its name by `vps access`, and by nothing else: proven by who may log in."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.domain.images import Image
from components.images.build import build
from components.lab.example import IMAGE
from tests.boot.conftest import LabBench
from tests.engine.conftest import STACK
from tests.engine.processes import wait_until

pytestmark = [pytest.mark.boot, pytest.mark.lab, pytest.mark.engine]

BOOT_S = 600
VPS = "example-coop/web1"


def _key(folder: Path, name: str) -> tuple[Path, str]:
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True)
    return key, key.with_suffix(".pub").read_text().strip()


def _ask(bench: LabBench, key: Path, command: str) -> subprocess.CompletedProcess[str]:
    options = ("-oBatchMode=yes", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR")
    return bench.lab.run(["ssh", "-i", str(key), *options, "ada@192.0.2.10", command], timeout=60)


def test_keys_and_name_reach_a_running_guest_by_an_act_of_their_own(
    lab_project: Callable[[Image], LabBench], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench = lab_project(build(IMAGE, tmp_path_factory.mktemp("lock"), lambda _: None))
    (old, old_public), (new, new_public) = _key(tmp_path, "old"), _key(tmp_path, "new")
    bench.edit(lambda client: client["contacts"]["ada"].update(ssh_key=old_public))
    bench.vps("up", STACK, "--yes")
    seen = "cat /proc/sys/kernel/random/boot_id; hostname"
    wait_until(lambda: _ask(bench, old, seen).returncode == 0, "the guest lets nobody in", BOOT_S)
    boot_id, name = _ask(bench, old, seen).stdout.split()
    assert name == "web1"

    bench.edit(lambda client: client["contacts"]["ada"].update(ssh_key=new_public))
    bench.edit(lambda client: client["vps"]["web1"].update(fqdn="shop.coop.example"))
    assert "until `vps access` sets it" in " ".join(bench.vps("preview", STACK).split())
    bench.vps("up", STACK, "--yes")
    assert _ask(bench, old, seen).returncode == 0
    assert _ask(bench, new, seen).returncode != 0

    said = bench.vps("access", VPS, "--yes")

    assert "ada: has exactly the declared keys" in said
    assert "host name: shop" in said
    assert _ask(bench, old, seen).returncode != 0
    assert _ask(bench, new, seen).stdout.split() == [boot_id, "shop"]
