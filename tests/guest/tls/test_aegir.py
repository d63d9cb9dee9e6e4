"""Certificates of the flavour that is sold: its panel and a client's site by https, from the first boot to a renewal.

Aegir's sources are stand-ins that make vhosts as the real playbooks do; nginx, queue, keeper and authority are real.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.domain.authorities import Authority as Declared
from components.guest.settings import acme
from tests.acme import Authority, Names
from tests.domain.sample import fleet
from tests.guest.tls.web_guest import (
    ADDRESS,
    CLOCK,
    FQDN,
    LIB,
    SERVED,
    certificates,
    clock,
    fingerprint,
    health,
    known,
)
from tests.guests import Guest, Wire
from tests.seeds import VPS, seed

pytestmark = pytest.mark.lab

SHOP = "shop.coop.example"


@pytest.fixture(scope="module")
def machine(
    aegir_tree: Path, wire: Wire, names: Names, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guest]:
    """Delivered with an authority declared; its own name and a site's, which nobody has made yet, lead to it."""
    for name in (FQDN, SHOP):
        names.set(name, ADDRESS)
    declared = Declared(directory=authority.directory, email="ops@hoster.example", ca=authority.ca)
    section = acme(replace(fleet(), authority=declared))
    told = seed(acme=section, panel={"allow": None, "ssl_sites": [SHOP]})
    guest = Guest(aegir_tree, told, tmp_path_factory.mktemp("guest"), wire=wire)
    guest.write("usr/local/bin/date", CLOCK, 0o755)
    with guest:
        guest.wait_ready()
        yield guest


@pytest.fixture
def guest(machine: Guest) -> Guest:
    """Its names lead to it all the time."""
    return machine


@pytest.fixture(scope="module")
def shop(machine: Guest) -> str:
    """A client's site, made by the queue; its name."""
    machine.ask(f"cd /var/aegir/admin/web && runuser -u aegir -- bee vps-site {SHOP} Backdrop")
    machine.wait(lambda: fingerprint(machine, SHOP) != "", "the site has no https")
    settled(machine)
    return SHOP


def settled(guest: Guest) -> None:
    """Until Aegir's queue has nothing more to do; every task of sites did well."""
    guest.ask(f". {LIB}/backdrop/common.sh; settled 300", timeout=330)
    tasks = "SELECT t.nid FROM hosting_task t JOIN node n ON n.nid = t.rid WHERE n.type = 'site'"
    for task in guest.ask(f'mariadb aegir -Ne "{tasks}"').split():
        assert guest.ask(f". {LIB}/backdrop/common.sh; verdict {task}") == "well\n"


def visit(wire: Wire, authority: Authority, url: str) -> str:
    """Status, place it is led to and text that a visitor gets who trusts this authority's root and nothing else."""
    words = ["curl", "--silent", "--noproxy", "*", "--max-time", "60", "--cacert", "/dev/stdin"]
    words += [part for name in (FQDN, SHOP) for port in (80, 443) for part in ("--resolve", f"{name}:{port}:{ADDRESS}")]
    done = wire.run([*words, "--write-out", "\n%{http_code} %{redirect_url}", url], stdin=authority.root)
    text, _, code = done.stdout.rpartition("\n")
    return f"{code.strip()}\n{text}"


def test_the_panel_is_delivered_by_https(guest: Guest, wire: Wire, authority: Authority) -> None:
    """By the vhost that Aegir's own verify wrote, the certificate got in the midst of the first boot."""
    assert guest.delivery() == f"VPS READY {VPS}"
    assert visit(wire, authority, f"http://{FQDN}/user/login").startswith(f"301 https://{FQDN}/user/login\n")
    page = visit(wire, authority, f"https://{FQDN}/user/login")
    assert page.startswith("200\n")
    assert 'name="pass"' in page
    assert f"1 good: {FQDN} (89 days)" in health(guest)[1]
    assert guest.run(f"{LIB}/health.d/front-page").returncode == 0
    assert guest.run("systemctl is-enabled vps-certificates.timer").stdout == "enabled\n"
    # Aegir asks its panel for the inventory, by https now.
    assert guest.run(f"{LIB}/health.d/queue", timeout=420).returncode == 0
    assert visit(wire, authority, f"https://{FQDN}/inventory").startswith("403")


def test_a_name_without_a_site_yet_has_its_certificate_and_shows_nothing(guest: Guest, authority: Authority) -> None:
    """It was declared, so it was asked for; nothing is served by it before there is a site, and the check says so."""
    assert f"{SHOP}: nginx shows none for it" in health(guest)[1]
    assert known(guest, SHOP)["state"] == "good"
    guest.ask(f"test -s {SERVED}/{SHOP}/fullchain.pem")
    before = authority.orders
    assert certificates(guest, code=0) == ""
    assert authority.orders == before


def test_a_clients_site_is_served_by_https_at_once(guest: Guest, wire: Wire, authority: Authority, shop: str) -> None:
    """Its tasks did well, and its certificate is its own."""
    before = authority.orders
    assert visit(wire, authority, f"http://{shop}/a?b=c").startswith(f"301 https://{shop}/a?b=c\n")
    page = visit(wire, authority, f"https://{shop}/")
    assert page.startswith("200\n")
    assert shop in page
    assert fingerprint(guest, shop) not in ("", fingerprint(guest, FQDN))
    assert authority.orders == before
    assert health(guest)[0] == 0
    assert visit(wire, authority, f"https://{FQDN}/user/login").startswith("200\n")


def test_renewed_and_shown_by_aegirs_own_verify(
    guest: Guest, wire: Wire, shop: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another authority is declared, whose certificates live for minutes: the sites' tasks make each one seen."""
    short = Authority(wire, tmp_path_factory.mktemp("short") / "two", 14100).start(life_s=1400)
    verifies = f"FROM hosting_task t JOIN node n ON n.nid = t.rid WHERE n.title = '{shop}' AND t.task_type = 'verify'"
    count = f'mariadb aegir -Ne "SELECT COUNT(*) {verifies}"'
    settings = guest.ask("cat /etc/vps/guest.json")
    try:
        declared = json.loads(settings)
        declared["acme"] |= {"directory": short.directory, "ca": short.ca}
        shown, tasks = fingerprint(guest, shop), int(guest.ask(count))
        guest.ask("cat >/etc/vps/guest.json", stdin=json.dumps(declared))
        for turn in (1, 2):
            said = certificates(guest, code=0)
            assert (f"{FQDN}: has a new" in said, f"{shop}: has a new" in said) == (True, True), said
            settled(guest)
            guest.wait(lambda last=shown: fingerprint(guest, shop) not in ("", last), "nginx shows the former one", 60)
            assert int(guest.ask(count)) == tasks + turn
            for name in (shop, FQDN):
                assert visit(wire, short, f"https://{name}/user/login").partition("\n")[0] in ("200", "404")
            shown = fingerprint(guest, shop)
            clock(guest, 750)
    finally:
        clock(guest, 0)
        guest.ask("cat >/etc/vps/guest.json", stdin=settings)
        short.stop()


def test_a_queue_that_stands_is_told_and_what_was_got_serves_after_it(guest: Guest, shop: str) -> None:
    """nginx keeps what it has; the site is told again by the next run."""
    guest.ask("echo broken >/etc/nginx/conf.d/broken.conf")
    guest.ask(f"rm -f {SERVED.replace('certs', 'vps')}/told/{shop}")
    try:
        assert "The sites were not told" in certificates(guest, code=2)
        assert fingerprint(guest, shop) != ""
    finally:
        guest.ask("rm -f /etc/nginx/conf.d/broken.conf")
    certificates(guest, code=0)
    assert fingerprint(guest, shop) != ""
