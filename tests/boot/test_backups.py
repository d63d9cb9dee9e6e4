"""A VPS whose disk is destroyed comes back from its backup, with the same number, addresses, limits and data.

A real guest, a real target beside the host, and every command as an operator would type it.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.drivers.base import HostRef, Machine
from components.drivers.errors import DriverError
from components.drivers.guest import Said
from components.drivers.libvirt.driver import LibvirtDriver
from components.images.build import build
from components.lab.example import IMAGE
from components.lab.host import Lab
from tests.backups.conftest import Recovery, recovery_key
from tests.backups.target_host import ADDRESS, TargetHost
from tests.boot.conftest import LabBench, apply_host
from tests.engine.conftest import STACK
from tests.guests import dies_with_us

pytestmark = [pytest.mark.boot, pytest.mark.lab, pytest.mark.engine]

VPS = "example-coop/web1"
BOOT_S = 2000
FILL = """set -e
echo 'what the client wrote' >/home/ada/notes
chown ada: /home/ada/notes
mariadb -e "CREATE DATABASE IF NOT EXISTS shop; CREATE OR REPLACE TABLE shop.item (name TEXT)"
mariadb -e "INSERT INTO shop.item VALUES ('first'), ('second')"
"""
LOOK = """cat /home/ada/notes; stat -c '%U %a' /home/ada/notes; mariadb -e 'SELECT * FROM shop.item'
cat /etc/ssh/ssh_host_ed25519_key.pub; hostname -f; jq -r .uuid /etc/vps/guest.json"""

BACKED_UP = """
for attempt in 1 2 3; do
    systemctl start vps-backup.service && exit 0
    journalctl --unit vps-backup.service --lines 40 --no-pager >&2
    sleep 20
done
exit 1
"""
"""As its timer does: an emulated guest on a full machine may not reach its target in the time that a run gives it."""


class LabWire:
    """The network of a lab's host, as a target's machine is plugged into it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def command(self, command: list[str]) -> list[str]:
        """The words that run a command there."""
        return [*self._lab.places.enter_network, *command]

    def run(self, command: list[str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        return subprocess.run(self.command(command), capture_output=True, text=True, timeout=timeout, check=False)

    def spawn(self, command: list[str], **options: object) -> subprocess.Popen[bytes]:
        """Start a server there."""
        return dies_with_us(self.command(command), **options)


@pytest.fixture(scope="module")
def recovery(tmp_path_factory: pytest.TempPathFactory) -> Recovery:
    return recovery_key(tmp_path_factory.mktemp("recovery"))


@pytest.fixture(scope="module")
def bench(lab: Lab, recovery: Recovery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabBench]:
    """The example, its fleet having a target of backups."""
    image = build(IMAGE, tmp_path_factory.mktemp("lock"), lambda _: None)
    made = apply_host(lab, image, tmp_path_factory.mktemp("project"))
    wire = LabWire(lab)
    (bridge,) = made.connection().networkLookupByName("public1").bridgeName().split()
    assert wire.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", bridge]).returncode == 0
    try:
        host = TargetHost(wire, tmp_path_factory.mktemp("target") / "host", size="2g")
        with host:
            declared = host.declared(recovery.recipient)
            lines = {
                "target": declared.target,
                "host_key": declared.host_key,
                "recovery": [recovery.recipient],
                "admin": declared.admin,
                "drill": {"network": "public1", "ipv4": "192.0.2.250"},
            }
            made.edit(lambda fleet: fleet.update(backups=lines), "fleet.yaml")
            yield made
    finally:
        made.clear()
        wire.run(["ip", "address", "del", f"{ADDRESS}/32", "dev", bridge])


def machine_of(bench: LabBench) -> tuple[LibvirtDriver, Machine]:
    driver = LibvirtDriver(HostRef(name="lab", driver="libvirt", uri=bench.lab.uri, probe=bench.lab.probe))
    (machine,) = driver.read_all()
    return driver, machine


def ask(bench: LabBench, script: str) -> str:
    """What a script prints in the guest, through its agent, as soon as it answers."""
    driver, machine = machine_of(bench)
    assert machine.mark is not None
    end = time.monotonic() + BOOT_S
    while True:
        try:
            said: Said = driver.guest().run(
                machine.uuid, machine.mark, ["/bin/sh", "-s"], script.encode(), deadline_s=900
            )
        except DriverError:
            assert time.monotonic() < end
            time.sleep(3)
            continue
        assert said.code == 0, said.err
        return said.out.decode()


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + BOOT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(5)


def delivered(bench: LabBench) -> str:
    """What `vps deliver` says once the first boot is through."""
    return bench.vps("deliver", "example-coop", "--wait", f"{BOOT_S}s", deadline_s=BOOT_S + 300)


def limits(machine: Machine) -> dict[str, object]:
    """What is configured."""
    return {name: reading.configured for name, reading in machine.readings.items()}


def standing(bench: LabBench, code: int) -> dict[str, object]:
    (found,) = json.loads(bench.vps("backups", "--json", code=code))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def filled(bench: LabBench) -> LabBench:
    """A delivered VPS with something of its client in it, all of it backed up."""
    bench.vps("up", STACK, "--yes")
    assert standing(bench, 2)["state"] == "broken"
    assert "its key was authorised (new)" in delivered(bench)
    ask(bench, FILL)
    # The one that its enrolment began, then one with what was filled in.
    ask(bench, f"systemctl start vps-backup.service; {BACKED_UP}")
    return bench


def test_a_drill_proves_the_newest_backup(filled: LabBench, recovery: Recovery) -> None:
    """In a guest of its own beside the VPS, which is gone afterwards."""
    kept = standing(filled, 0)
    assert (kept["state"], kept["proven"]) == ("kept", None)

    words = ["backups", "drill", VPS, "--recovery-key", str(recovery.file), "--yes"]
    assert "0 differ" in filled.vps(*words, deadline_s=BOOT_S + 600)

    proven = standing(filled, 0)["proven"]
    assert isinstance(proven, dict)
    assert (proven["snapshot"], proven["differ"]) == (kept["snapshot"], 0)
    assert proven["files"] > 0
    assert len(filled.virtual_machines()) == 1


def test_a_destroyed_disk_comes_back(filled: LabBench, recovery: Recovery, tmp_path: Path) -> None:
    """Disk, seed and definition are gone: only the target and the files know of it. Three commands bring it back."""
    before = ask(filled, LOOK)
    _, was = machine_of(filled)
    filled.clear()
    filled.vps("up", STACK, "--yes", code=1)

    assert "the backup of" in filled.vps("restore", VPS)
    assert "which its first boot fills from the backup" in " ".join(filled.vps("preview", STACK).split())
    filled.vps("up", STACK, "--yes")
    until(lambda: "35-restore" in ask(filled, "cat /run/vps/state.json || :"), "it does not wait for its backup")
    words = ["restore", VPS, "--run", "--recovery-key", str(recovery.file)]
    assert "its key is authorised (replaced)" in filled.vps(*words, deadline_s=BOOT_S)
    delivered(filled)

    assert ask(filled, LOOK) == before
    _, now = machine_of(filled)
    assert (now.uuid, now.macs, now.addresses, limits(now)) == (was.uuid, was.macs, was.addresses, limits(was))
    words = ["backups", "fetch", VPS, "--recovery-key", str(recovery.file), "--into", str(tmp_path / "here")]
    filled.vps(*words, deadline_s=900)
    assert "INSERT INTO `item`" in (tmp_path / "here" / "databases.sql").read_text()
    state = "".join(path.read_text() for path in filled.project.work.rglob("*.json"))
    assert ask(filled, "cat /etc/vps/secrets/backup-passphrase").strip() not in state
