"""Settings that are declared anew reach a delivered guest through its agent, and what goes by them follows.

The golden tree in a container, with nginx, postfix and qemu-ga of its image; a mail server stands on its wire.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.backups.guest_side import BACKUP
from components.cloudinit.contract import contract
from components.drivers import access
from components.drivers.access import Person, Wish
from components.drivers.guest import Said
from components.drivers.libvirt.guest import execute
from components.guest import handover, report
from components.guest.handover import SET, SHOW, Told, behind, differences
from tests.agents import WHAT, Socket
from tests.guests import Guest, Wire
from tests.seeds import FQDN, GATEWAYS, VPS, seed, values

pytestmark = pytest.mark.lab

DEADLINE_S = 900
PANEL = """
server {
    listen 80;
    server_name panel.test;
    root /var/www/html;
    include /etc/nginx/vps/panel-allow.conf;
}
"""
SLOW = """#!/bin/sh
# what: something that takes its time
# deadline: 300
# settings: smarthost
[ ! -e /var/lib/slow ] || { touch /run/slow-began; sleep 250; }
"""
POST = """
import socketserver, sys
class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: self.wfile.write(text.encode() + b"\\r\\n")
        say("220 there")
        for line in self.rfile:
            word = line[:4].upper().strip()
            if word == b"DATA":
                say("354 go on")
                while (text := self.rfile.readline()) not in (b".\\r\\n", b""):
                    open(sys.argv[1], "ab").write(text)
            say("221 bye" if word == b"QUIT" else "250 good")
            if word == b"QUIT":
                return
server = socketserver.ThreadingTCPServer(("192.0.2.1", 2525), Mail)
print("up", flush=True)
server.serve_forever()
"""
FQDN_CHECK = "/usr/local/lib/vps/health.d/fqdn"
Run = Callable[..., Said]


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire(*GATEWAYS) as made:
        yield made


@pytest.fixture(scope="module")
def guest(golden_tree: Path, tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Iterator[Guest]:
    made = Guest(golden_tree, seed(), tmp_path_factory.mktemp("guest"), wire=wire)
    made.write("etc/nginx/conf.d/trial.conf", PANEL)
    made.write("usr/local/lib/vps/firstboot.d/31-slow", SLOW, 0o755)
    with made as guest:
        guest.wait_ready()
        yield guest


@pytest.fixture
def run(guest: Guest) -> Iterator[Run]:
    """Runs a command as the driver does, through the guest's agent."""
    guest.ask("mkdir -p /run/ga && rm -f /run/ga/s && qemu-ga -d -m unix-listen -p /run/ga/s -t /run/ga -f /run/ga/pid")
    agent = Socket(guest.file("/run/ga/s"))

    def run(words: tuple[str, ...] | list[str], stdin: bytes = b"") -> Said:
        return execute(WHAT, agent, words, stdin, DEADLINE_S)

    yield run
    agent.close()
    # Gone before the next one begins, which has its socket in the same place.
    guest.run('pid=$(cat /run/ga/pid); kill "$pid"; while kill -0 "$pid"; do sleep 0.05; done')


def wanted(run: Run, **changes: Any) -> dict[str, Any]:
    """What the guest goes by, with changes."""
    return dict(handover.parse(run(SHOW)).settings) | changes


def told(run: Run, settings: dict[str, Any]) -> Told:
    """Hand it over, and what the guest says."""
    return handover.parse(run(SET, handover.order(settings, uuid=values()["uuid"], vps=VPS)))


def heard(run: Run) -> report.Report:
    return report.parse(run(list(report.COMMAND)), vps=VPS, uuid=values()["uuid"], now=dt.datetime.now(dt.UTC))


def seen(wire: Wire) -> str:
    """The status that somebody on the wire gets from the panel."""
    words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "60", "-H", "Host: panel.test"]
    return wire.run([*words, "http://192.0.2.10/"], timeout=90).stdout


def steps(said: Told) -> list[str]:
    assert all(one.reason == "" for one in said.ran), said.ran
    return [one.step for one in said.ran]


def test_nothing_was_declared_anew(run: Run) -> None:
    there = wanted(run)
    assert behind(heard(run), there) == ""
    assert steps(told(run, there)) == []


def test_the_panel_opens_and_mail_takes_another_way(guest: Guest, run: Run, wire: Wire, tmp_path: Path) -> None:
    """nginx and postfix obey, who the guest is stays, and what did not change does not run."""
    before = json.loads(guest.ask("cat /etc/vps/guest.json"))
    there = wanted(run)
    assert seen(wire) == "403"
    anew = there | {"panel": there["panel"] | {"allow": ["192.0.2.0/24"]}, "smarthost": "192.0.2.1:2525"}
    assert behind(heard(run), anew) == "it goes by other settings than are declared"
    assert {one.key for one in differences(anew, handover.parse(run(SHOW)))} == {"panel.allow", "smarthost"}
    said = told(run, anew)
    assert steps(said) == ["20-panel-allow", "30-mail", "31-slow"]
    assert (differences(anew, said), said.pending, behind(heard(run), anew)) == ([], (), "")
    assert seen(wire) == "200"

    inbox = tmp_path / "inbox"
    post = wire.spawn(["python3", "-c", POST, str(inbox)], stdout=-1)
    try:
        assert post.stdout
        assert post.stdout.readline() == b"up\n"
        guest.ask("printf 'Subject: by the new way\\n\\nhello\\n' | sendmail ada@elsewhere.example")
        guest.wait(lambda: inbox.exists() and "by the new way" in inbox.read_text(), "no mail came")
    finally:
        post.kill()
        post.wait()
        assert post.stdout
        post.stdout.close()

    after = json.loads(guest.ask("cat /etc/vps/guest.json"))
    assert {key: value for key, value in after.items() if before[key] != value}.keys() == {"panel", "smarthost"}
    assert steps(told(run, anew)) == []
    assert "declared anew: panel, smarthost\n" in guest.ask("journalctl --no-pager -t vps-settings -o cat")


@pytest.mark.parametrize("name", ["J. Smith", "Ada Ruiz"])
def test_an_edited_name_is_followed(guest: Guest, run: Run, name: str) -> None:
    """By `vps access` so far that the guest still knows itself, whatever the people there are called."""
    person = Person(keys=("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOK one",), full_name=name)
    wish = Wish(hostname="shop", people={"jay": person}, fqdn="shop.coop.example")
    for _ in range(2):
        found = access.parse(run(access.command(wish), access.SCRIPT.encode()).out.decode())
        assert found is not None
        assert found.differs(wish) == {}
        assert guest.ask("hostname; hostname -f") == "shop\nshop.coop.example\n"
        guest.ask(FQDN_CHECK)
    assert f"192.0.2.10 shop.coop.example shop {FQDN} web1\n" in guest.ask("cat /etc/hosts")


def test_what_goes_by_the_name_follows_and_what_a_client_made_stays(guest: Guest, run: Run) -> None:
    """By `vps settings`: lines of /etc/hosts, a mail server, and a page that are none of ours."""
    there = wanted(run)
    told(run, there | {"client_name": "Ada & <Co>"})
    assert "web1 of Ada &amp; &lt;Co&gt;</title>" in guest.ask("cat /var/www/html/index.html")
    guest.ask("echo '10.0.0.5 db # ours' >>/etc/hosts; echo mine >/var/www/html/index.html")
    guest.ask("postconf -e inet_interfaces=all 'mydestination=example.net, localhost' mynetworks=10.0.0.0/8")
    said = told(run, there | {"fqdn": "shop.coop.example", "hostname": "shop", "label": "shop"})
    assert steps(said) == ["10-name", "30-mail", "50-page", "70-tls"]
    guest.ask(FQDN_CHECK)
    assert guest.ask("postconf -h myhostname; cat /etc/mailname") == "shop.coop.example\nshop.coop.example\n"
    own = "postconf -h inet_interfaces mydestination mynetworks"
    assert guest.ask(own) == "all\nexample.net, localhost\n10.0.0.0/8\n"
    assert guest.ask("cat /var/www/html/index.html") == "mine\n"
    hosts = guest.ask("cat /etc/hosts")
    assert "10.0.0.5 db # ours\n" in hosts
    assert f"192.0.2.10 shop.coop.example shop {FQDN} web1\n" in hosts
    assert hosts.startswith("127.0.0.1 localhost\n::1 localhost")
    relay = "postconf -h relayhost"
    guest.ask("postconf -e relayhost=[192.0.2.7]")
    assert steps(told(run, wanted(run, fqdn="mall.coop.example", hostname="mall")))[:2] == ["10-name", "30-mail"]
    assert guest.ask(f"{relay}; hostname -f") == "[192.0.2.7]\nmall.coop.example\n"
    assert steps(told(run, wanted(run, smarthost="192.0.2.1"))) == ["30-mail", "31-slow"]
    assert guest.ask(f"{relay}; {own}").splitlines()[:2] == ["[192.0.2.1]", "all"]


def test_backups_go_where_they_are_declared(guest: Guest, run: Run) -> None:
    """Also where other words were handed over when the guest's key was authorised, and nowhere any more."""
    backup: dict[str, Any] = dict(contract("base").variables["settings"].example["backup"])
    guest.ask("jq -c '.target = \"ssh://a@old.example:22/b\"' >/etc/vps/backup.json", stdin=json.dumps(backup))
    assert steps(told(run, wanted(run, backup=backup | {"every_hours": 6}))) == ["80-backup"]
    assert json.loads(guest.ask("cat /etc/vps/backup.json")) == backup | {"every_hours": 6}
    assert "OnCalendar=0/6:00" in guest.ask("systemctl cat vps-backup.timer")
    hours = "systemctl show --property=TimersCalendar vps-backup.timer"
    assert "00/6:00" in guest.ask(hours)
    told(run, wanted(run, backup=backup | {"every_hours": 24}))
    assert "00/6:00" not in guest.ask(hours)
    assert guest.ask("systemctl is-active vps-backup.timer") == "active\n"
    told(run, wanted(run, backup=None))
    assert guest.run("test -e /etc/vps/backup.json").returncode == 1
    assert guest.run("/usr/local/lib/vps/health.d/backups").returncode == 3
    assert guest.run("systemctl is-active vps-backup.timer").stdout == "inactive\n"
    assert guest.run("systemctl is-enabled vps-backup.timer").stdout == "disabled\n"
    # Enrolled again before its settings are told: from now on the nights count.
    assert run([BACKUP, "prepare"], json.dumps(backup).encode()).code == 0
    timer = "systemctl is-active vps-backup.timer; systemctl is-enabled vps-backup.timer"
    assert guest.ask(timer) == "active\nenabled\n"


def test_a_step_that_fails_keeps_no_other_and_is_done_by_the_next(guest: Guest, run: Run, wire: Wire) -> None:
    there = wanted(run)
    anew = there | {"panel": there["panel"] | {"allow": ["198.51.100.0/24"]}, "smarthost": "192.0.2.2"}
    guest.ask("echo nonsense >/etc/nginx/conf.d/broken.conf")
    said = told(run, anew)
    failed = [one for one in said.ran if one.reason]
    assert [(one.step, one.reason) for one in failed] == [("20-panel-allow", "nginx refuses its configuration.")]
    assert [one.step for one in said.ran] == ["20-panel-allow", "30-mail", "31-slow"]
    assert guest.ask("postconf -h relayhost") == "[192.0.2.2]\n"
    assert "20-panel-allow did not come to an end" in behind(heard(run), anew)
    assert seen(wire) == "200"
    guest.ask("rm /etc/nginx/conf.d/broken.conf")
    assert steps(told(run, anew)) == ["20-panel-allow"]
    assert seen(wire) == "403"
    assert behind(heard(run), anew) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"uuid": "0f6b2a52-7c1d-5e0a-9a44-3b1f2c4d5e6f"},
        {"vps": "v-other"},
        {"settings": {}},
        {"fqdn": "a b"},
        {"panel": {"allow": ["1.2.3.4; include /etc/shadow"], "ssl_sites": []}},
        {"smarthost": "a\nb"},
        {"uuid": None},
    ],
    ids=str,
)
def test_what_is_not_for_it_or_makes_no_sense_changes_nothing(guest: Guest, run: Run, change: dict[str, Any]) -> None:
    before = guest.ask("cat /etc/vps/guest.json")
    whole = {"uuid": values()["uuid"], "vps": VPS, "settings": wanted(run)}
    if change.keys() <= whole.keys():
        whole |= change
    else:
        whole["settings"] |= change
    said = run(SET, json.dumps(whole).encode())
    assert (said.code, said.out) == (1, b"")
    assert b"not for this VPS, or of another release" in said.err
    assert guest.ask("cat /etc/vps/guest.json") == before


def test_before_delivery_the_seed_counts(guest: Guest, run: Run) -> None:
    guest.ask("mv /var/lib/vps/delivered /var/lib/vps/kept")
    try:
        said = run(SET, handover.order(wanted(run, smarthost="192.0.2.3"), uuid=values()["uuid"], vps=VPS))
        assert not handover.parse(run(SHOW)).delivered
    finally:
        guest.ask("mv /var/lib/vps/kept /var/lib/vps/delivered")
    assert (said.code, b"its first boot is not through yet" in said.err) == (1, True)
    assert wanted(run)["smarthost"] != "192.0.2.3"


def test_a_power_cut_in_its_midst_converges(guest: Guest, run: Run) -> None:
    """The settings are there whole, what did not run is told, and the next order does it."""
    anew = wanted(run, smarthost="192.0.2.4")
    guest.ask("touch /var/lib/slow")
    order = handover.order(anew, uuid=values()["uuid"], vps=VPS).decode()
    guest.ask("cat >/var/lib/order && sync", stdin=order)
    guest.ask("setsid sh -c '/usr/local/lib/vps/settings set </var/lib/order >/dev/null 2>&1' >/dev/null 2>&1 &")
    guest.wait(lambda: guest.run("test -e /run/slow-began").returncode == 0, "the step did not begin")
    guest.kill()
    guest.start()
    guest.wait(lambda: guest.run("systemctl is-system-running").stdout.strip() in ("running", "degraded"), "no boot")
    there = json.loads(guest.ask("/usr/local/lib/vps/settings show"))
    assert (there["settings"]["smarthost"], there["pending"]) == ("192.0.2.4", ["31-slow"])
    assert json.loads(guest.ask("/usr/local/lib/vps/report"))["settings"]["pending"] == ["31-slow"]
    guest.ask("rm /var/lib/slow")
    said = json.loads(guest.ask("/usr/local/lib/vps/settings set", stdin=order))
    assert ([one["step"] for one in said["ran"]], said["pending"]) == (["31-slow"], [])
