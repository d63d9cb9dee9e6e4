"""A whole VPS brought back: its first guest is gone, another one under its name and number has everything; and a drill.

Real guests in containers, made from the golden tree by their whole first boot, on a wire with a real target.
"""

import gzip
import io
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.backups.comeback import _head, choose, hand_over
from components.backups.drill import compared
from components.backups.enrolment import Enrolled
from components.backups.guest_side import GuestSide
from components.backups.recovery import passphrase
from components.backups.target import Kept, Run, Target
from components.cloudinit import render
from components.config.loader import load
from components.domain.clients import Restore
from components.domain.problems import DomainError
from components.drivers.guest import Said
from tests.backups.conftest import Recovery
from tests.backups.target_host import ADDRESS, TargetHost
from tests.guests import Guest, Wire
from tests.seeds import values

STACKS = Path(__file__).resolve().parents[2] / "stacks"
BACKUP = "/usr/local/lib/vps/backup"
NOBODY = "7d1f5f6e-3c57-4f0a-9d0b-0a4f7f3b2c11"

FILL = """set -e
useradd --create-home client
install -o client -g client -m 640 /dev/stdin /home/client/notes <<'END'
what the client wrote
END
ln -s notes /home/client/link
chattr +A /home/client/notes 2>/dev/null || true
printf 'tab\\tnew' >'/home/client/a name with "quotes" & spaces'
echo page >/var/www/html/of-the-client.html
echo mine >/var/www/html/index.html
echo '10.0.0.5 db' >>/etc/hosts
printf '# vps access: granted by request T-1\\nclient ALL=(ALL:ALL) NOPASSWD: ALL\\n' >/etc/sudoers.d/vps-client
chmod 440 /etc/sudoers.d/vps-client
echo '17 3 * * * true' >/var/spool/cron/crontabs/client
mariadb <<'END'
CREATE DATABASE shop; USE shop;
CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), picture BLOB);
INSERT INTO item (name, picture) VALUES ('line\\nbreak; INSERT INTO `x` VALUES', x'00ff27'), ('žluť', NULL);
CREATE TABLE empty (id INT);
CREATE DATABASE `odd name`; CREATE TABLE `odd name`.`ta``ble` (x INT); INSERT INTO `odd name`.`ta``ble` VALUES (1), (1);
CREATE USER shop@localhost IDENTIFIED BY 'old password'; GRANT ALL ON shop.* TO shop@localhost;
END
"""
# What root on a guest can put into its own archive: words for the program that brings databases back.
HOSTILE = r"""cat >/usr/local/sbin/mariadb-dump <<'END'
#!/bin/sh
/usr/bin/mariadb-dump "$@" || exit
case "$*" in *--system=users*) printf '%s\n' '\! touch /run/owned' 'system touch /run/owned;' ;; esac
END
chmod 755 /usr/local/sbin/mariadb-dump
"""
# What was declared on the backup's day, and is not any more.
OTHER_DAY = {"smarthost": "192.0.2.9", "panel": {"allow": ["203.0.113.0/24"], "ssl_sites": []}}
LOOK = """
id client; ls -ln /home/client | tail -n +2; cat /home/client/notes /var/www/html/of-the-client.html
cat /var/www/html/index.html; grep -w db /etc/hosts
cat /var/spool/cron/crontabs/client; ls /etc/vps/secrets | grep -v backup-order
cat /etc/ssh/ssh_host_ed25519_key.pub; hostname -f
mariadb --user=shop --password='old password' shop -e 'SELECT id, name, HEX(picture) FROM item; SHOW TABLES'
mariadb -e 'SELECT COUNT(*) FROM `odd name`.`ta``ble`'
"""


def as_declared_now(guest: Guest) -> None:
    """What came back of another day is not in force: neither root of former people, nor former settings."""
    assert guest.run("sudo -n -l -U client").stdout.count("may run the following") == 0
    assert "may run the following" in guest.ask("sudo -n -l -U ops")
    assert guest.ask("postconf -h relayhost") == "\n"
    assert "203.0.113.0/24" not in guest.ask("cat /etc/nginx/vps/panel-allow.conf")
    assert not guest.file("/var/lib/vps/settings/pending").exists()


def side_of(guest: Guest) -> GuestSide:
    """What the controller can ask, over the container instead of the agent."""

    def ask(words: Sequence[str], stdin: bytes, deadline_s: float) -> Said:
        done = guest.run(shlex.join(words), stdin=stdin.decode(), timeout=deadline_s)
        return Said(code=done.returncode, out=done.stdout.encode(), err=done.stderr.encode())

    return GuestSide(title="example-coop/web1", ask=ask, reinstall=0)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire(f"{ADDRESS}/24", "192.0.2.1/24", "2001:db8:1::1/64") as made:
        yield made


@pytest.fixture(scope="module")
def enrolled(host: TargetHost, recovery: Recovery) -> Enrolled:
    """The example's VPS, its fleet having this target."""
    fleet = replace(load(STACKS).fleet, backups=host.declared(recovery.recipient))
    client = fleet.clients["example-coop"]
    found = Enrolled.of(fleet, client, client.vps["web1"])
    assert found is not None
    return found


@pytest.fixture(scope="module")
def at(host: TargetHost, recovery: Recovery) -> Target:
    return host.target(recovery.recipient)


def guest_of(tree: Path, folder: Path, wire: Wire, enrolled: Enrolled, **more: object) -> Guest:
    told = values(backup=dict(enrolled.backups.settings(enrolled.promise)), **more)
    return Guest(tree, render("base", told | {"uuid": enrolled.uuid}), folder, wire=wire)


@pytest.fixture(scope="module")
def before(
    golden_tree: Path, tmp_path_factory: pytest.TempPathFactory, wire: Wire, enrolled: Enrolled, at: Target
) -> str:
    """What the first guest was, as far as a client would look. It was backed up, and is gone."""
    folder = tmp_path_factory.mktemp("first")
    with guest_of(golden_tree, folder, wire, enrolled, **OTHER_DAY) as guest:
        guest.wait_ready()
        side = side_of(guest)
        assert enrolled.authorise(side, at) == "new"
        assert enrolled.authorise(side, at) == "same"
        guest.ask("sh -s", stdin=FILL + HOSTILE)
        side.begin()
        guest.wait(lambda: bool(at.status()[enrolled.uuid].runs), "no backup", 300)
        assert guest.ask("systemctl is-enabled vps-backup.timer").strip() == "enabled"
        guest.wait(lambda: guest.run("systemctl is-active vps-backup.service").stdout.strip() == "inactive", "runs", 60)
        assert "the newest is of" in guest.ask("/usr/local/lib/vps/health.d/backups")
        assert '"state":"done"' in guest.ask("/usr/local/lib/vps/report.d/backup")
        # Root on the guest can't have its own guest stopped by a drill that is meant for another.
        latest = choose("it", at.status().get(enrolled.uuid), "latest")
        side.take(guest.ask("cat /etc/vps/secrets/backup-passphrase").strip(), latest.snapshot)
        with pytest.raises(DomainError, match="a drill is for a guest of its own"):
            side.drill(60)
        return guest.ask(LOOK)


@pytest.mark.lab
def test_everything_comes_back_and_backups_go_on(
    golden_tree: Path,
    tmp_path: Path,
    wire: Wire,
    enrolled: Enrolled,
    at: Target,
    recovery: Recovery,
    before: str,
) -> None:
    """Another guest of the same number waits for its operator; then data, accounts, databases and keys are there."""
    wished = f"{choose('it', at.status().get(enrolled.uuid), 'latest').at:%Y-%m-%dT%H:%M:%SZ}"
    with guest_of(golden_tree, tmp_path / "second", wire, enrolled, restore={"archive": wished}) as guest:
        guest.wait(lambda: '"step":"35-restore"' in guest.run("cat /run/vps/state.json").stdout, "no restore step")
        # An account of this image has the number that the client had: it gives way.
        guest.ask("groupadd --gid 1050 newcomer; touch /var/lib/newcomer; chgrp newcomer /var/lib/newcomer")
        side = side_of(guest)
        with pytest.raises(DomainError, match="another key of this VPS is authorised already"):
            enrolled.authorise(side, at)
        with pytest.raises(DomainError, match="its file names no backup"):
            hand_over(enrolled, side, recovery.file, at)
        vps = replace(enrolled.vps, restore=Restore(source="lab1", empty=True, backup=wished))
        done = hand_over(replace(enrolled, vps=vps), side, recovery.file, at)
        assert done.enrolled == "replaced"
        guest.wait_ready()
        assert guest.ask(LOOK) == before
        assert guest.ask("stat -c %G /var/lib/newcomer").strip() == "newcomer"
        assert guest.ask("jq -c '[.differ, .wrong]' /var/lib/vps/backup/restored.json").strip() == "[0,[]]"
        assert not guest.file("/run/owned").exists(), "a word of the archive was obeyed"
        assert guest.ask("systemctl is-active cron nginx postfix mariadb").split() == ["active"] * 4
        as_declared_now(guest)
        # A power cut in the middle: nothing of the client's begins, and the next try ends with all of it running.
        units = "cron nginx postfix"
        guest.ask(f": >/var/lib/vps/backup/restoring; systemctl stop {units}; systemctl start {units}")
        assert set(guest.run("systemctl is-active cron nginx postfix").stdout.split()) == {"inactive"}
        broken = "/usr/local/lib/vps/firstboot.d/31-broken"
        guest.ask(
            f"cat >{broken}; chmod 755 {broken}", stdin="#!/bin/sh\n# what: none\n# settings: smarthost\nexit 1\n"
        )
        guest.ask(f"{BACKUP} restore; rm {broken}")
        assert guest.ask("systemctl is-active cron nginx postfix").split() == ["active"] * 3
        assert guest.ask("cat /var/lib/vps/settings/pending") == "31-broken\n", "what failed is told and done later"
        # What is lost of a restore is told, for a while.
        guest.ask("""f=/var/lib/vps/backup/restored.json; cp $f /run/kept
            jq -c '.differ = 1 | .wrong = ["account `a`@`b`: missing"]' /run/kept >$f""")
        said = guest.run("/usr/local/lib/vps/health.d/backups")
        assert (said.returncode, "1 things are not as archived: account `a`@`b`" in said.stdout) == (2, True)
        guest.ask("cp /run/kept /var/lib/vps/backup/restored.json")
        assert "backup-order" not in guest.ask("ls /etc/vps/secrets")
        assert "old password" not in guest.ask("cat /var/log/vps/firstboot.log")
        secret = guest.ask("cat /etc/vps/secrets/backup-passphrase").strip()
        assert guest.run(f"grep -rq '{secret}' /var/log /run/vps /var/lib/vps /var/lib/cloud").returncode == 1
        side.begin()
        guest.wait(lambda: len(at.status()[enrolled.uuid].runs) == 2, "no second backup", 300)


@pytest.mark.lab
def test_a_drill_compares_everything_in_a_guest_that_is_nobody_s(
    golden_tree: Path,
    tmp_path: Path,
    wire: Wire,
    enrolled: Enrolled,
    at: Target,
    recovery: Recovery,
    before: str,
) -> None:
    """It reads with a key of its own, starts nothing of the client's, and reaches nobody but the target."""
    assert before
    run = choose("it", at.status().get(enrolled.uuid), "latest")
    told = values() | {"uuid": NOBODY, "fqdn": "drill.invalid", "hostname": "drill", "vps": "v-h3k9-drill"}
    with Guest(golden_tree, render("base", told), tmp_path / "drill", wire=wire) as guest:
        guest.wait_ready()
        words = passphrase(at, enrolled.uuid, recovery.file, "Unable to drill")
        lines: list[str] = []
        found = compared(enrolled, side_of(guest), at, "lab1", NOBODY, words, run, lines.append)
        at.leave(NOBODY)
        assert (found["differ"], found["wrong"], found["snapshot"]) == (0, [], run.snapshot)
        assert found["tables"] == 3
        assert found["hashed"] > 300
        assert found["files"] > found["hashed"]
        # Packets go nowhere, not back with a no: neither to the gateway nor through another door of the target.
        for place in ("http://192.0.2.1:80/", "http://[2001:db8:1::1]:80/", f"http://{ADDRESS}:80/"):
            assert guest.run(f"curl --silent --max-time 3 {place}; echo $?").stdout.strip() == "28", place
        assert not guest.file("/home/client").exists()
        assert guest.run(f"{BACKUP} drill").returncode == 1, "its key was taken away"


KEPT = Kept(
    uuid="u",
    enrolled=True,
    sealed=1,
    lost=0,
    snapshots=0,
    kept_bytes=0,
    limit_bytes=1,
    held="",
    now=datetime(2026, 1, 10, tzinfo=UTC),
)


def test_the_wished_backup_is_the_newest_that_was_there_then() -> None:
    runs = tuple(Run(at=KEPT.now - timedelta(days=days), snapshot=str(days), kept_bytes=1) for days in (5, 3, 1))
    kept = replace(KEPT, runs=runs)
    assert choose("it", kept, "latest").snapshot == "1"
    assert choose("it", kept, "2026-01-07").snapshot == "3"
    assert choose("it", kept, "2026-01-08T23:59:59Z").snapshot == "3"
    with pytest.raises(DomainError, match=r"oldest whole backup is of 2026-01-05"):
        choose("it", kept, "2026-01-01")
    with pytest.raises(DomainError, match='"soon" is no instant'):
        choose("it", kept, "soon")
    with pytest.raises(DomainError, match="holds no whole backup"):
        choose("it", None, "latest")


@pytest.mark.parametrize(
    "listing",
    [
        b"no gzip",
        gzip.compress(b"{}")[:-12],
        gzip.compress(b"")[:10] + b"\xff" * 100,
        gzip.compress(b"[" * 100_000),
        gzip.compress(b'{"files": 1'),
        gzip.compress(b"[]"),
    ],
    # Named, because gzip writes the second of its making: each worker would name the tests differently.
    ids=["no gzip", "cut off", "nonsense behind a head", "too deep", "half an object", "no object"],
)
def test_a_list_that_is_damaged_or_hostile_is_told_as_that(listing: bytes) -> None:
    with pytest.raises(DomainError, match="its list can't be read"):
        _head(io.BytesIO(listing), "Unable to open it")
