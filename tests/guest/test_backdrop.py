"""A guest of flavour backdrop with stand-ins for Aegir's sources: real nginx, PHP, MariaDB and queue unit.

The image's own recipe, hook, steps and checks; what the real sources did is told in the flavour's README.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.guest import hardened
from tests.guests import Guest, Wire
from tests.seeds import ADDRESSES, FQDN, GATEWAYS, VPS, seed

pytestmark = pytest.mark.lab

LIB = "/usr/local/lib/vps"
KEPT = "/etc/nginx /etc/vps /etc/sudoers.d /var/aegir/config /var/aegir/admin/.inventory-word"
"""What steps write, but for the link of the next login and the time in Aegir's own files."""
OPEN = {"allow": None, "ssl_sites": []}
DATABASES = "aegir --batch --skip-column-names --execute"


@pytest.fixture(scope="module")
def guest(aegir_tree: Path, tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Iterator[Guest]:
    """Delivered."""
    with Guest(aegir_tree, seed(panel=OPEN), tmp_path_factory.mktemp("guest"), wire=wire) as guest:
        guest.wait_ready()
        yield guest


@pytest.fixture(scope="module")
def get(wire: Wire) -> Callable[..., tuple[int, str]]:
    """Ask the guest for a page from outside: status and text."""

    def ask(path: str, name: str = FQDN, address: str = ADDRESSES[0]) -> tuple[int, str]:
        command = ["curl", "--silent", "--max-time", "60", "--noproxy", "*", "--path-as-is"]
        command += ["--write-out", "\n%{http_code}"]
        said = wire.run([*command, "--header", f"Host: {name}", f"http://{address}{path}"]).stdout
        text, _, code = said.rpartition("\n")
        return int(code), text

    return ask


@pytest.fixture(scope="module")
def shop(guest: Guest, get: Callable[..., tuple[int, str]]) -> str:
    """A client's site by the queue: declared, installed, enabled and verified; its name."""
    name = "shop.coop.example"
    guest.ask(f"cd /var/aegir/admin/web && runuser -u aegir -- bee vps-site {name} Backdrop")
    guest.wait(lambda: get("/", name=name)[0] == 200, "no site", 120)
    guest.wait(lambda: sql(guest, "SELECT COUNT(*) FROM hosting_task WHERE task_status IN (0, -1)") == "0", "busy")
    return name


def sql(guest: Guest, statement: str) -> str:
    return guest.ask(f'mariadb {DATABASES} "{statement}"').strip()


def verdict(guest: Guest, task: str) -> str:
    return guest.ask(f". {LIB}/backdrop/common.sh; verdict {task}").strip()


def checks(guest: Guest) -> dict[str, dict[str, str]]:
    said = json.loads(guest.ask("cat /run/vps/health.json"))
    return {check["name"]: check for check in said["checks"]}


def sums(guest: Guest) -> str:
    return guest.ask(f"find {KEPT} -type f ! -name panel-login -exec sha256sum {{}} + | sort -k 2")


def test_the_panel_is_served_by_aegirs_own_vhost(guest: Guest, get: Callable[..., tuple[int, str]]) -> None:
    """The login from outside, by the vhost that a queue task wrote; the first one of the set-up is gone."""
    assert guest.delivery() == f"VPS READY {VPS}"
    code, page = get("/user/login")
    assert (code, 'name="pass"' in page) == (200, True)
    assert f'"{FQDN}"' in guest.ask(f"cat /var/aegir/config/server_master/nginx/vhost.d/{FQDN}")
    assert guest.run("ls /etc/nginx/conf.d/vps-first.conf").returncode != 0


def test_a_bare_address_shows_neither_site_nor_installer(get: Callable[..., tuple[int, str]]) -> None:
    """The same for a name that no site has, over both protocols."""
    assert get("/", name=ADDRESSES[0]) == (404, "404 Not Found\n")
    assert get("/user/login", name=f"[{ADDRESSES[1]}]", address=f"[{ADDRESSES[1]}]") == (404, "404 Not Found\n")
    assert get("/", name="nobody.example")[0] == 404
    assert get("/core/install.php")[0] == 404


@pytest.mark.parametrize(
    "path", ["/inventory", "/Inventory", "//inventory", "/?q=inventory", "/index.php?q=INVENTORY", "/inventory?1"]
)
def test_the_inventory_is_closed(guest: Guest, get: Callable[..., tuple[int, str]], path: str) -> None:
    """Upstream tells every database password to whoever asks; here only root's playbooks know the word."""
    code, text = get(path)
    assert (code, "hostvars" in text) == (403, False)
    inside = guest.ask(f"curl --silent 'http://{FQDN}{path}'")
    assert "hostvars" not in inside
    opened = guest.ask(f"CURL_HOME=/etc/vps/aegir-curl curl --silent 'http://{FQDN}/inventory?2'")
    assert FQDN in json.loads(opened)["_meta"]["hostvars"]


def test_the_first_account_is_the_administrators(guest: Guest) -> None:
    """Name and mail as declared; a link for the first login, and another at will, for root alone."""
    declared = json.loads(guest.ask("cat /etc/vps/guest.json"))["admin"]
    account = sql(guest, "SELECT CONCAT(name, ' ', mail) FROM users WHERE uid = 1")
    assert account == f"{declared['name']} {declared['email']}"
    link = re.compile(rf"http://{re.escape(FQDN)}/user/reset/1/\w+/login\n")
    assert link.fullmatch(guest.ask("cat /etc/vps/secrets/panel-login"))
    assert link.fullmatch(guest.ask("aegir-login"))
    assert guest.run("runuser -u aegir-sites -- aegir-login").returncode != 0


def test_secrets_are_the_guests_own(guest: Guest) -> None:
    """Made here, for root alone, and in no log, setting, command line or place that the sites' PHP reaches."""
    words = guest.ask("cd /etc/vps/secrets && head -qc 32 database-* panel-admin panel-inventory | fold -w 32").split()
    assert len(set(words)) == len(words) == 4
    assert set(guest.ask("stat -c %a%U /etc/vps/secrets/*").split()) == {"600root"}
    told = guest.ask("cat /etc/vps/guest.json /var/log/vps/* /run/vps/*.json; journalctl --no-pager; ps axww")
    assert [word for word in words if word in told] == []
    seen = guest.run(
        "runuser -u aegir-sites -- grep -rlsF -f - /etc /var/aegir /var/lib /opt /usr/local /run",
        stdin="\n".join(words),
    )
    assert seen.stdout == ""
    assert checks(guest)["aegir-files"]["state"] == "pass"
    guest.ask("chmod o+r /var/aegir/admin/web/settings.php")
    assert "settings.php" in guest.run(f"{LIB}/health.d/aegir-files").stdout
    guest.ask("chmod o-r /var/aegir/admin/web/settings.php")


def test_aegir_becomes_root_by_one_program_only(guest: Guest) -> None:
    """Nothing else by sudo, for it or for the two accounts of PHP."""
    assert "aegir-ansible" in guest.ask("sudo -l -U aegir")
    assert guest.run("runuser -u aegir -- sudo -n id").returncode != 0
    for account in ("aegir-panel", "aegir-sites", "www-data"):
        assert "not allowed" in guest.ask(f"sudo -l -U {account}")


def test_a_clients_site_comes_by_the_queue(guest: Guest, get: Callable[..., tuple[int, str]], shop: str) -> None:
    """Answered by its own vhost and the sites' PHP, which isn't the panel's; every task did well."""
    # A pool's processes end when nobody has asked for a while.
    asked = "curl --silent --output /run/page --header Host:$name http://127.0.0.1/user/login"
    lines = guest.ask(f"for name in {FQDN} {shop}; do {asked}; done; ps -C php-fpm8.2 -o user:20=,args=").splitlines()
    assert {" ".join(line.split()) for line in lines if "pool" in line} == {
        "aegir-panel php-fpm: pool panel",
        "aegir-sites php-fpm: pool sites",
    }
    assert shop in get("/", name=shop)[1]
    for task in sql(guest, "SELECT nid FROM hosting_task").split():
        assert verdict(guest, task) == "well"


def test_it_is_hardened_as_every_guest_is(guest: Guest) -> None:
    """With Aegir's own packages, accounts and pools."""
    hardened.reached_by_three_ports_alone(guest)
    hardened.nothing_more_with_rights_of_root(guest)
    hardened.database_and_mail_are_its_own(guest)
    hardened.secrets_are_roots_alone(guest)
    assert hardened.php_is_another_than_nginx(guest) == {"aegir-panel", "aegir-sites"}


def test_the_wall_stands_before_the_panel_alone(guest: Guest, get: Callable[..., tuple[int, str]], shop: str) -> None:
    """Whoever is not on the list is refused; an ACME authority and the clients' sites are not concerned."""
    settings = guest.ask("cat /etc/vps/guest.json")
    walled = json.loads(settings)
    walled["panel"]["allow"] = ["203.0.113.0/24"]
    guest.ask("cat >/etc/vps/guest.json", stdin=json.dumps(walled))
    guest.ask("echo token >/var/lib/dehydrated/acme-challenges/probe")
    try:
        guest.ask(f"{LIB}/firstboot.d/20-panel-allow")
        guest.wait(lambda: get("/user/login")[0] == 403, "no wall", 60)
        assert get("/")[0] == get("/index.php")[0] == 403
        assert get("/.well-known/acme-challenge/probe") == (200, "token\n")
        assert get("/", name=shop)[0] == 200
        assert guest.run(f"{LIB}/health.d/front-page").returncode == 0
        walled["panel"]["allow"] = [GATEWAYS[0].partition("/")[0]]
        guest.ask("cat >/etc/vps/guest.json", stdin=json.dumps(walled))
        guest.ask(f"{LIB}/firstboot.d/20-panel-allow")
        guest.wait(lambda: get("/user/login")[0] == 200, "the wall has no door", 60)
    finally:
        guest.ask("cat >/etc/vps/guest.json", stdin=settings)
        guest.ask(f"{LIB}/firstboot.d/20-panel-allow")


def test_every_step_may_run_again(guest: Guest) -> None:
    """Nothing that they write is another afterwards, no account or site is made twice, and every check holds."""
    count = "SELECT CONCAT((SELECT COUNT(*) FROM users), ' ', (SELECT COUNT(*) FROM node WHERE type != 'task'))"
    before, made = sums(guest), sql(guest, count)
    for step in guest.ask(f"ls {LIB}/firstboot.d").split():
        for _ in range(2):
            done = guest.run(f"{LIB}/firstboot.d/{step} </dev/null", timeout=300)
            assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
    assert (sums(guest), sql(guest, count)) == (before, made)
    assert guest.run(f"{LIB}/health --now", timeout=600).returncode == 0


def test_a_database_that_is_not_ours_is_never_dropped(guest: Guest) -> None:
    """Without the mark of the set-up's end nothing is removed: the step says what it found."""
    tables = sql(guest, "SHOW TABLES")
    sql(guest, "RENAME TABLE vps_made TO vps_made_away")
    try:
        done = guest.run(f"{LIB}/firstboot.d/42-aegir-panel")
        assert done.returncode == 1
        assert "Nothing was removed" in done.stderr
        guest.ask(": >/var/lib/vps/backdrop/making")
        assert "Nothing was removed" in guest.run(f"{LIB}/firstboot.d/42-aegir-panel").stderr
    finally:
        guest.ask("rm -f /var/lib/vps/backdrop/making")
        sql(guest, "RENAME TABLE vps_made_away TO vps_made")
    assert sql(guest, "SHOW TABLES") == tables


def test_a_task_that_was_cut_is_told_and_not_repeated(guest: Guest) -> None:
    """After delivery a person decides about it; the lock that it left is gone, and the next task goes through."""
    guest.ask("systemctl stop hosting-queued")
    sql(guest, "UPDATE hosting_task SET task_status = -1 WHERE nid = (SELECT MIN(nid) FROM node WHERE type = 'task')")
    sql(guest, "INSERT INTO semaphore VALUES ('hosting_queue_tasks_running')")
    guest.ask("systemctl start hosting-queued")
    assert sql(guest, "SELECT task_status FROM hosting_task ORDER BY nid LIMIT 1") == "2"
    assert guest.run(f"{LIB}/health.d/queue", timeout=420).returncode == 0


def test_a_dead_queue_is_told(guest: Guest) -> None:
    """A daemon that is off, one that hangs, and a playbook that fails: each is red with its reason."""
    guest.ask("systemctl stop hosting-queued")
    done = guest.run(f"{LIB}/health.d/queue")
    assert (done.returncode, done.stdout) == (1, "hosting-queued does not run\n")
    assert guest.run(f"{LIB}/health.d/queue-daemon").returncode == 1
    assert guest.run(f"{LIB}/health --now", timeout=600).returncode == 1
    assert checks(guest)["queue"]["state"] == "fail"
    guest.ask("echo broken >/etc/nginx/conf.d/broken.conf; mv /etc/vps/aegir-curl/.curlrc /etc/vps/aegir-curl/away")
    try:
        guest.ask("systemctl start hosting-queued")
        done = guest.run(f"{LIB}/health.d/queue", timeout=420)
        assert done.returncode == 1
        assert re.search(r"task \d+ failed: ", done.stdout)
    finally:
        guest.ask("rm /etc/nginx/conf.d/broken.conf; mv /etc/vps/aegir-curl/away /etc/vps/aegir-curl/.curlrc")
    assert guest.run(f"{LIB}/health --now", timeout=600).returncode == 0


def test_it_serves_again_after_a_power_cut(guest: Guest, get: Callable[..., tuple[int, str]], shop: str) -> None:
    """The panel, the client's site and the queue come back by themselves; no step runs again."""
    guest.kill()
    guest.start()
    guest.wait(lambda: get("/user/login")[0] == 200 and get("/", name=shop)[0] == 200, "not served")
    guest.wait(lambda: guest.run("systemctl is-active hosting-queued").returncode == 0, "no queue", 120)
    assert guest.run(f"{LIB}/health.d/queue", timeout=420).returncode == 0


def test_tasks_of_before_a_restore_are_stopped_once(guest: Guest) -> None:
    """To delete or to move a site is begun again by a person or not at all; this boot's own tasks start over."""
    task = "(SELECT * FROM (SELECT MAX(vid) FROM hosting_task) newest)"
    guest.ask(
        "systemctl stop hosting-queued; mkdir -p /var/lib/vps/backup; echo '{}' >/var/lib/vps/backup/restored.json; "
        "mv /var/lib/vps/delivered /run/delivered"
    )

    def after(status: int) -> str:
        guest.ask("mariadb aegir", stdin=f"UPDATE hosting_task SET task_status = {status} WHERE vid = {task}")
        guest.ask("/usr/local/lib/vps/backdrop/queue-ready")
        return guest.ask("mariadb -N aegir", stdin=f"SELECT task_status FROM hosting_task WHERE vid = {task}").strip()

    try:
        assert after(0) == "2"
        assert after(-1) == "0"
        assert guest.ask("stat -c '%a %U' /var/lib/vps/backdrop/said").strip() == "700 root"
        assert guest.run("ls /var/lib/vps/backdrop/*.log").returncode, "upstream's words lie where all can read"
    finally:
        guest.ask("mariadb aegir", stdin=f"UPDATE hosting_task SET task_status = 1 WHERE vid = {task}")
        guest.ask("rm -f /var/lib/vps/backup/restored.json /var/lib/vps/backdrop/tasks-stopped")
        guest.ask("mv /run/delivered /var/lib/vps/")
        guest.ask("systemctl start hosting-queued")
