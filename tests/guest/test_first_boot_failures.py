"""A first boot that can't go on says why at once, on the console and to whoever asks, and goes on by itself."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.guests import Guest
from tests.seeds import VPS, seed

pytestmark = pytest.mark.lab

LIB = "/usr/local/lib/vps"
PAUSE = "etc/systemd/system/vps-firstboot.service.d/60-pause.conf"
MIB = 1 << 20
YEARS_S = 3 * 365 * 86400
STEP = """#!/bin/sh
# what: breaks until it may not
# deadline: 5
echo "said before"
[ ! -e /mended ] || exit 0
[ ! -e /slow ] || sleep 60
printf 'the disk \\033[31mof this step is gone\\007\\n' >&2
exit 3
"""
ONCE = "#!/bin/sh\n# what: breaks once\n[ ! -e /once ] || exit 0\ntouch /once\necho only this once\nexit 1\n"
CHECK = "#!/bin/sh\n# what: red until mended\n[ -e /roof ] && exit 0\necho no roof\nexit 1\n"


def pause(guest: Guest, seconds: int) -> None:
    """How long the runner waits before it tries again for the first time."""
    guest.write(PAUSE, f"[Service]\nEnvironment=VPS_PAUSE={seconds}\n")


def delivery(guest: Guest) -> dict[str, Any]:
    """What the report says of it."""
    said: dict[str, Any] = json.loads(guest.ask(f"{LIB}/report"))["delivery"]
    return said


def told(guest: Guest, step: str, reason: str) -> dict[str, Any]:
    """The guest says it in its delivery, on its console and in its report, and nowhere that it is ready."""
    start = f"VPS NOT READY {VPS}: {step}: "
    guest.wait(lambda: guest.delivery().startswith(start) and reason in guest.delivery(), f"never told: {reason}")
    guest.wait(lambda: reason in guest.console, "not on the console", 60)
    said = delivery(guest)
    assert (said["state"], said["step"]) == ("failed", step)
    assert reason in said["reason"]
    assert "VPS READY" not in guest.console
    assert not guest.file("/etc/cloud/cloud-init.disabled").exists()
    return said


def test_whatever_is_wrong_is_told_until_it_is_mended(golden_tree: Path, tmp_path: Path) -> None:
    """One guest with everything wrong that can be: no file free, a clock years behind the image's, a step, a check.

    Each is found, told and mended in its turn; nobody starts anything again.
    """
    guest = Guest(golden_tree, seed(), tmp_path / "guest")
    pause(guest, 1)
    guest.write("etc/fstab", "tmpfs /var/lib/vps tmpfs size=64m,nr_inodes=1 0 0\n")
    guest.write("opt/vps/flavour.json", '{"name": "base"}\n')
    made = time.time() + YEARS_S
    os.utime(guest.folder / "upper/opt/vps/flavour.json", (made, made))
    guest.write(f"{LIB}/firstboot.d/45-broken", STEP, 0o755)
    guest.write(f"{LIB}/health.d/zz-roof", CHECK, 0o755)
    with guest:
        _no_room(guest)
        _a_wrong_clock(guest, time.strftime("%Y-", time.gmtime(made)))
        _a_step(guest)
        # Every step is done, but a VPS is delivered only when no check fails.
        told(guest, "health", "zz-roof: no roof")
        assert not guest.file("/var/lib/vps/delivered").exists()
        guest.ask("touch /roof")
        guest.wait_ready()
        assert delivery(guest)["state"] == "delivered"


def _no_room(guest: Guest) -> None:
    """Not even a folder of the runner's can be made; then one can, but little more: told before anything is begun."""
    guest.wait(lambda: "is the disk full or read-only?" in guest.delivery(), "never told")
    assert delivery(guest)["state"] == "failed"
    guest.ask("mount -o remount,nr_inodes=4k /var/lib/vps")
    told(guest, "10-name", "128 MiB are needed to go on")
    guest.ask("mount -o remount,nr_inodes=4k,size=512m /var/lib/vps")


def _a_wrong_clock(guest: Guest, year: str) -> None:
    """Nothing that needs the time is done before it can be true; the message names both dates."""
    told(guest, "12-time", f"but this image was made on {year}")
    assert guest.ask("ls /var/lib/vps/firstboot/done").split() == ["10-name"]
    guest.ask("touch /opt/vps/flavour.json")


def _a_step(guest: Guest) -> None:
    """Which, what it said last, and its log's tail; without what would steer the reader's terminal."""
    said = told(guest, "45-broken", "the disk [31mof this step is gone")
    assert said["what"] == "breaks until it may not"
    assert any("said before" in line for line in said["log"])
    guest.wait(lambda: "| said before" in guest.console, "no tail of the log on the console", 60)
    assert "\033[31mof this" not in guest.console
    # Ended at its deadline; tried again by itself.
    guest.ask("touch /slow")
    said = told(guest, "45-broken", "took longer than its 5 s")
    assert said["attempt"] > 1
    guest.ask("touch /mended")


def test_a_failure_is_told_before_anything_is_tried_again(golden_tree: Path, tmp_path: Path) -> None:
    """At the first attempt, whatever the wait for the second is. cloud-init that told nothing starts over at a boot."""
    guest = Guest(golden_tree, seed(), tmp_path / "guest")
    name = "var/lib/cloud/seed/nocloud/user-data"
    whole = (guest.folder / "upper" / name).read_text()
    guest.write(name, "#cloud-config\nusers: []\n")
    guest.write(f"{LIB}/firstboot.d/45-once", ONCE, 0o755)
    pause(guest, 86400)
    with guest:
        guest.wait(lambda: "left no settings" in guest.delivery(), "never told")
        assert "VPS NOT READY this VPS: cloud-init: " in guest.delivery()
        guest.wait(lambda: "left no settings" in guest.console, "not on the console", 60)
        guest.kill()
        guest.write(name, whole)
        guest.start()
        assert told(guest, "45-once", "only this once")["attempt"] == 1
        guest.kill()
        guest.start()
        guest.wait_ready()


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """A guest's folder whose disk has so much room, for all that the guest writes anywhere."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=755", "disk", str(disk)], check=True)
    try:
        (folder / "guest").mkdir()
        for part in ("upper", "work"):
            (disk / part).mkdir()
            (folder / "guest" / part).symlink_to(disk / part)
        yield folder / "guest"
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, leave_mib: int) -> None:
    """Take the room of a disk but for this much."""
    room = os.statvfs(disk)
    with (disk / "ballast").open("ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), room.f_bavail * room.f_frsize - leave_mib * MIB)


def test_a_disk_that_is_full_is_told_and_only_waited_for(golden_tree: Path, tmp_path: Path) -> None:
    """The one disk that a guest has, and all that it writes on it: with too little room nothing is begun.

    Full to its last byte when it serves already, it still says so to whoever asks.
    """
    with small_disk(tmp_path, 768) as folder:
        guest = Guest(golden_tree, seed(), folder)
        pause(guest, 1)
        fill(tmp_path / "disk", 100)
        with guest:
            told(guest, "10-name", "128 MiB are needed to go on")
            assert guest.ask("ls /var/lib/vps/firstboot/done") == ""
            (tmp_path / "disk" / "ballast").unlink()
            guest.wait_ready()
            # As on a disk of its own: Debian 12 has no other place for what is for a moment.
            guest.ask("umount --lazy /tmp")
            fill(tmp_path / "disk", 0)
            assert guest.run("dd if=/dev/zero of=/tmp/more bs=64k count=1").returncode != 0
            guest.run(f"{LIB}/health --now", timeout=600)
            said = json.loads(guest.ask(f"{LIB}/report"))
            assert said["delivery"]["state"] == "delivered"
            checks = {check["name"]: check for check in said["health"]["checks"]}
            assert checks["disk"]["state"] == "fail"
            assert "nearly full: 0 of" in checks["disk"]["message"]
            assert checks["services"]["state"] == "pass", checks
            (tmp_path / "disk" / "ballast").unlink()
            guest.wait(lambda: guest.run(f"{LIB}/health --now", timeout=600).returncode == 0, "not well again", 120)
