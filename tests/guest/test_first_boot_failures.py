"""A first boot that can't go on says why within a minute, on the console and to whoever asks, and goes on by itself.

One guest with everything wrong that can be; each test mends what the one before has found.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guests import Guest
from tests.seeds import VPS, seed

pytestmark = pytest.mark.lab

LIB = "/usr/local/lib/vps"
YEARS_S = 3 * 365 * 86400
STEP = """#!/bin/sh
# what: breaks until it may not
# deadline: 3
echo "said before"
[ ! -e /mended ] || exit 0
[ ! -e /slow ] || sleep 60
printf 'the disk \\033[31mof this step is gone\\007\\n' >&2
exit 3
"""
CHECK = "#!/bin/sh\n# what: red until mended\n[ -e /roof ] && exit 0\necho no roof\nexit 1\n"


@pytest.fixture(scope="module")
def guest(golden_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """On, with no file free, a clock years behind the image's, a step that breaks and a check that is red."""
    guest = Guest(golden_tree, seed(), tmp_path_factory.mktemp("guest"))
    guest.write("etc/fstab", "tmpfs /var/lib/vps tmpfs size=64m,nr_inodes=1 0 0\n")
    guest.write("opt/vps/flavour.json", '{"name": "base"}\n')
    made = time.time() + YEARS_S
    os.utime(guest.folder / "upper/opt/vps/flavour.json", (made, made))
    guest.write(f"{LIB}/firstboot.d/45-broken", STEP, 0o755)
    guest.write(f"{LIB}/health.d/zz-roof", CHECK, 0o755)
    with guest:
        yield guest


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


def test_a_disk_wholly_full(guest: Guest) -> None:
    """Not even a folder of the runner's can be made."""
    guest.wait(lambda: "is the disk full or read-only?" in guest.delivery(), "never told")
    assert delivery(guest)["state"] == "failed"
    guest.ask("mount -o remount,nr_inodes=4k /var/lib/vps")


def test_a_disk_nearly_full(guest: Guest) -> None:
    """Told before anything is half-written."""
    told(guest, "10-name", "128 MiB are needed to go on")
    guest.ask("mount -o remount,nr_inodes=4k,size=512m /var/lib/vps")


def test_a_clock_that_is_wrong(guest: Guest) -> None:
    """Nothing that needs the time is done before it can be true; the message names both dates."""
    told(guest, "12-time", f"but this image was made on {time.strftime('%Y-', time.gmtime(time.time() + YEARS_S))}")
    assert guest.ask("ls /var/lib/vps/firstboot/done").split() == ["10-name"]
    guest.ask("touch /opt/vps/flavour.json")


def test_a_step_that_fails(guest: Guest) -> None:
    """Which, what it said last, and its log's tail; without what would steer the reader's terminal."""
    said = told(guest, "45-broken", "the disk [31mof this step is gone")
    assert said["what"] == "breaks until it may not"
    assert any("said before" in line for line in said["log"])
    guest.wait(lambda: "| said before" in guest.console, "no tail of the log on the console", 60)
    assert "\033[31mof this" not in guest.console
    guest.ask("touch /slow")


def test_a_step_that_is_too_slow(guest: Guest) -> None:
    """Ended at its deadline; tried again by itself."""
    said = told(guest, "45-broken", "took longer than its 3 s")
    assert said["attempt"] > 1
    guest.ask("touch /mended")


def test_a_check_that_fails_holds_delivery_up(guest: Guest) -> None:
    """Every step is done, but a VPS is delivered only when no check fails."""
    told(guest, "health", "zz-roof: no roof")
    assert not guest.file("/var/lib/vps/delivered").exists()
    guest.ask("touch /roof")
    guest.wait_ready()
    assert delivery(guest)["state"] == "delivered"


def test_a_seed_without_settings(golden_tree: Path, tmp_path: Path) -> None:
    """cloud-init ended, but told the guest nothing: said so, and it starts over at the next boot."""
    guest = Guest(golden_tree, seed(), tmp_path / "guest")
    name = "var/lib/cloud/seed/nocloud/user-data"
    whole = (guest.folder / "upper" / name).read_text()
    guest.write(name, "#cloud-config\nusers: []\n")
    with guest:
        guest.wait(lambda: "left no settings" in guest.delivery(), "never told")
        assert "VPS NOT READY this VPS: cloud-init: " in guest.delivery()
        guest.kill()
        guest.write(name, whole)
        guest.start()
        guest.wait_ready()
