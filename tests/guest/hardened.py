"""What holds of every delivered guest: what is reached, what runs with rights of root, what others may read."""

import re

from tests.guests import Guest

LIB = "/usr/local/lib/vps"
LYNIS = "lynis"
"""The property of a test's report that carries lynis's score."""
PRIVILEGED = {
    "/usr/bin/crontab",
    "/usr/bin/ssh-agent",
    "/usr/bin/sudo",
    "/usr/lib/dbus-1.0/dbus-daemon-launch-helper",
    "/usr/sbin/postdrop",
    "/usr/sbin/postqueue",
    "/usr/sbin/unix_chkpwd",
}
"""All that runs with more rights than its caller's."""


def reached_by_three_ports_alone(guest: Guest) -> None:
    """Whatever else listens does so on loopback, and the firewall lets nothing else in."""
    listening = re.findall(r"^(?:udp|tcp)\s+\S+\s+\d+\s+\d+\s+(\S+)", guest.ask("ss -H -tuln"), re.MULTILINE)
    assert listening
    outside = {name.rpartition(":")[2] for name in listening if not re.match(r"(127\.|\[::1\])", name)}
    assert outside <= {"22", "80", "443"}
    assert {name.rpartition(":")[2] for name in listening} >= {"22", "25", "80", "3306"}
    for chain in ("input", "forward"):
        assert "policy drop" in guest.ask(f"nft list chain inet filter {chain}")


def nothing_more_with_rights_of_root(guest: Guest) -> None:
    """Programs by their bits, and cron; dpkg keeps them so."""
    found = guest.ask("find / -xdev -type f -perm /6000 -print").split()
    assert set(found) <= PRIVILEGED
    assert "/usr/bin/passwd" in guest.ask("dpkg-statoverride --list")
    assert guest.run("sudo -n -u ada crontab -l").returncode != 0


def database_and_mail_are_its_own(guest: Guest) -> None:
    """On loopback, with no anonymous account, and no file of a client's machine read by a statement."""
    asked = "SELECT @@bind_address, @@local_infile, @@secure_file_priv"
    assert guest.ask(f"mariadb -BN -e '{asked}'").split() == ["127.0.0.1", "0", "/var/lib/mysql-files/"]
    assert guest.ask("mariadb -BN -e \"SELECT COUNT(*) FROM mysql.global_priv WHERE User = ''\"").strip() == "0"
    assert guest.ask("postconf -h inet_interfaces").strip() == "loopback-only"


def php_is_another_than_nginx(guest: Guest) -> set[str]:
    """The accounts of PHP's pools, by what is configured: some processes come only with visitors."""
    assert set(guest.ask("ps -C nginx -o user= | sort -u").split()) == {"root", "www-data"}
    accounts = set(guest.ask("sed -n 's/^user *= *//p' /etc/php/*/fpm/pool.d/*.conf").split())
    assert accounts
    assert not accounts & {"root", "www-data"}
    running = set(guest.ask("ps -eo user:32=,args= | awk '/[p]hp-fpm: pool/ { print $1 }'").split())
    assert running <= accounts
    return accounts


def secrets_are_roots_alone(guest: Guest) -> None:
    """By the check that looks at them, and by the modes of where rights are given."""
    told = guest.run(f"{LIB}/health.d/permissions")
    assert told.returncode == 0, told.stdout
    places = "/etc/cron.d /etc/crontab /etc/sudoers.d /root /home/ada"
    assert guest.ask(f"stat -c %a {places}").split() == ["700", "600", "750", "700", "700"]
