"""A delivered guest with sites, whose settings a test declares anew: no seed, nothing left of the test before."""

import json
from pathlib import Path

from components.cloudinit import Rendered
from tests.acme import Authority
from tests.guests import Guest, Wire

FQDN, SITE = "web1.coop.example", "www.coop.example"
ADDRESS, ADDRESS6 = "192.0.2.10", "2001:db8:1::10"
MAC = "02:00:00:00:00:10"
LIB = "/usr/local/lib/vps"
CERTS = "/var/lib/dehydrated/vps"
SERVED = "/var/lib/dehydrated/certs"
OVERLAYS = [Path(__file__).resolve().parents[3] / "templates" / part / "overlay" for part in ("guest", "flavours/base")]
NETWORK = f"""\
[Match]
MACAddress={MAC}
[Network]
Address={ADDRESS}/24
Address={ADDRESS6}/64
IPv6AcceptRA=no
DNS=192.0.2.1
"""
CLOCK = """\
#!/bin/sh
# Every step of ours reads the clock by `date`: this one is wrong by what the test says.
off=$(cat /run/clock-off 2>/dev/null || echo 0)
for word; do
    case $word in -d | -d* | --date* | -r) exec /usr/bin/date "$@" ;; esac
done
exec /usr/bin/date -d "$off seconds" "$@"
"""


def web_guest(tree: Path, folder: Path, wire: Wire) -> Guest:
    """Off; with what stands in the templates now, whatever the image was built of."""
    network = json.dumps({"ethernets": {"n0": {"match": {"macaddress": MAC}}}})
    guest = Guest(tree, Rendered(user_data="", meta_data="", network_config=network), folder, wire=wire)
    for overlay in OVERLAYS:
        for file in overlay.rglob("*"):
            if file.is_file():
                guest.write(str(file.relative_to(overlay)), file.read_text(), file.stat().st_mode & 0o777)
    guest.write("etc/systemd/network/10-n0.network", NETWORK)
    guest.write("etc/hosts", f"127.0.0.1 localhost\n{ADDRESS} {FQDN} web1\n")
    guest.write("etc/cloud/cloud-init.disabled", "")
    guest.write("var/lib/vps/delivered", "2026-11-22T00:00:00Z\n")
    guest.write("var/www/html/index.html", "<h1>web1</h1>\n")
    guest.write("usr/local/bin/date", CLOCK, 0o755)
    return guest


def settle(guest: Guest, authority: Authority | None, sites: tuple[str, ...] = (SITE,), **acme: object) -> None:
    """Declare this, as if nothing had been before; the authority's CA is trusted unless `acme` says otherwise."""
    guest.ask(
        f"systemctl stop vps-certificates.timer; rm -rf {CERTS} {SERVED} /run/clock-off;"
        "rm -f /etc/nginx/conf.d/vps-sites.conf /etc/nginx/snippets/vps-hsts.conf && systemctl reload nginx"
    )
    declare(guest, authority, sites, **acme)


def declare(guest: Guest, authority: Authority | None, sites: tuple[str, ...] = (SITE,), **acme: object) -> None:
    """Change what is declared; what was got stays."""
    section = None
    if authority:
        section = {"directory": authority.directory, "email": "ops@hoster.example", "staging": False, "hsts_days": 0}
        section |= {"ca": authority.ca} if "ca" not in acme else {}
        section |= acme
    settings = {"schema": 1, "vps": "v-h3k9", "fqdn": FQDN, "addresses": [ADDRESS, ADDRESS6], "acme": section}
    settings["panel"] = {"allow": [], "ssl_sites": list(sites)}
    guest.ask("mkdir -p /etc/vps && cat >/etc/vps/guest.json", stdin=json.dumps(settings))


def certificates(guest: Guest, *words: str, code: int) -> str:
    """Run the keeper of certificates, which must end with `code`; what it said."""
    done = guest.run(f"{LIB}/certificates {' '.join(words)}", timeout=600)
    told = guest.run(f"tail -n 20 {CERTS}/*/said").stdout if done.returncode != code else ""
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}{told}"
    return done.stdout


def health(guest: Guest) -> tuple[int, str]:
    """What the check says: exit code and words."""
    done = guest.run(f"{LIB}/health.d/tls")
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    return done.returncode, done.stdout.strip()


def known(guest: Guest, name: str) -> dict[str, object]:
    """What the report says of a name."""
    found = json.loads(guest.ask(f"{LIB}/report.d/certificates"))
    return next(site for site in found["sites"] if site["name"] == name)  # type: ignore[no-any-return]


def fingerprint(guest: Guest, name: str) -> str:
    """Which certificate a visitor is shown for a name, or nothing."""
    shown = f"openssl s_client -connect {ADDRESS}:443 -servername {name} </dev/null 2>/dev/null"
    return guest.run(f"{shown} | openssl x509 -noout -fingerprint -sha256").stdout.strip()


def clock(guest: Guest, seconds: int) -> None:
    """From now on the guest's clock is off by so much."""
    guest.ask(f"echo {seconds} >/run/clock-off")
