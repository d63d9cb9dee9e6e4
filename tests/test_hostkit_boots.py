"""The host kit on a real libvirtd: what comes back after the host's power was cut, and what does not."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.domain.names import disk_volume
from components.hostkit import HELD, RELEASE
from components.lab import hostkit
from components.lab.host import Lab
from tests.kit_host import KitHost

pytestmark = pytest.mark.lab


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
    host.bring(stopped, "off")
    host.bring(suspended, "suspended")
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
    host.bring(again, "off", deadline_s=0)
    host.start_by_hand(again)
    host.boots()
    assert host.running() == {destroyed.name, again.name}


def test_a_write_after_the_clients_shutdown_changes_nothing(host: KitHost) -> None:
    """`up` raises the revision; the guest is still down by its client's wish."""
    spec = host.made("a")
    host.guest_shuts_down(spec)
    host.change(replace(spec, cpu_cap_percent=60))
    host.boots()
    assert host.running() == set()


@pytest.mark.parametrize(("minutes", "why"), [(20, "this host was away for 20 minutes"), (-30, "the clock is")])
def test_a_host_that_was_away_is_held(host: KitHost, minutes: int, why: str) -> None:
    """Nothing starts, by hand neither, until it is released; then all that shall."""
    spec = host.made("a")
    host.hold_after(15)
    host.lab.crash()
    (host.kept / "alive").write_text(f"{time.time() - minutes * 60 - 5:.0f}\n")
    host.lab.up()
    assert host.running() == set()
    assert why in host.log()
    assert why in (host.kept / HELD.name).read_text()
    done = host.virsh("start", spec.uuid, check=False)
    assert host.running() == set(), done
    host.kit("tick")
    assert host.boots().count("held") >= 1, "a second boot does not release it"
    assert host.running() == set()
    host.inside(*RELEASE.split())
    assert host.running() == {spec.name}
    assert host.boots().count("held") == 0


def test_away_for_a_moment_is_no_absence(host: KitHost) -> None:
    """The tick stamps each minute that it lives."""
    spec = host.made("a")
    host.hold_after(15)
    host.kit("tick")
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
    host.kit("tick")
    said = host.kit("restore", check=False)
    assert "not decided" in said
    after = (host.kept / "alive").read_text() if (host.kept / "alive").exists() else ""
    assert after == before
    assert host.running() == set()
    host.kit("decide")


def test_a_reboot_that_was_cut_goes_on(host: KitHost) -> None:
    """With the next tick."""
    spec = host.made("a")
    host.virsh("destroy", spec.uuid)
    pending = host.kept / "pending" / spec.uuid
    pending.touch()
    host.kit("tick")
    assert host.running() == set(), "another may be at it still"
    host.rebooted_before(spec)
    host.kit("tick")
    assert host.running() == {spec.name}
    assert not pending.exists()


def test_a_reboot_that_was_cut_starts_nothing_that_shall_be_down(host: KitHost) -> None:
    """Somebody stopped it, or its move began, before the tick came to it."""
    moving, stopped = host.made("a", move="to:kvm2"), host.made("b")
    host.bring(stopped, "off", deadline_s=0)
    host.virsh("destroy", moving.uuid)
    for spec in (moving, stopped):
        host.rebooted_before(spec)
    host.kit("tick")
    assert host.running() == set()
    assert not list((host.kept / "pending").iterdir())


def test_a_reboot_that_does_not_start_is_tried_again(host: KitHost) -> None:
    """Its client asked for a reboot, so it is not left down after one failure."""
    spec = host.made("a")
    host.virsh("destroy", spec.uuid)
    disk = host.pool_folder / disk_volume(spec.name, spec.uuid, "root")
    disk.rename(disk.with_suffix(".away"))
    host.rebooted_before(spec)
    host.kit("tick")
    assert f"could not start {spec.name}" in host.log()
    disk.with_suffix(".away").rename(disk)
    host.kit("tick")
    assert host.running() == {spec.name}
    assert not list((host.kept / "pending").iterdir())


def test_a_unit_that_was_restarted_still_sees_who_shuts_down(host: KitHost) -> None:
    """Its stop says that the host goes down, which is over once it starts again."""
    spec = host.made("a")
    host.kit("going-down")
    host.kit("restore")
    host.guest_shuts_down(spec)
    host.boots()
    assert host.running() == set()


def test_what_is_down_at_installation_stays_down(host: KitHost) -> None:
    """Nobody noted why it is."""
    down, up = host.made("a"), host.made("b")
    host.virsh("destroy", down.uuid)
    (host.kept / "notes" / down.uuid).unlink()
    assert down.name in host.kit("first")
    host.boots()
    assert host.running() == {up.name}


def test_a_guests_own_reboot_counts(host: KitHost) -> None:
    """Memory that waits comes into force in a new QEMU; without anything waiting the QEMU stays."""
    spec = host.made("a")
    host.virsh("reset", spec.uuid)
    time.sleep(2)
    assert host.virsh("domid", spec.uuid).strip() != "-"
    before = host.virsh("domid", spec.uuid)
    waiting = host.change(replace(spec, memory_mib=128))
    assert waiting.reboot_required == ("memoryMib",)
    assert host.virsh("domid", spec.uuid) == before
    host.virsh("reset", spec.uuid)
    end = time.monotonic() + 60
    while f"started {spec.name}: its guest rebooted" not in host.log():
        assert time.monotonic() < end, host.log()
        time.sleep(0.3)
    assert host.virsh("domid", spec.uuid) != before
    after = host.read(spec)
    assert (after.reboot_required, after.readings["memoryMib"].effective) == ((), 128)
