"""A guest is heard and served through its own agent while it boots for the first time, and after.

The golden tree in a container, with the real qemu-ga of its image on a socket instead of the virtual machine's port.
"""

import datetime as dt
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.drivers import access
from components.drivers.access import GuestWord, Person, Wish
from components.drivers.guest import Said
from components.drivers.libvirt.guest import execute
from components.guest import report
from components.guest.report import Report, console_lines
from tests.agents import MINUTE, WHAT, Socket
from tests.guests import Guest
from tests.seeds import VPS, seed, values

pytestmark = pytest.mark.lab

REASON = "the moon is in the wrong place"
FAILS = (
    f"#!/bin/sh\n# what: look at the moon\n# deadline: 20\n[ -e /run/moon ] && exit 0\necho '{REASON}' >&2\nexit 1\n"
)
KEY, OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOK one", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAITWO two words"
Run = Callable[..., Said]


@pytest.fixture(scope="module")
def guest(golden_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    made = Guest(golden_tree, seed(), tmp_path_factory.mktemp("guest"))
    made.write("usr/local/lib/vps/firstboot.d/45-moon", FAILS, 0o755)
    with made as guest:
        yield guest


@pytest.fixture(scope="module")
def run(guest: Guest) -> Iterator[Run]:
    """Runs a command as the driver does, through the guest's agent."""
    guest.ask("mkdir -p /run/ga && qemu-ga -d -m unix-listen -p /run/ga/s -t /run/ga -f /run/ga/pid")
    agent = Socket(guest.file("/run/ga/s"))

    def run(*command: str, stdin: bytes = b"") -> Said:
        return execute(WHAT, agent, command, stdin, MINUTE)

    yield run
    agent.close()


def hear(run: Run) -> Report:
    said = run(*report.COMMAND)
    return report.parse(said, vps=VPS, uuid=values()["uuid"], now=dt.datetime.now(dt.UTC))


def act(run: Run, **people: Person) -> tuple[GuestWord, dict[str, str]]:
    wish = Wish(hostname="web1", people=people)
    said = run(*access.command(wish), stdin=access.SCRIPT.encode())
    assert said.code == 0, said.err
    found = access.parse(said.out.decode())
    assert found is not None, said.out
    return found, found.differs(wish)


def sudo(guest: Guest, user: str) -> bool:
    """Whether it really gets root."""
    return guest.run(f"setpriv --reuid {user} --regid {user} --init-groups sudo -n id -u").stdout == "0\n"


def test_a_failing_step_is_heard_both_ways(guest: Guest, run: Run) -> None:
    """By the agent, with reason and log; and on the console, which needs none. Mended, it goes on by itself."""
    guest.wait(lambda: hear(run).delivery.state == "failed", "no failure heard")
    delivery = hear(run).delivery
    assert (delivery.step, delivery.what, delivery.reason) == ("45-moon", "look at the moon", REASON)
    assert any(REASON in line for line in delivery.log)
    guest.wait(lambda: "VPS NOT READY" in guest.console, "nothing on the console", MINUTE)
    assert any(f"{VPS}: 45-moon: {REASON}" in line for line in console_lines(guest.console.encode()))
    guest.ask("touch /run/moon")
    guest.wait_ready()
    found = hear(run)
    assert found.delivery.is_done
    assert found.health.state in ("pass", "degraded")
    assert found.notes == ()
    assert found.reboot is None


def test_a_reboot_that_an_update_asks_for_is_heard(guest: Guest, run: Run) -> None:
    guest.ask("echo linux-image-amd64 >/run/reboot-required.pkgs; touch /run/reboot-required")
    waits = hear(run).reboot
    assert waits is not None
    assert waits.since == guest.ask("date -u -r /run/reboot-required +%Y-%m-%dT%H:%M:%SZ").strip()
    guest.ask("systemctl start vps-updates.service")
    again = hear(run).reboot
    assert again is not None
    assert (again.since, "linux-image-amd64" in again.why) == (waits.since, True)
    guest.ask("rm /run/reboot-required /run/reboot-required.pkgs; systemctl start vps-updates.service")
    assert hear(run).reboot is None


def test_a_secret_reaches_a_file_of_root_alone(guest: Guest, run: Run) -> None:
    write = "umask 077; cat >/etc/vps/secret.new && mv /etc/vps/secret.new /etc/vps/secret"
    assert run("/bin/sh", "-c", write, stdin=b"hunter2").code == 0
    assert guest.ask("stat -c '%a %U' /etc/vps/secret; cat /etc/vps/secret") == "600 root\nhunter2"
    assert guest.run("journalctl --no-pager | grep hunter2").stdout == ""


def test_root_is_given_and_taken_away(guest: Guest, run: Run) -> None:
    """An account is made, root is given to whom it is granted alone, taken away, and the account locked in the end."""
    ada = Person(keys=(KEY, OTHER), root=True, request="T-1", full_name="Ada Ruiz")
    eve = Person(keys=(KEY,), request="T-2", full_name="Eve")
    said, differs = act(run, ada=ada, eve=eve)
    assert differs == {}
    assert (str(said.before["eve"]), str(said.after["eve"])) == ("no account", "1 key, no sudo")
    assert str(said.after["ada"]) == "2 keys, sudo"
    assert (sudo(guest, "ada"), sudo(guest, "eve")) == (True, False)
    assert guest.ask("stat -c '%a %U' /home/eve/.ssh /home/eve/.ssh/authorized_keys") == "700 eve\n600 eve\n"

    said, differs = act(run, ada=Person(keys=(OTHER,), request="T-3"), eve=Person(keys=(), request="T-2"))
    assert differs == {}
    assert str(said.after["ada"]) == "1 key, no sudo"
    assert said.after["eve"].account == "locked"
    assert (sudo(guest, "ada"), sudo(guest, "eve")) == (False, False)
    assert guest.ask("cat /home/ada/.ssh/authorized_keys").strip() == OTHER
    assert guest.run("su - eve -c true").returncode != 0

    assert act(run, eve=eve)[1] == {}
    journal = guest.ask("journalctl --no-pager -t vps-access -o cat")
    for line in ("eve: open without sudo, 1 keys, request T-2", "ada: open without sudo, 1 keys, request T-3"):
        assert line in journal
    assert "eve: locked without sudo, 0 keys, request T-2" in journal


def test_what_the_first_boot_granted_is_taken_away_as_well(guest: Guest, run: Run) -> None:
    """Which stands in cloud-init's own file; who has root by no grant of the file loses what was given here."""
    assert sudo(guest, "ops")
    said, differs = act(run, ops=Person(keys=(KEY,), root=True, request="T-9"))
    assert (str(said.before["ops"]), differs, sudo(guest, "ops")) == (str(said.before["ops"]), {}, True)
    assert guest.run("grep -l ops /etc/sudoers.d/*").stdout == "/etc/sudoers.d/vps-ops\n"
    said, differs = act(run)
    assert (said.dropped, differs, sudo(guest, "ops")) == (("ops",), {}, False)
    assert guest.run("visudo -c").returncode == 0


def test_accounts_of_the_system_and_links_of_users_are_left_alone(guest: Guest, run: Run) -> None:
    """Root follows nobody's link, a name of the guest's own is refused, and others are served all the same."""
    guest.ask("rm -rf /home/ada/.ssh && ln -s /root /home/ada/.ssh && chown -h ada: /home/ada/.ssh")
    evil = Person(keys=(KEY,), request="$(touch /run/evil)", full_name="';touch /run/evil;'")
    said, differs = act(run, ada=Person(keys=(KEY,)), www_data=evil, mysql=Person(keys=(KEY,), root=True))
    assert set(differs) == {"ada", "mysql"}
    assert "own under this name" in said.refused["mysql"]
    assert not guest.file("/root/authorized_keys").exists()
    assert not guest.file("/run/evil").exists()
    assert said.after["www_data"].account == "open"
    assert guest.run(f"grep -r {shlex.quote(KEY)} /root /etc/sudoers.d").stdout == ""


def test_the_name_is_set(guest: Guest, run: Run) -> None:
    wish = Wish(hostname="shop", people={})
    said = access.parse(run(*access.command(wish), stdin=access.SCRIPT.encode()).out.decode())
    assert said is not None
    assert said.differs(wish) == {}
    assert guest.ask("cat /etc/hostname; hostname") == "shop\nshop\n"
