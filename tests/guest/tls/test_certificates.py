"""Certificates of a guest's sites, from a real authority: got, served, renewed, given up."""

import json

import pytest

from tests.acme import Authority, Names
from tests.guest.tls.web_guest import (
    ADDRESS,
    CERTS,
    FQDN,
    LIB,
    SERVED,
    SITE,
    certificates,
    clock,
    declare,
    fingerprint,
    health,
    known,
    settle,
)
from tests.guests import Guest

pytestmark = pytest.mark.lab

DAY_S = 86400


def _visit(guest: Guest, authority: Authority, url: str) -> str:
    """Status and place that a visitor gets who trusts the authority's root alone."""
    words = "curl --silent --noproxy '*' --cacert /dev/stdin --output /dev/null"
    words += f" --resolve {FQDN}:443:{ADDRESS} --write-out '%{{http_code}} %{{redirect_url}}' {url}"
    return guest.run(words, stdin=authority.root).stdout.strip()


def _served(guest: Guest, authority: Authority) -> None:
    """The panel's name has its certificate; the site's, which isn't in DNS, has none."""
    if not fingerprint(guest, FQDN) or fingerprint(guest, SITE):
        settle(guest, authority)
        certificates(guest, code=2)


def test_what_leads_here_has_one_and_the_rest_is_told(guest: Guest, authority: Authority) -> None:
    """The step of the first boot: a client's DNS that isn't set holds nothing up."""
    settle(guest, authority)
    said = guest.ask(f"{LIB}/firstboot.d/70-tls", timeout=600)
    assert f"{FQDN}: has a new certificate" in said
    assert f"{SITE}: its name is not in DNS yet" in said
    assert _visit(guest, authority, f"https://{FQDN}/") == "200"
    assert _visit(guest, authority, f"http://{FQDN}/a?b=c") == f"301 https://{FQDN}/a?b=c"
    assert _visit(guest, authority, f"http://{ADDRESS}/") == "200"
    code, words = health(guest)
    assert code == 2
    assert f"{SITE}: no certificate, plain http only: its name is not in DNS yet" in words
    assert f"1 good: {FQDN} (89 days)" in words
    assert (known(guest, FQDN)["state"], known(guest, SITE)["state"]) == ("good", "elsewhere")
    assert guest.run("systemctl is-active vps-certificates.timer").stdout.strip() == "active"


def test_nothing_else_is_spoken_on_443(guest: Guest, authority: Authority) -> None:
    """No placeholder for a name without certificate, no old TLS."""
    _served(guest, authority)
    assert fingerprint(guest, FQDN)
    assert fingerprint(guest, SITE) == ""
    assert fingerprint(guest, "unknown.example") == ""
    ask = f"openssl s_client -connect {ADDRESS}:443 -servername {FQDN} -cipher ALL:@SECLEVEL=0"
    assert guest.run(f"{ask} -tls1_1 </dev/null").returncode != 0
    assert guest.run(f"{ask} -tls1_2 </dev/null").returncode == 0
    assert guest.run(f"{ask} -tls1_2 -cipher AES128-SHA </dev/null").returncode != 0


def test_keys_are_roots_alone(guest: Guest, authority: Authority) -> None:
    """In every copy; and what lets others read one is a failure."""
    _served(guest, authority)
    listed = guest.ask(f"find {CERTS} {SERVED}/ -name '*privkey*' -type f -printf '%m %u %p\\n'").splitlines()
    assert listed
    assert all(line.startswith("600 root ") for line in listed), listed
    assert guest.run(f"setpriv --reuid www-data --clear-groups cat {SERVED}/{FQDN}/privkey.pem").returncode != 0
    guest.ask(f"chmod 644 {SERVED}/{FQDN}/privkey.pem")
    code, words = health(guest)
    assert (code, "can be read by others than root" in words) == (1, True)
    guest.ask(f"chmod 600 {SERVED}/{FQDN}/privkey.pem")


def test_what_is_there_is_not_asked_for_again(guest: Guest, names: Names, authority: Authority) -> None:
    """The next site alone is asked for, and where nothing changed nginx isn't told."""
    _served(guest, authority)
    before, first = authority.orders, fingerprint(guest, FQDN)
    names.set(SITE, ADDRESS)
    certificates(guest, code=0)
    assert authority.orders == before + 1
    assert fingerprint(guest, FQDN) == first
    assert health(guest)[0] == 0
    workers = guest.ask("pgrep --parent $(cat /run/nginx.pid)")
    assert certificates(guest, code=0) == ""
    assert (authority.orders, guest.ask("pgrep --parent $(cat /run/nginx.pid)")) == (before + 1, workers)


def test_aegir_asks_the_same_keeper(guest: Guest, names: Names, authority: Authority) -> None:
    """Whatever list Aegir writes, no site is asked for that isn't declared; the certificate lies where Aegir looks.

    It asks while its own queue waits, so whoever holds the lock isn't waited for, and no vhost is ordered from it.
    """
    names.set(SITE)
    settle(guest, authority)
    guest.ask("dehydrated --cron", timeout=300)
    guest.ask(f"test -s {SERVED}/{FQDN}/fullchain.pem && ! test -e /etc/nginx/conf.d/vps-sites.conf")
    guest.ask(f"flock {CERTS}/lock timeout 30 dehydrated --accept-terms --cron --keep-going")
    certificates(guest, code=2)
    guest.ask("test -s /etc/nginx/conf.d/vps-sites.conf")
    before = authority.orders
    guest.ask("echo every.site.example >/etc/dehydrated/domains.txt; dehydrated --accept-terms --cron --keep-going")
    assert authority.orders == before
    guest.ask(f"test -s {SERVED}/{FQDN}/fullchain.pem")
    assert guest.ask("dehydrated --version").startswith("#")


def test_renewed_in_time_and_shown_at_once(guest: Guest, names: Names, authority: Authority) -> None:
    """Half of a short life is the time; the pair before stays until the new one serves."""
    names.set(SITE)
    authority.start(life_s=1400)
    try:
        settle(guest, authority, ())
        certificates(guest, code=0)
        first, before = fingerprint(guest, FQDN), authority.orders
        clock(guest, 500)
        certificates(guest, code=0)
        assert authority.orders == before
        clock(guest, 750)
        assert "has a new certificate" in certificates(guest, code=0)
        assert authority.orders == before + 1
        guest.wait(lambda: fingerprint(guest, FQDN) not in ("", first), "nginx shows the former one", 60)
        issued = json.loads(guest.ask(f"cat {CERTS}/*/names/{FQDN}.json"))["issued"]
        assert len(issued) == 2
    finally:
        authority.start()


@pytest.mark.parametrize(
    ("days", "code", "word"),
    [(60, 0, "1 good"), (75, 2, "ends in 14 days"), (84, 1, "ends in 5 days"), (95, 1, "ends in -")],
)
def test_an_end_that_comes_near_is_told(guest: Guest, authority: Authority, days: int, code: int, word: str) -> None:
    """More than 20 days pass, 7 to 20 are a warning, less is a failure."""
    if days == 60 or guest.run(f"test -e {SERVED}/{FQDN}").returncode != 0:
        settle(guest, authority, ())
        certificates(guest, code=0)
    clock(guest, days * DAY_S)
    found, words = health(guest)
    clock(guest, 0)
    assert (found, word in words) == (code, True), words


def test_a_site_taken_off_the_list_keeps_what_it_has(guest: Guest, names: Names, authority: Authority) -> None:
    """Until it ends; it isn't renewed, and then its files go."""
    names.set(SITE, ADDRESS)
    settle(guest, authority)
    certificates(guest, code=0)
    declare(guest, authority, ())
    before = authority.orders
    certificates(guest, code=0)
    guest.ask(f"test -s {SERVED}/{SITE}/fullchain.pem")
    assert (health(guest)[0], authority.orders) == (0, before)
    # A vhost that still names it keeps it: without the files nginx would not start.
    guest.ask(f"printf 'ssl_certificate {SERVED}/{SITE}/fullchain.pem;\\n' >/etc/nginx/conf.d/zz-uses.conf")
    guest.ask(f"printf 'ssl_certificate_key {SERVED}/{SITE}/privkey.pem;\\n' >>/etc/nginx/conf.d/zz-uses.conf")
    clock(guest, 100 * DAY_S)
    guest.run(f"{LIB}/certificates")
    guest.ask(f"test -e {SERVED}/{SITE}")
    guest.ask("rm /etc/nginx/conf.d/zz-uses.conf")
    guest.run(f"{LIB}/certificates --now")
    assert guest.run(f"test -e {SERVED}/{SITE}").returncode != 0
    clock(guest, 0)


def test_without_an_authority_all_is_plain_http(guest: Guest, authority: Authority) -> None:
    settle(guest, None)
    assert "plain http" in guest.ask(f"{LIB}/firstboot.d/70-tls")
    assert health(guest) == (3, "no ACME directory is declared: plain http only")
    assert json.loads(guest.ask(f"{LIB}/report.d/certificates")) == {"directory": None, "sites": []}
    assert _visit(guest, authority, f"http://{FQDN}/") == "200"


def test_browsers_insist_only_where_the_fleet_says_so(guest: Guest, authority: Authority) -> None:
    settle(guest, authority, ())
    certificates(guest, code=0)
    ask = f"curl --silent --insecure --noproxy '*' --head --resolve {FQDN}:443:{ADDRESS} https://{FQDN}/"
    told = "strict-transport-security: max-age=15552000"
    assert "strict-transport-security" not in guest.ask(ask).lower()
    declare(guest, authority, (), hsts_days=180)
    certificates(guest, code=0)
    guest.wait(lambda: told in guest.ask(ask).lower(), "not told to insist", 60)
    declare(guest, authority, ())
    certificates(guest, code=0)
    guest.wait(lambda: told not in guest.ask(ask).lower(), "still told to insist", 60)


def test_what_a_backup_brings_back_is_whole(guest: Guest, authority: Authority) -> None:
    """Links and pairs lie in one folder that backups hold: a VPS made anew serves at once, and asks for nothing."""
    settle(guest, authority, ())
    certificates(guest, code=0)
    shown, before = fingerprint(guest, FQDN), authority.orders
    paths = guest.ask(f"cat {LIB}/backup.d/*.paths").split()
    assert "/var/lib/dehydrated" in paths
    guest.ask("tar -C / -cf /run/kept.tar var/lib/dehydrated etc/nginx && rm -r /var/lib/dehydrated /etc/nginx/conf.d")
    guest.ask("tar -C / -xf /run/kept.tar && nginx -t -q && systemctl restart nginx")
    assert fingerprint(guest, FQDN) == shown != ""
    assert certificates(guest, code=0) == ""
    assert authority.orders == before
