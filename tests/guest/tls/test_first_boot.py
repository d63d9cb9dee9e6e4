"""From the fleet's declaration to a delivered guest whose page comes by https."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.domain.authorities import Authority as Declared
from components.guest.settings import acme
from tests.acme import Authority, Names
from tests.domain.sample import fleet
from tests.guest.tls.web_guest import ADDRESS, FQDN, SITE
from tests.guests import Guest, Wire
from tests.seeds import seed

pytestmark = pytest.mark.lab


def test_a_guest_is_delivered_with_what_its_names_allow(
    golden_tree: Path, wire: Wire, names: Names, authority: Authority, tmp_path: Path
) -> None:
    """The panel's name leads here and has its certificate; the client's DNS isn't set, which holds nothing up."""
    names.set(FQDN, ADDRESS)
    names.set(SITE)
    (tmp_path / "root.pem").write_text(authority.root)
    declared = Declared(directory=authority.directory, email="ops@hoster.example", ca=authority.ca)
    section = acme(replace(fleet(), authority=declared))
    with Guest(golden_tree, seed(acme=section), tmp_path / "guest", wire=wire) as guest:
        guest.wait_ready()
        page = ["curl", "--silent", "--fail", "--noproxy", "*", "--max-time", "30", "--cacert", f"{tmp_path}/root.pem"]
        done = wire.run([*page, "--resolve", f"{FQDN}:443:{ADDRESS}", f"https://{FQDN}/"])
        assert "Example Cooperative" in done.stdout, guest.ask("tail -n 20 /var/log/vps/firstboot.log")
        said = guest.run(
            'jq -r \'.checks[] | select(.name == "tls") | "\\(.state): \\(.message)"\' /run/vps/health.json'
        ).stdout
        assert said.startswith(f"degraded: {SITE}: no certificate, plain http only: its name is not in DNS yet")
        assert f"1 good: {FQDN}" in said
        assert guest.run("systemctl is-enabled vps-certificates.timer").stdout.strip() == "enabled"
