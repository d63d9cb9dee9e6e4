"""A guest with Aegir whose power is cut in the midst of its steps ends its first boot as one that was never cut."""

from pathlib import Path

import pytest

from tests.guests import Guest, Wire
from tests.instants import doing, lasting, there
from tests.seeds import ADDRESSES, FQDN, seed

pytestmark = pytest.mark.lab

DATABASE = "/var/lib/mysql/aegir"
OPEN = {"allow": None, "ssl_sites": []}


def running(guest: Guest) -> bool:
    """A playbook runs: a task is half done and the queue's lock is held."""
    return "aegir-ansible" in guest.run("ps axww").stdout


CUTS = {
    "the database just made": there(f"{DATABASE}/db.opt"),
    "the installer, half of its tables made": there(f"{DATABASE}/semaphore.frm"),
    "the modules": lambda guest: (
        there(f"{DATABASE}/hosting_task_log.frm")(guest)
        and guest.run("mariadb aegir -Ne 'SELECT 1 FROM system WHERE name = \"hosting\"'").stdout == "1\n"
    ),
    "the first vhost": doing("44-aegir-door"),
    "the server's registration": doing("46-aegir-server"),
    "a task of the queue": running,
    "the vhost's change": doing("50-aegir-own-vhost"),
    "the queue's unit": doing("60-queue"),
}


def test_it_goes_on_where_it_was_cut(aegir_tree: Path, tmp_path: Path, wire: Wire) -> None:
    """One guest, its plug pulled at each of the instants in turn, then left alone."""
    made = Guest(aegir_tree, seed(panel=OPEN), tmp_path / "guest", wire=wire)
    lasting(made, "44-aegir-door", "46-aegir-server", "50-aegir-own-vhost", "60-queue")
    with made as guest:
        for what, instant in CUTS.items():
            guest.wait(lambda reached=instant: reached(guest), f"never reached: {what}")
            guest.kill()
            guest.start()
        guest.wait_ready()
        log = guest.file("/var/log/vps/firstboot.log").read_text()
        assert "failed at attempt" not in log, log
        for step in guest.ask("ls /usr/local/lib/vps/firstboot.d").split():
            # Done once; a cut may fall between that and the line that tells it.
            assert log.count(f" {step}: done\n") <= 1, step
            assert guest.file(f"/var/lib/vps/firstboot/done/{step}").exists(), step
        names = "SELECT GROUP_CONCAT(title ORDER BY title) FROM node WHERE type != 'task'"
        made = guest.ask(
            f'mariadb aegir -Ne "{names}; SELECT COUNT(*) FROM users; SELECT COUNT(*) FROM hosting_service"'
        )
        assert made.split() == [f"Aegir,Backdrop,localhost,{FQDN}", "1", "2"]
        assert guest.ask("mariadb aegir -Ne 'SELECT COUNT(*) FROM hosting_task WHERE task_status IN (0, -1)'") == "0\n"
        assert not guest.file("/var/lib/vps/backdrop/making").exists()
        page = ["curl", "--silent", "--fail", "--max-time", "30", "--noproxy", "*", "--header", f"Host: {FQDN}"]
        assert 'name="pass"' in wire.run([*page, f"http://{ADDRESSES[0]}/user/login"]).stdout
