"""A first boot whose power is cut again and again, at every kind of instant, ends as one that was never cut."""

from pathlib import Path

import pytest

from tests.guests import Guest, Wire
from tests.instants import doing, lasting, there
from tests.seeds import ADDRESSES, seed, values

pytestmark = pytest.mark.lab

CLOUD = f"/var/lib/cloud/instances/{values()['uuid']}-0"
STATE = "/var/lib/vps/firstboot"


def account(guest: Guest) -> bool:
    return "ada:" in guest.file("/etc/passwd").read_text()


CUTS = {
    "cloud-init, before the network": there(f"{CLOUD}/obj.pkl"),
    "cloud-init, accounts half made": account,
    "cloud-init, the settings just written": there("/etc/vps/guest.json"),
    "cloud-init, its last stage": there(f"{CLOUD}/sem/config_timezone"),
    "a step of the guest layer": doing("30-mail"),
    "the database server's first start": doing("32-database"),
    "a step of the flavour": doing("50-page"),
    "the checks": doing("health"),
    "the marker of delivery just written": there("/var/lib/vps/delivered"),
}


def test_it_goes_on_where_it_was_cut(golden_tree: Path, tmp_path: Path, wire: Wire) -> None:
    """One guest, its plug pulled at each of the instants in turn, then left alone."""
    made = Guest(golden_tree, seed(), tmp_path / "guest", wire=wire)
    lasting(made, "30-mail", "32-database", "50-page")
    with made as guest:
        for what, instant in CUTS.items():
            guest.wait(lambda reached=instant: reached(guest), f"never reached: {what}")
            if what.startswith("cloud-init"):
                assert not guest.file(f"{STATE}/cloud-init-done").exists(), what
            guest.kill()
            guest.start()
        guest.wait(lambda: guest.run("systemctl is-active multi-user.target nginx").returncode == 0, "not up")
        guest.wait(lambda: guest.run("/usr/local/lib/vps/health --now").returncode == 0, "not healthy", 120)
        assert guest.run("systemctl is-active vps-firstboot").stdout.strip() == "inactive"
        assert guest.file("/etc/cloud/cloud-init.disabled").exists()
        log = guest.file("/var/log/vps/firstboot.log").read_text()
        steps = guest.ask("ls /usr/local/lib/vps/firstboot.d").split()
        for step in steps:
            # Done once; a cut may fall between that and the line that tells it.
            assert log.count(f" {step}: done\n") <= 1, step
            assert guest.file(f"/var/lib/vps/firstboot/done/{step}").exists(), step
        assert guest.ask("ls /var/lib/vps/firstboot/done").split() == steps
        users = guest.file("/etc/passwd").read_text()
        assert users.count("ada:x:") == users.count("ops:x:") == 1
        keys = guest.file("/home/ada/.ssh/authorized_keys").read_text()
        assert keys.count("ssh-ed25519 ") == 1
        page = wire.run(["curl", "--silent", "--fail", "--max-time", "20", "--noproxy", "*", f"http://{ADDRESSES[0]}/"])
        assert "Example Cooperative" in page.stdout


def test_its_runner_killed_goes_on_too(golden_tree: Path, tmp_path: Path) -> None:
    """A step that is killed with the runner is run again by the unit's next start, without a reboot."""
    step = "#!/bin/sh\n# what: waits\n# deadline: 300\n[ -e /seen ] || { : >/seen; exec sleep 250; }\n"
    guest = Guest(golden_tree, seed(), tmp_path / "guest")
    guest.write("/usr/local/lib/vps/firstboot.d/45-waits", step, 0o755)
    with guest:
        guest.wait(lambda: guest.file("/seen").exists(), "the step never ran")
        guest.ask("systemctl kill --signal=KILL vps-firstboot.service")
        guest.wait_ready()
        journal = guest.ask("journalctl --unit=vps-firstboot.service --no-pager")
        assert journal.count("Scheduled restart job") == journal.count("on client request") // 2 == 1, journal
