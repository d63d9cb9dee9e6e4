"""A whole first boot of the golden image's tree: from the seed to a delivered guest, and what stays afterwards."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guests import Guest, Wire
from tests.seeds import ADDRESSES, FQDN, VPS, seed

pytestmark = pytest.mark.lab

LIB = "/usr/local/lib/vps"
KEPT = "/etc/hosts /etc/hostname /etc/mailname /etc/postfix/main.cf /etc/nginx /etc/vps /var/www/html"
"""What steps write."""


@pytest.fixture(scope="module")
def guest(golden_tree: Path, tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Iterator[Guest]:
    """Delivered; the last test pulls its plug."""
    with Guest(golden_tree, seed(), tmp_path_factory.mktemp("guest"), wire=wire) as guest:
        guest.wait_ready()
        yield guest


def sums(guest: Guest) -> str:
    return guest.ask(f"find {KEPT} -type f -exec sha256sum {{}} + | sort -k 2")


def test_no_other_guest_has_a_part_in_it(guest: Guest) -> None:
    """Of this house: its systemd kills by control group, and would kill the services of whoever shares one."""
    (group,) = (line for line in Path(f"/proc/{guest.leader}/cgroup").read_text().splitlines() if line[:3] == "0::")
    assert guest.name in group


def test_it_is_delivered(guest: Guest, wire: Wire) -> None:
    """It says so on its console and in a file, cloud-init is off for good, and its page answers from outside."""
    assert guest.delivery() == f"VPS READY {VPS}"
    guest.wait(lambda: f"VPS READY {VPS}" in guest.console, "nothing said on the console", 60)
    assert "NOT READY" not in guest.console
    assert guest.file("/etc/cloud/cloud-init.disabled").exists()
    for url in (f"http://{ADDRESSES[0]}/", f"http://[{ADDRESSES[1]}]/"):
        page = wire.run(["curl", "--silent", "--fail", "--max-time", "20", "--noproxy", "*", url]).stdout
        assert "Example Cooperative" in page
        assert VPS in page


def test_it_is_who_it_was_told_to_be(guest: Guest) -> None:
    """Name, accounts, settings: as the seed says, and nobody has a password."""
    assert guest.ask("hostname; hostname -f").split() == [FQDN.partition(".")[0], FQDN]
    assert re.search(rf"^{ADDRESSES[0]} {FQDN} web1$", guest.ask("cat /etc/hosts"), re.MULTILINE)
    assert guest.ask("sudo -n -u ops sudo -n id -u").strip() == "0"
    assert guest.run("sudo -n -u ada sudo -n id -u").returncode != 0
    assert guest.ask("sudo -n -u ada jq -r .vps /etc/vps/guest.json").strip() == VPS
    hashes = [line.split(":")[1] for line in guest.ask("cat /etc/shadow").splitlines()]
    assert set(hashes) <= {"!", "*", "!*", "!!"}


def test_every_check_is_told_for_machines(guest: Guest) -> None:
    """Each file of health.d has its line, none failed, and each can be asked anew."""
    names = guest.ask(f"ls {LIB}/health.d").split()
    said = json.loads(guest.ask("cat /run/vps/health.json"))
    assert (said["schema"], said["vps"]) == (1, VPS)
    assert [check["name"] for check in said["checks"]] == names
    assert {"cloud-init", "fqdn", "services", "default-vhost", "time", "disk", "front-page"} <= set(names)
    for check in said["checks"]:
        assert check["state"] in ("pass", "degraded", "skipped"), check
        assert check["message"]
        assert check["what"] != check["name"]
    before = said["at"]
    lines = guest.ask(f"sleep 1; {LIB}/health --now").splitlines()
    assert [line.split("\t")[1] for line in lines] == names
    assert all(check["at"] > before for check in json.loads(guest.ask("cat /run/vps/health.json"))["checks"])


def test_the_report_is_one_document(guest: Guest) -> None:
    """From files only, with the flavour, the delivery, the log's tail and every section."""
    said = guest.ask(f"{LIB}/report")
    assert len(said) <= 65536
    report = json.loads(said)
    assert (report["schema"], report["vps"], report["flavour"]["name"]) == (1, VPS, "base")
    assert report["delivery"]["state"] == "delivered"
    assert report["delivery"]["log"][-1].endswith("delivered")
    assert report["health"]["schema"] == 1
    assert set(guest.ask(f"ls {LIB}/report.d").split()) <= report.keys()


def test_every_step_may_run_again(guest: Guest) -> None:
    """The same result: nothing that steps write is another afterwards, and every check still holds."""
    before = sums(guest)
    for step in guest.ask(f"ls {LIB}/firstboot.d").split():
        for _ in range(2):
            done = guest.run(f"{LIB}/firstboot.d/{step} </dev/null", timeout=300)
            assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
    assert sums(guest) == before
    guest.ask(f"{LIB}/health --now")


def test_a_dead_service_is_told_and_its_return_too(guest: Guest) -> None:
    """health.json follows what the guest is; the exit code tells."""
    guest.ask("systemctl stop php*-fpm.service")
    done = guest.run(f"{LIB}/health --now")
    assert done.returncode == 1
    said = json.loads(guest.ask("cat /run/vps/health.json"))
    (services,) = (check for check in said["checks"] if check["name"] == "services")
    assert (said["state"], services["state"]) == ("fail", "fail")
    assert "fpm.service (inactive)" in services["message"]
    guest.ask("systemctl start $(systemctl list-unit-files --plain --no-legend 'php*-fpm.service' | cut -d ' ' -f 1)")
    guest.ask(f"{LIB}/health --failed")
    assert json.loads(guest.ask("cat /run/vps/health.json"))["state"] != "fail"


def test_delivered_it_never_has_a_first_boot_again(guest: Guest) -> None:
    """After a power cut it is what it was: no cloud-init, no step, be it new or changed; health goes on."""
    kept, keys = sums(guest), guest.ask("cat /etc/ssh/ssh_host_ed25519_key.pub")
    guest.kill()
    guest.write(f"{LIB}/firstboot.d/99-late", "#!/bin/sh\ntouch /late\n", 0o755)
    guest.write(f"{LIB}/firstboot.d/10-name", "#!/bin/sh\ntouch /late\n", 0o755)
    guest.start()
    guest.wait(lambda: guest.run("systemctl is-active multi-user.target nginx").returncode == 0, "not up")
    assert guest.run("systemctl is-active vps-firstboot").stdout.strip() == "inactive"
    assert not guest.file("/run/cloud-init/result.json").exists()
    assert guest.ask("systemctl is-active vps-health.timer").strip() == "active"
    guest.wait(lambda: guest.run(f"{LIB}/health --now").returncode == 0, "not healthy", 120)
    assert not guest.file("/late").exists()
    assert (sums(guest), guest.ask("cat /etc/ssh/ssh_host_ed25519_key.pub")) == (kept, keys)
