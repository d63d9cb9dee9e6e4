"""A delivered guest as a stranger, a user and an auditor find it: in a container, with its real services."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.guest import hardened
from tests.guests import Guest, Wire
from tests.seeds import ADDRESSES, STRANGER, seed

pytestmark = pytest.mark.lab

LIB = "/usr/local/lib/vps"
README = Path(__file__).resolve().parents[2] / "templates" / "guest" / "README.md"


@pytest.fixture(scope="module")
def guest(golden_tree: Path, tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Iterator[Guest]:
    with Guest(golden_tree, seed(), tmp_path_factory.mktemp("guest"), wire=wire) as guest:
        guest.wait_ready()
        yield guest


def settings_of(text: str) -> dict[str, str]:
    """`name value` lines as sshd and sysctl print them."""
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in text.splitlines()}


def test_only_three_ports_are_reached_from_outside(guest: Guest) -> None:
    hardened.reached_by_three_ports_alone(guest)


def test_the_firewall_stands_before_the_network(guest: Guest) -> None:
    assert "network-pre.target" in guest.ask("systemctl show --property=Before --value nftables.service")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_port_that_nobody_opened_is_silent(guest: Guest, wire: Wire, address: str) -> None:
    """A service that a client starts on its own is not reached before somebody lets it in."""
    guest.ask("systemd-run --quiet --unit=own-service python3 -m http.server 8080 --bind :: ")
    try:
        guest.wait(lambda: ":8080" in guest.ask("ss -H -tln"), "the client's service does not listen", 60)
        url = f"http://[{address}]:8080/" if ":" in address else f"http://{address}:8080/"
        ask = ["curl", "--silent", "--noproxy", "*", url]
        assert wire.run([*ask, "--max-time", "3"]).returncode == 28, "silence ends in a time-out, a refusal would not"
        guest.ask("echo 'add rule inet filter input tcp dport 8080 accept' >/etc/nftables.d/60-test.nft")
        guest.ask("systemctl reload nftables")
        assert wire.run([*ask, "--max-time", "40"]).returncode == 0
    finally:
        guest.ask("rm -f /etc/nftables.d/60-test.nft; systemctl reload nftables; systemctl stop own-service")


def test_a_broken_rule_closes_the_door_and_is_told(guest: Guest, wire: Wire) -> None:
    page = ["curl", "--silent", "--fail", "--noproxy", "*", f"http://{ADDRESSES[0]}/", "--max-time"]
    assert wire.run([*page, "40"]).returncode == 0
    guest.ask("echo 'no such words' >/etc/nftables.d/60-test.nft")
    try:
        assert guest.run("systemctl restart nftables").returncode != 0
        assert "policy drop" in guest.ask("nft list chain inet filter input")
        assert wire.run([*page, "3"]).returncode == 28
        assert wire.run(["ssh-keyscan", "-T", "10", ADDRESSES[0]]).stdout, "the way in for repair stays"
        told = guest.run(f"{LIB}/health.d/firewall")
        assert (told.returncode, "not understood" in told.stdout) == (1, True)
    finally:
        guest.ask("rm -f /etc/nftables.d/60-test.nft; systemctl reset-failed nftables; systemctl restart nftables")
    assert guest.run(f"{LIB}/health.d/firewall").returncode == 0
    assert wire.run([*page, "40"]).returncode == 0


def test_sshd_takes_keys_and_forwards_nothing(guest: Guest) -> None:
    found = settings_of(guest.ask("sshd -T"))
    for name, value in {
        "permitrootlogin": "no",
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "permitemptypasswords": "no",
        "authenticationmethods": "publickey",
        "permituserenvironment": "no",
        "disableforwarding": "yes",
        "allowtcpforwarding": "no",
        "x11forwarding": "no",
        "loglevel": "VERBOSE",
    }.items():
        assert found[name] == value, name


def test_who_guesses_at_the_door_is_kept_out(guest: Guest, wire: Wire) -> None:
    """Real failed logins of a real ssh, read by fail2ban in the journal."""
    guest.wait(lambda: guest.run("fail2ban-client ping").returncode == 0, "fail2ban does not answer", 120)
    # Whoever is kept out in the midst of a login hears nothing any more, and ssh itself would wait for minutes.
    knock = [
        "timeout",
        "20",
        "ssh",
        "-b",
        STRANGER,
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "ConnectTimeout=5",
    ]
    knock += ["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityFile=none", f"nobody-here@{ADDRESSES[0]}", "true"]

    def banned() -> bool:
        return STRANGER in guest.ask("fail2ban-client status sshd")

    def knocked() -> bool:
        wire.run(knock)
        return banned()

    guest.wait(knocked, "nobody was kept out", 300)
    assert wire.run(knock).returncode in (124, 255)
    assert guest.ask("nft list ruleset").count(STRANGER) == 1
    # A firewall that begins anew takes the banned along.
    guest.ask("systemctl restart nftables")
    guest.wait(lambda: guest.run("fail2ban-client ping").returncode == 0 and banned(), "the ban was forgotten", 120)
    guest.ask(f"fail2ban-client set sshd unbanip {STRANGER}")


def test_nothing_more_runs_with_rights_of_root(guest: Guest) -> None:
    hardened.nothing_more_with_rights_of_root(guest)


def test_database_and_mail_are_this_machines_alone(guest: Guest) -> None:
    hardened.database_and_mail_are_its_own(guest)


def test_php_is_another_user_than_nginx(guest: Guest) -> None:
    hardened.php_is_another_than_nginx(guest)
    page = guest.ask("curl --silent --head --max-time 20 http://127.0.0.1/")
    assert re.search(r"^Server: nginx\r?$", page, re.MULTILINE), "no version"


def test_the_journal_lasts_and_is_bounded(guest: Guest) -> None:
    assert guest.ask("ls /var/log/journal").strip(), "it outlives a reboot"
    told = guest.ask("systemd-analyze cat-config systemd/journald.conf")
    assert re.search(r"^SystemMaxUse=256M$", told, re.MULTILINE)


def test_kernel_settings_are_those_of_the_file(guest: Guest) -> None:
    """A container can't set most of them: what the kernel is going to be told is read."""
    told = guest.ask("systemd-analyze cat-config sysctl.d")
    last = dict(re.findall(r"^([a-z][\w./]+)\s*=\s*(\S+)", told, re.MULTILINE))
    for name, value in {
        "net.ipv4.conf.all.accept_redirects": "0",
        "net.ipv6.conf.all.accept_redirects": "0",
        "kernel.kptr_restrict": "2",
        "kernel.dmesg_restrict": "1",
        "fs.protected_regular": "2",
        "fs.suid_dumpable": "0",
    }.items():
        assert last[name] == value, name


def test_secrets_that_others_may_read_are_told(guest: Guest) -> None:
    hardened.secrets_are_roots_alone(guest)
    guest.ask(f". {LIB}/lib.sh; chmod 0640 $(secret test)")
    try:
        told = guest.run(f"{LIB}/health.d/permissions")
        assert (told.returncode, "/etc/vps/secrets/test" in told.stdout) == (1, True)
    finally:
        guest.ask("rm -f /etc/vps/secrets/test")
    guest.ask("touch /etc/open && chmod 0666 /etc/open")
    told = guest.run(f"{LIB}/health.d/permissions; rm -f /etc/open")
    assert "/etc/open" in told.stdout


def test_an_auditor_finds_nothing_unexplained(guest: Guest, record_property: Callable[[str, object], None]) -> None:
    """lynis, Debian's, in the guest: each of its warnings has its row in the table.

    The score stands in the run's summary and is not judged: in a container half of it is about the tests' own kernel.
    """
    packed = subprocess.run(
        ["tar", "-C", "/", "-cf", "-", "usr/share/lynis", "usr/sbin/lynis", "etc/lynis"],
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "-C", str(guest.file("/")), "-xf", "-"], input=packed.stdout, check=True)
    # Without a network it would wait for each of Debian's archives.
    guest.ask("echo refresh-repositories=no >/etc/lynis/custom.prf")
    guest.ask("cd / && lynis audit system --quick --no-colors --quiet", timeout=1800)
    report = guest.ask("cat /var/log/lynis-report.dat")
    warnings = set(re.findall(r"^warning\[\]=([A-Z]+-\d+)\|", report, re.MULTILINE))
    text = README.read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([A-Z]+-\d+)` \| \S", text, re.MULTILINE))
    assert warnings <= explained, f"mend or explain in {README}: {warnings - explained}"
    score = re.search(r"^hardening_index=(\d+)", report, re.MULTILINE)
    assert score, "lynis did not come to its end"
    record_property(hardened.LYNIS, int(score[1]))
