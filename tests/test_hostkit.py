"""The host kit on a real libvirtd: what comes back after the host's power was cut, and what does not."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.domain.names import disk_volume
from components.drivers.base import MachineSpec
from components.hostkit import HELD, HOOK, KEEP, PROGRAM, RELEASE, UNITS, files, installer, settings
from components.lab import hostkit
from components.lab.host import Lab
from tests.drivers.hosts import SEED
from tests.drivers.libvirt_host import LibvirtHost

pytestmark = pytest.mark.lab


class KitHost(LibvirtHost):
    """A lab of its own, whose power the tests cut."""

    @property
    def kept(self) -> Path:
        return hostkit.folder(self.lab.places)

    def made(self, name: str, **mark: object) -> MachineSpec:
        """A delivered machine that runs, called so that `name` sorts."""
        spec = self.spec()
        spec = replace(spec, name=f"{name}-{spec.name}", start=mark.get("power", "managed") == "managed")
        self.seen[-1] = spec
        driver = self.driver()
        driver.create(spec, SEED, self.mark(spec, **mark))
        driver.close()
        return spec

    def running(self) -> set[str]:
        return set(self.virsh("list", "--name").split())

    def inside(self, *words: str, check: bool = True) -> str:
        command = [*self.lab.places.enter, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout + done.stderr

    def log(self) -> str:
        return (self.kept / "log").read_text()

    def boots(self) -> str:
        """Cut its power and switch it on again; what the kit said of that boot."""
        (self.kept / "log").unlink(missing_ok=True)
        self.lab.crash()
        self.lab.up()
        return self.log()

    def guest_shuts_down(self, spec: MachineSpec) -> None:
        """As libvirt tells it of a guest that was shut down from inside (a blank one can't)."""
        described = self.virsh("dumpxml", spec.uuid)
        self.virsh("destroy", spec.uuid)
        hook = [*self.lab.places.enter, str(HOOK), spec.name, "stopped", "end", "shutdown"]
        subprocess.run(hook, input=described, text=True, check=True, timeout=30)


@pytest.fixture(scope="module")
def kit_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KitHost]:
    lab = Lab(f"k{secrets.token_hex(3)}")
    try:
        lab.up()
        yield KitHost(tmp_path_factory.mktemp("hostkit"), lab)
    finally:
        lab.down(data=True, grace_s=0)


@pytest.fixture
def host(kit_host: KitHost) -> Iterator[KitHost]:
    yield kit_host
    (kit_host.kept / HELD.name).unlink(missing_ok=True)
    (kit_host.kept / "settings").unlink()
    hostkit.install(kit_host.lab.places)
    kit_host.clean()


def test_the_right_ones_come_back_in_order(host: KitHost) -> None:
    """Without anybody's help; each with its reason."""
    last = host.made("a", order=1)
    first = host.made("z", order=0)
    declared = host.made("b", power="stopped")
    moving = host.made("c", move="to:kvm2")
    stopped, shut, suspended = host.made("d"), host.made("e"), host.made("f")
    driver = host.driver()
    for spec, wish in ((stopped, "off"), (suspended, "suspended")):
        machine = driver.read(spec.uuid)
        assert machine is not None
        assert machine.mark is not None
        driver.power(spec.uuid, wish, machine.mark)
    driver.close()
    host.guest_shuts_down(shut)
    host.stranger(host.spec())
    said = host.boots()
    assert host.running() == {first.name, last.name}
    assert said.index(f"started {first.name}") < said.index(f"started {last.name}")
    for spec, why in (
        (declared, "it is declared stopped"),
        (moving, "a move is under way (to:kvm2)"),
        (stopped, "it was stopped or shut down"),
        (suspended, "it is suspended"),
        (shut, "its client shut it down"),
    ):
        assert f"left {spec.name} down: {why}" in said


def test_one_that_fails_stops_no_other(host: KitHost) -> None:
    """Said, and the next one is started."""
    broken, whole = host.made("a"), host.made("b")
    host.lose_disk(broken)
    said = host.boots()
    assert f"could not start {broken.name}" in said
    assert host.running() == {whole.name}


def test_a_crash_is_nobodys_wish(host: KitHost) -> None:
    """Destroyed or killed, it comes back; somebody's start after a forced stop counts as well."""
    destroyed, again = host.made("a"), host.made("b")
    host.stop_by_hand(destroyed)
    driver = host.driver()
    machine = driver.read(again.uuid)
    assert machine is not None
    assert machine.mark is not None
    driver.power(again.uuid, "off", machine.mark, deadline_s=0)
    driver.close()
    host.start_by_hand(again)
    host.boots()
    assert host.running() == {destroyed.name, again.name}


def test_a_write_after_the_clients_shutdown_changes_nothing(host: KitHost) -> None:
    """`up` raises the revision; the guest is still down by its client's wish."""
    spec = host.made("a")
    host.guest_shuts_down(spec)
    driver = host.driver()
    machine = driver.read(spec.uuid)
    assert machine is not None
    assert machine.mark is not None
    driver.update(replace(spec, cpu_cap_percent=60), machine.mark)
    driver.close()
    host.boots()
    assert host.running() == set()


@pytest.mark.parametrize(("minutes", "why"), [(20, "this host was away for 20 minutes"), (-30, "the clock is")])
def test_a_host_that_was_away_is_held(host: KitHost, minutes: int, why: str) -> None:
    """Nothing starts, by hand neither, until it is released; then all that shall."""
    spec = host.made("a")
    (host.kept / "settings").write_text(
        settings(15, connect=host.lab.uri, now_here=hostkit.NOW_HERE, pause_s="0"), encoding="utf-8"
    )
    host.lab.crash()
    (host.kept / "alive").write_text(f"{time.time() - minutes * 60 - 5:.0f}\n")
    host.lab.up()
    assert host.running() == set()
    assert why in host.log()
    assert why in (host.kept / HELD.name).read_text()
    done = host.virsh("start", spec.uuid, check=False)
    assert host.running() == set(), done
    host.inside("sh", str(PROGRAM), "tick")
    assert host.boots().count("held") >= 1, "a second boot does not release it"
    assert host.running() == set()
    host.inside(*RELEASE.split())
    assert host.running() == {spec.name}
    assert host.boots().count("held") == 0


def test_away_for_a_moment_is_no_absence(host: KitHost) -> None:
    """The tick stamps each minute that it lives."""
    spec = host.made("a")
    (host.kept / "settings").write_text(
        settings(15, connect=host.lab.uri, now_here=hostkit.NOW_HERE, pause_s="0"), encoding="utf-8"
    )
    host.inside("sh", str(PROGRAM), "tick")
    assert abs(int((host.kept / "alive").read_text()) - time.time()) < 10
    host.boots()
    assert host.running() == {spec.name}


def test_nothing_is_stamped_or_started_before_it_is_decided(host: KitHost) -> None:
    """A tick before that would hide the absence."""
    host.made("a")
    host.virsh("destroy", host.seen[-1].uuid)
    decided = Path(hostkit.NOW_HERE) / "decided"
    before = (host.kept / "alive").read_text() if (host.kept / "alive").exists() else ""
    host.inside("rm", str(decided))
    time.sleep(1.1)
    host.inside("sh", str(PROGRAM), "tick")
    said = host.inside("sh", str(PROGRAM), "restore", check=False)
    assert "not decided" in said
    after = (host.kept / "alive").read_text() if (host.kept / "alive").exists() else ""
    assert after == before
    assert host.running() == set()
    host.inside("sh", str(PROGRAM), "decide")


def test_a_reboot_that_was_cut_goes_on(host: KitHost) -> None:
    """With the next tick."""
    spec = host.made("a")
    host.virsh("destroy", spec.uuid)
    pending = host.kept / "pending" / spec.uuid
    pending.touch()
    host.inside("sh", str(PROGRAM), "tick")
    assert host.running() == set(), "another may be at it still"
    host.inside("touch", "-d", "-2 minutes", f"{KEEP}/pending/{spec.uuid}")
    host.inside("sh", str(PROGRAM), "tick")
    assert host.running() == {spec.name}
    assert not pending.exists()


def test_a_reboot_that_was_cut_starts_nothing_that_shall_be_down(host: KitHost) -> None:
    """Somebody stopped it, or its move began, before the tick came to it."""
    moving, stopped = host.made("a", move="to:kvm2"), host.made("b")
    driver = host.driver()
    machine = driver.read(stopped.uuid)
    assert machine is not None
    assert machine.mark is not None
    driver.power(stopped.uuid, "off", machine.mark, deadline_s=0)
    driver.close()
    host.virsh("destroy", moving.uuid)
    for spec in (moving, stopped):
        host.inside("touch", "-d", "-2 minutes", f"{KEEP}/pending/{spec.uuid}")
    host.inside("sh", str(PROGRAM), "tick")
    assert host.running() == set()
    assert not list((host.kept / "pending").iterdir())


def test_a_reboot_that_does_not_start_is_tried_again(host: KitHost) -> None:
    """Its client asked for a reboot, so it is not left down after one failure."""
    spec = host.made("a")
    host.virsh("destroy", spec.uuid)
    disk = host.pool_folder / disk_volume(spec.name, spec.uuid, "root")
    disk.rename(disk.with_suffix(".away"))
    host.inside("touch", "-d", "-2 minutes", f"{KEEP}/pending/{spec.uuid}")
    host.inside("sh", str(PROGRAM), "tick")
    assert f"could not start {spec.name}" in host.log()
    disk.with_suffix(".away").rename(disk)
    host.inside("sh", str(PROGRAM), "tick")
    assert host.running() == {spec.name}
    assert not list((host.kept / "pending").iterdir())


def test_a_unit_that_was_restarted_still_sees_who_shuts_down(host: KitHost) -> None:
    """Its stop says that the host goes down, which is over once it starts again."""
    spec = host.made("a")
    host.inside("sh", str(PROGRAM), "going-down")
    host.inside("sh", str(PROGRAM), "restore")
    host.guest_shuts_down(spec)
    host.boots()
    assert host.running() == set()


def test_what_is_down_at_installation_stays_down(host: KitHost) -> None:
    """Nobody noted why it is."""
    down, up = host.made("a"), host.made("b")
    host.virsh("destroy", down.uuid)
    (host.kept / "notes" / down.uuid).unlink()
    assert down.name in host.inside("sh", str(PROGRAM), "first")
    host.boots()
    assert host.running() == {up.name}


def test_a_guests_own_reboot_counts(host: KitHost) -> None:
    """Memory that waits comes into force in a new QEMU; without anything waiting the QEMU stays."""
    spec = host.made("a")
    host.virsh("reset", spec.uuid)
    time.sleep(2)
    assert host.virsh("domid", spec.uuid).strip() != "-"
    before = host.virsh("domid", spec.uuid)
    driver = host.driver()
    machine = driver.read(spec.uuid)
    assert machine is not None
    assert machine.mark is not None
    waiting = driver.update(replace(spec, memory_mib=128), machine.mark)
    assert waiting.reboot_required == ("memoryMib",)
    assert host.virsh("domid", spec.uuid) == before
    host.virsh("reset", spec.uuid)
    end = time.monotonic() + 60
    while f"started {spec.name}: its guest rebooted" not in host.log():
        assert time.monotonic() < end, host.log()
        time.sleep(0.3)
    assert host.virsh("domid", spec.uuid) != before
    after = driver.read(spec.uuid)
    assert after is not None
    assert (after.reboot_required, after.readings["memoryMib"].effective) == ((), 128)
    driver.close()


def test_the_hook_says_yes_where_the_kit_is_not() -> None:
    """A host without the program starts its guests."""
    text = files()[HOOK]
    done = subprocess.run(["sh", "-s", "x", "prepare", "begin"], input=text, text=True, check=False, timeout=20)
    assert done.returncode == 0


SYSTEMCTL = """#!/bin/sh
case $* in *try-restart*) [ -e /run/works ] || { echo cut; exit 1; } ;; esac
echo "systemctl $*"
"""


def test_an_installer_that_was_cut_does_the_rest_when_it_is_run_again(tmp_path: Path) -> None:
    """A libvirtd that was not restarted never calls the hooks. systemd, which does not run here, is stood in for."""
    done = _installed(tmp_path, "test:///default", "touch /run/works; sh $script; echo AGAIN; sh $script")
    assert done.returncode == 0, done.stdout + done.stderr
    cut, _, rest = done.stdout.partition("AFTER THE CUT\n")
    assert "cut" in cut
    first, _, again = rest.partition("AGAIN\n")
    assert "try-restart libvirtd" in first
    assert "try-restart" not in again, "guests go on, but nobody restarts libvirtd for nothing"


def test_an_installer_that_can_not_ask_what_is_down_starts_nothing(tmp_path: Path) -> None:
    """It would start what its client shut down."""
    done = _installed(tmp_path, "qemu:///system?socket=/nowhere", "sh $script")
    assert done.returncode != 0
    assert "libvirtd does not answer" in done.stdout
    assert "systemctl enable" not in done.stdout


def _installed(folder: Path, connect: str, then: str) -> subprocess.CompletedProcess[str]:
    """Run the installer in a mount namespace of its own where systemd seems to run; it fails once, then `then`."""
    script, tools = folder / "install.sh", folder / "bin"
    script.write_text(installer())
    tools.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    alone = f"""set -e
script={script}; PATH={tools}:$PATH
for folder in /var/lib /etc /run; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
mkdir -p {KEEP} {HOOK.parents[1]} {UNITS} /run/systemd/system
echo 'connect="{connect}"' >{KEEP}/settings
sh $script || true; echo 'AFTER THE CUT'; {then}"""
    command = ["unshare", "--mount", "sh", "-c", alone]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_installer_writes_what_is_missing_and_nothing_twice(tmp_path: Path) -> None:
    """In a mount namespace of its own, where systemd does not run."""
    script = tmp_path / "install.sh"
    script.write_text(installer(7))
    shown = f"find {KEEP} {HOOK.parent} {UNITS} -type f; cat {KEEP}/settings"
    folders = " ".join(str(path) for path in (KEEP, HOOK.parents[1], UNITS))
    alone = f"""set -e
for folder in /var/lib /etc /run; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
mkdir -p {folders}
sh {script}; echo AGAIN; echo hold_minutes=9 >{KEEP}/settings; sh {script}; {shown}"""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", alone], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    first, _, again = done.stdout.partition("AGAIN\n")
    assert all(f"wrote {path}\n" in first for path in files())
    assert "wrote" not in again
    assert all(f"{path}\n" in again for path in files())
    assert again.endswith("hold_minutes=9\n"), "what an operator set stays"
