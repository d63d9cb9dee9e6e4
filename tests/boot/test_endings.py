"""What a real guest says after an edit of its keys, a reinstallation, and its way through the trash and back."""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Text

from components.domain.images import Image
from components.images.build import build
from tests.boot.conftest import LabBench
from tests.engine.conftest import STACK

pytestmark = [pytest.mark.lab, pytest.mark.engine]

BOOT_S = 600
VPS = "example-coop/web1"
Said = dict[str, str]
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEnNL1aTPrpDbTlrhFCLlT5dDpqpQQDTmvWLqmYRjxo2 other"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build("tiny", tmp_path_factory.mktemp("lock"), lambda _: None)


def said(bench: LabBench, wanted: Callable[[Said], bool] = lambda _: True) -> Said:
    """What the guest's page says, once it is as `wanted`."""
    end, seen = time.monotonic() + BOOT_S, Said()
    while time.monotonic() < end:
        done = bench.lab.run(["curl", "--silent", "--fail", "--max-time", "3", "http://192.0.2.10/"])
        if done.returncode == 0:
            seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
            if wanted(seen):
                return seen
        time.sleep(0.5)
    raise AssertionError(f"the guest was not as wanted within {BOOT_S} s: {seen}")


def file_of(bench: LabBench, ending: str) -> Path:
    (path,) = [path for path in bench.lab.places.data.rglob(f"*{ending}") if "pool" in str(path)]
    return path


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def restart(bench: LabBench) -> None:
    """Power off and on behind everybody's back: what the next boot finds is what counts."""
    (name,) = bench.virtual_machines()
    domain = bench.connection().lookupByName(name)
    domain.destroy()
    domain.create()


def trash(bench: LabBench) -> list[dict[str, object]]:
    return json.loads(bench.vps("trash", "list", "--json"))


def test_a_guest_through_an_edit_a_reinstallation_the_trash_and_back(
    lab_project: Callable[[Image], LabBench], tiny: Image
) -> None:
    bench = lab_project(tiny)
    bench.vps("up", STACK, "--yes")
    first = said(bench)
    assert (first["boots"], first["instance-id"][-1]) == ("1", "0")
    seed = digest(file_of(bench, "seed0.iso"))

    # Keys, name and rendered values change in the file: nothing of it reaches the guest by itself, not even at a boot.
    bench.edit(lambda client: client["contacts"]["ada"].update(ssh_key=OTHER_KEY))
    bench.edit(lambda client: client["vps"]["web1"].update(fqdn="shop.coop.example"))
    preview = bench.vps("preview", STACK)
    assert "the guest keeps what its first boot set" in " ".join(preview.split())
    bench.vps("up", STACK, "--yes")
    restart(bench)
    second = said(bench, lambda seen: seen["boots"] == "2")
    assert {key: second[key] for key in ("born", "instance-id", "hostname")} == {
        key: first[key] for key in ("born", "instance-id", "hostname")
    }
    assert digest(file_of(bench, "seed0.iso")) == seed

    # Only a raised number installs it anew; what was declared meanwhile comes with it.
    bench.edit(lambda client: client["vps"]["web1"].update(reinstall=1))
    assert "DOWNTIME AND A NEW, EMPTY DISK" in " ".join(bench.vps("preview", STACK).split())
    bench.vps("up", STACK, "--yes")
    old = file_of(bench, "-root.qcow2")
    kept = digest(old)
    third = said(bench, lambda seen: seen["born"] != first["born"])
    assert (third["boots"], third["hostname"], third["instance-id"][-1]) == ("1", "shop.coop.example", "1")
    assert digest(old) == kept
    (record,) = trash(bench)
    assert (record["why"], record["inUse"]) == ("reinstalled", False)
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")

    # It ends by declaration, and a client who returns gets the same guest.
    bench.edit(lambda client: client["vps"]["web1"]["term"].update(start=Text("2026-01-01")))
    bench.vps("end", VPS, "--on", dt.datetime.now(dt.UTC).date().isoformat(), "--yes")
    bench.vps("up", STACK, "--yes")
    bench.vps("up", STACK, "--yes")
    assert bench.virtual_machines() == []
    assert sorted(str(one["why"]) for one in trash(bench)) == ["ended", "reinstalled"]
    ended = digest(file_of(bench, "-root-r1.qcow2"))

    bench.vps("end", VPS, "--never", "--yes")
    bench.vps("trash", "restore", VPS, "--yes")
    assert digest(file_of(bench, "-root-r1.qcow2")) == ended
    bench.vps("up", STACK, "--yes")
    fourth = said(bench)
    assert (fourth["born"], fourth["instance-id"], fourth["boots"]) == (third["born"], third["instance-id"], "2")
    assert digest(old) == kept
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")
