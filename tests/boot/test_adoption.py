"""A running guest that somebody made by hand becomes a client's VPS: nothing of it changes, then only what is declared.

At the end state is lost and made again, and the machine's end keeps its disk: the whole life of an adopted machine.
"""

import copy
import datetime as dt
import shutil
import subprocess
import time
from collections.abc import Callable

import pytest
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from components.cloudinit import render, seed_iso
from components.config.loader import load
from components.declaration import machine_inputs
from components.domain.images import Image
from components.images import cache
from components.images.build import build
from tests.boot.conftest import LabBench
from tests.drivers.strangers import VIRT_INSTALL, without_mark
from tests.engine.conftest import Bench

pytestmark = [pytest.mark.lab, pytest.mark.engine]

CLIENT, VPS = "oldcoop", "old-web"
FILE = f"clients/{CLIENT}.yaml"
STACK = f"client.{CLIENT}"
UUID, MAC = "5d1f6c1e-8f0b-4f39-9d0a-7b1c2d3e4f50", "52:54:00:aa:bb:cc"
BOOT_S = 120


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build("tiny", tmp_path_factory.mktemp("lock"), lambda _: None)


def virsh(bench: LabBench, *words: str) -> str:
    done = subprocess.run(["virsh", "-q", "-c", bench.lab.uri, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_by_hand(bench: LabBench, image: Image) -> None:
    """What somebody did with virt-install years ago: a disk of their own, a seed of their own."""
    pool = bench.lab.places.data / "aegir-vps/pool"
    shutil.copy(cache.locate(image.sha256, image.name), pool / "old-web.qcow2")
    fleet = load(bench.project.fleet).fleet
    client = fleet.clients["example-coop"]
    values = machine_inputs(fleet, client, client.vps["web1"], "none")["seed"]["values"]
    values = {**values, "uuid": UUID, "nics": {"n0": {**values["nics"]["n0"], "mac": MAC}}}
    (pool / "old-web-cidata.iso").write_bytes(seed_iso(render("base", values)))
    virsh(bench, "pool-refresh", "vps")
    xml = VIRT_INSTALL.format(
        name=VPS, uuid=UUID, memory=256 * 1024, vcpus=1, mac=MAC, network="public1",
        path="/var/lib/aegir-vps/pool/old-web.qcow2",
    )  # fmt: skip
    seed = "<source file='/var/lib/aegir-vps/pool/old-web-cidata.iso'/><target dev='sda' bus='sata'/>"
    path = bench.project.folder / "old-web.xml"
    path.write_text(xml.replace("<target dev='sda' bus='sata'/>", seed))
    virsh(bench, "define", str(path))
    virsh(bench, "start", VPS)


def now(bench: LabBench) -> dict[str, str]:
    """What the guest says of itself."""
    end = time.monotonic() + BOOT_S
    while time.monotonic() < end:
        done = bench.lab.run(["curl", "--silent", "--fail", "--max-time", "3", "http://192.0.2.10/cgi-bin/now"])
        if done.returncode == 0:
            return dict(line.split("=", 1) for line in done.stdout.splitlines())
        time.sleep(0.5)
    raise AssertionError(f"the guest did not answer within {BOOT_S} s")


def described(bench: LabBench) -> dict[str, str]:
    """Everything that libvirt says of the machine but our mark: its configuration, and what runs."""
    found = {"config": virsh(bench, "dumpxml", "--inactive", UUID), "live": virsh(bench, "dumpxml", UUID)}
    return {kind: without_mark(xml) for kind, xml in found.items()}


def fill_in(bench: Bench) -> None:
    """What a person knows and no host tells."""
    path = bench.project.fleet / FILE
    text = path.read_text()
    for key in ("name: Ex", "contacts:", "  ada:", "contract:", "term:", "fqdn:"):
        text = text.replace(f"# {key}", key, 1)
    if "    ipv4: [192.0.2.10]" not in text:
        text = text.replace("    # ipv4: [192.0.2.10]", "    ipv4: [192.0.2.10]")
    path.write_text(text)


def test_the_life_of_an_adopted_machine(lab_project: Callable[[Image], LabBench], tiny: Image) -> None:
    bench = lab_project(tiny)
    make_by_hand(bench, tiny)
    (bench.project.fleet / "clients/example-coop.yaml").unlink()
    born, before = now(bench), described(bench)

    look = bench.vps("adopt", "lab1")
    assert "can be adopted" in look
    assert UUID in look
    assert "Written: clients/oldcoop.yaml" in bench.vps("adopt", "lab1", "--write", CLIENT)
    fill_in(bench)
    bench.vps("check")
    assert described(bench) == before, "looking changed something"

    bench.vps("init", STACK)
    assert "nobody has adopted it yet" in bench.vps("preview", STACK, code=1)
    bench.edit(lambda client: client["vps"][VPS].update(mac=DoubleQuotedScalarString("52:54:00:00:00:01")), FILE)
    assert "MAC: declared 52:54:00:00:00:01" in bench.vps("adopt", f"{CLIENT}/{VPS}", "--yes", code=1)
    bench.edit(lambda client: client["vps"][VPS].update(mac=DoubleQuotedScalarString(MAC)), FILE)
    assert described(bench) == before

    assert "adopted; nothing of it was touched" in bench.vps("adopt", f"{CLIENT}/{VPS}", "--yes")
    assert described(bench) == before
    assert "nothing of it touched" in bench.vps("up", STACK, "--yes")
    bench.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    assert described(bench) == before
    assert now(bench)["boot-id"] == born["boot-id"]
    machine = next(found for found in bench.state(STACK) if found["type"] == "vps:index:Machine")
    assert machine["protect"]
    assert machine["id"] == UUID

    _limits_change_and_nothing_else(bench, before)
    assert now(bench)["boot-id"] == born["boot-id"]

    shutil.rmtree(bench.project.work / "state")
    marked = described(bench)
    bench.vps("rebuild", "--yes")
    bench.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    assert described(bench) == marked
    assert now(bench)["boot-id"] == born["boot-id"]

    _its_end_keeps_its_disk(bench)


def _limits_change_and_nothing_else(bench: LabBench, before: dict[str, str]) -> None:
    def cap(catalogue: dict) -> None:
        (key,) = [key for key in catalogue["packages"] if key.startswith("adopted-")]
        capped = copy.deepcopy(catalogue["packages"][key])
        capped["limits"].update(cpu_cap="50 %", disk_iops=500)
        catalogue["packages"]["adopted-capped@2026-11"] = capped

    bench.edit(cap, "catalogue.yaml")
    bench.edit(lambda client: client["vps"][VPS].update(package="adopted-capped@2026-11"), FILE)
    said = bench.vps("up", STACK, "--yes")
    assert "unlimited -> 50 %: live" in said
    after = sorted(described(bench)["config"].splitlines())
    was = sorted(before["config"].splitlines())
    assert [line for line in was if line not in after] == []
    new = {line.strip() for line in after if line not in was}
    assert new == {
        "<cputune>",
        "</cputune>",
        "<global_period>100000</global_period>",
        "<global_quota>50000</global_quota>",
        "<iotune>",
        "</iotune>",
        "<total_iops_sec>500</total_iops_sec>",
    }
    assert "global_quota   : 50000" in virsh(bench, "schedinfo", UUID, "--live")
    bench.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def _its_end_keeps_its_disk(bench: LabBench) -> None:
    disk = bench.lab.places.data / "aegir-vps/pool/old-web.qcow2"
    inode = disk.stat().st_ino
    today = dt.datetime.now(dt.UTC).date().isoformat()
    bench.edit(lambda client: client["vps"][VPS]["term"].update(start=DoubleQuotedScalarString("2026-01-01")), FILE)
    bench.edit(lambda client: client["vps"][VPS].update(ends=DoubleQuotedScalarString(today)), FILE)
    bench.vps("up", STACK, "--yes")
    bench.vps("up", STACK, "--yes")
    assert bench.virtual_machines() == []
    assert disk.stat().st_ino == inode
    assert f"{CLIENT}/{VPS}" in bench.vps("trash", "list") or UUID in bench.vps("trash", "list", "--json")
