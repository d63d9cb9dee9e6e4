"""The wall before Aegir 3, in a guest with real nftables and nginx: nobody from outside unless he is named."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.guests import Guest, Wire
from tests.seeds import ADDRESSES, FQDN, GATEWAYS, STRANGER, seed

pytestmark = pytest.mark.lab

OVERLAY = Path(__file__).resolve().parents[2] / "templates" / "flavours" / "aegir3" / "overlay"
LIB = "usr/local/lib/vps"
BAKED = "etc/nftables.d/60-aegir3-wall.nft"
FRIEND = GATEWAYS[0].partition("/")[0]
VHOST = (
    "server {{ listen 80; server_name {name}; include /var/aegir/config/includes/ip_access/{name}*;"
    " location / {{ allow all; return 200 {name}; }} }}\n"
)


@pytest.fixture(scope="module")
def guest(golden_tree: Path, tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Iterator[Guest]:
    """A guest of flavour base, delivered, with the image's part of the wall and two vhosts as Aegir writes them."""
    guest = Guest(golden_tree, seed(panel={"ssl_sites": []}), tmp_path_factory.mktemp("guest"), wire=wire)
    guest.write(BAKED, (OVERLAY / BAKED).read_text())
    guest.write(f"{LIB}/aegir3/common.sh", (OVERLAY / LIB / "aegir3" / "common.sh").read_text())
    guest.write("root/wall", (OVERLAY / LIB / "firstboot.d" / "40-aegir3-wall").read_text(), 0o755)
    guest.write("root/panel", (OVERLAY / LIB / "firstboot.d" / "44-aegir3-panel").read_text(), 0o755)
    guest.write("root/check", (OVERLAY / LIB / "health.d" / "panel-wall").read_text(), 0o755)
    for name in (FQDN, "site.example"):
        guest.write(f"etc/nginx/conf.d/{name}.conf", VHOST.format(name=name))
    with guest:
        guest.wait_ready()
        guest.ask("useradd --system --create-home --home-dir /var/aegir aegir")
        yield guest


@pytest.fixture
def get(wire: Wire) -> Callable[..., str]:
    """Ask for a page of a name from an address outside: its status, 000 when nobody answers."""

    def ask(name: str, source: str = STRANGER) -> str:
        words = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--interface", source]
        words += ["--connect-timeout", "3", "--max-time", "40", "--header", f"Host: {name}"]
        return wire.run([*words, f"http://{ADDRESSES[0]}/"]).stdout

    return ask


def wall(guest: Guest, **declared: object) -> str:
    """Run the step with other settings; what the check says afterwards."""
    said = json.loads(guest.ask("cat /etc/vps/guest.json")) | declared
    guest.ask("cat >/root/settings.json", stdin=json.dumps(said))
    guest.ask("cat >/root/flavour.json", stdin=json.dumps({"defaults": {"panel_allow": ["127.0.0.1/32"]}}))
    told = "VPS_SETTINGS=/root/settings.json VPS_FLAVOUR=/root/flavour.json"
    # The workers of before answer for a moment: a restart leaves none. Systemd takes a handful of them in ten seconds.
    guest.ask(f"{told} /root/wall && systemctl reset-failed nginx && systemctl restart nginx")
    return guest.ask(f"{told} /root/check")


def test_the_image_is_closed_before_any_step_ran(guest: Guest, get: Callable[..., str]) -> None:
    assert (get(FQDN), get("site.example"), get(FQDN, FRIEND)) == ("000", "000", "000")


def test_nobody_from_outside_when_nobody_is_named(guest: Guest, get: Callable[..., str]) -> None:
    assert "closed but for" in wall(guest)
    assert (get(FQDN), get("site.example"), get(FQDN, FRIEND)) == ("000", "000", "000")
    inside = guest.ask(
        f"curl --silent --output /dev/null --write-out '%{{http_code}}' -H 'Host: {FQDN}' http://127.0.0.1/"
    )
    assert inside == "200"


def test_whom_the_list_names_gets_through_and_nobody_else(guest: Guest, get: Callable[..., str]) -> None:
    wall(guest, panel={"allow": [f"{FRIEND}/32"]})
    assert (get(FQDN, FRIEND), get("site.example", FRIEND)) == ("200", "200")
    assert (get(FQDN), get("site.example")) == ("000", "000")


def test_open_sites_leave_the_panel_behind_its_wall(guest: Guest, get: Callable[..., str]) -> None:
    """Also where a location of Aegir's own would let everybody in."""
    wall(guest, panel={"allow": [f"{FRIEND}/32"]}, options={"sites_open": True})
    assert (get("site.example"), get(FQDN), get(FQDN, FRIEND)) == ("200", "403", "200")


def test_it_holds_after_a_reload_and_a_second_run(guest: Guest, get: Callable[..., str]) -> None:
    wall(guest)
    wall(guest)
    guest.ask("systemctl restart nftables")
    assert get(FQDN) == "000"


def test_the_check_goes_red_when_the_wall_is_gone(guest: Guest) -> None:
    wall(guest)
    told = "VPS_SETTINGS=/root/settings.json VPS_FLAVOUR=/root/flavour.json"
    guest.ask("nft delete table inet aegir3_wall")
    done = guest.run(f"{told} /root/check")
    assert (done.returncode, "is not loaded" in done.stdout) == (1, True)
    wall(guest)
    guest.ask(f"rm /var/aegir/config/includes/ip_access/{FQDN}.conf")
    assert guest.run(f"{told} /root/check").returncode == 1


def test_a_list_that_is_no_list_closes_and_says_so(guest: Guest, get: Callable[..., str]) -> None:
    wall(guest)
    said = json.loads(guest.ask("cat /root/settings.json")) | {"panel": {"allow": ["everybody, please"]}}
    guest.ask("cat >/root/settings.json", stdin=json.dumps(said))
    done = guest.run("VPS_SETTINGS=/root/settings.json VPS_FLAVOUR=/root/flavour.json /root/wall")
    assert done.returncode != 0
    assert "not understood" in done.stderr
    assert get(FQDN) == "000"


def test_a_panel_that_came_back_and_does_not_start_is_left_alone(guest: Guest) -> None:
    """After a restore nothing is delivered yet; what is there is the client's, not what a cut installer left."""
    site = f"/var/aegir/hostmaster/sites/{FQDN}"
    guest.ask(f"mkdir -p {site} /var/aegir/config/server_master; chown -R aegir: /var/aegir")
    guest.ask("mv /var/lib/vps/delivered /run/delivered")
    guest.ask(f"cat >{site}/drushrc.php", stdin="$options['db_name'] = 'panel';\n")
    guest.ask("touch /var/aegir/hostmaster/.vps-installed; mariadb -e 'CREATE DATABASE panel'")
    try:
        done = guest.run("/root/panel")
        assert (done.returncode, "this first boot did not make, and it does not start" in done.stderr) == (1, True)
        assert guest.ask("mariadb -Ne \"SHOW DATABASES LIKE 'panel'\"").strip() == "panel"
        guest.ask(f"test -s {site}/drushrc.php && test -d /var/aegir/config/server_master")
    finally:
        guest.ask("mv /run/delivered /var/lib/vps/delivered")


def test_an_empty_list_lets_everybody_in(guest: Guest, get: Callable[..., str]) -> None:
    """It is an answer, and not the flavour's default."""
    said = json.loads(guest.ask("cat /etc/vps/guest.json"))
    guest.ask("cat >/etc/vps/guest.json", stdin=json.dumps(said | {"panel": {"allow": [], "ssl_sites": []}}))
    guest.ask("/root/wall; systemctl reload nginx")
    guest.wait(lambda: get(FQDN) == "200", "nobody lets a stranger in", 60)
    assert get("site.example") == "200"
