"""What each flavour's first boot fixed for good, and what follows a setting declared anew: by its steps' heads."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.cloudinit.contract import TEMPLATES
from components.drivers.guest import Said
from components.guest import handover
from components.guest.handover import differences
from tests.seeds import VPS

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("flavour", "fixed", "again"),
    [
        ("base", set(), ["10-name", "30-mail", "50-page", "70-tls"]),
        ("backdrop", {"fqdn", "hostname", "admin"}, ["30-mail"]),
        ("aegir3", {"fqdn", "hostname", "admin"}, ["30-mail", "40-aegir3-wall"]),
    ],
)
def test_what_a_panel_was_made_with_stays(tmp_path: Path, flavour: str, fixed: set[str], again: list[str]) -> None:
    """By the heads of each flavour's own steps, which do nothing here; without a guest."""
    scripts = tmp_path / "lib"
    for layer in (TEMPLATES / "guest", TEMPLATES / "flavours" / flavour):
        shutil.copytree(layer / "overlay/usr/local/lib/vps", scripts, dirs_exist_ok=True)
    for step in (scripts / "firstboot.d").iterdir():
        step.write_text("\n".join([*step.read_text().splitlines()[:6], "exit 0"]))
    there = {"uuid": "u", "vps": VPS, **whole("web1.coop.example"), "reinstall": 0}
    (tmp_path / "guest.json").write_text(json.dumps(there))
    (tmp_path / "state").mkdir()
    (tmp_path / "state/delivered").touch()
    places = {"LIB": scripts, "SETTINGS": tmp_path / "guest.json", "STATE": tmp_path / "state", "RUN": tmp_path / "run"}
    anew = whole("shop.coop.example") | {"smarthost": "192.0.2.2", "options": {"sites_open": True}}
    done = subprocess.run(
        [scripts / "settings", "set"],
        input=handover.order(anew, uuid="u", vps=VPS),
        env={f"VPS_{name}": str(path) for name, path in places.items()} | {"VPS_SETTINGS_LOG": str(tmp_path / "log")},
        capture_output=True,
        timeout=120,
        check=False,
    )
    said = handover.parse(Said(code=done.returncode, out=done.stdout, err=done.stderr))
    assert (set(said.fixed), [one.step for one in said.ran], said.pending) == (fixed, again, ())
    assert {one.key.partition(".")[0] for one in differences(anew, said)} == fixed
    assert all(one.stays for one in differences(anew, said))


def whole(fqdn: str) -> dict[str, Any]:
    found = dict.fromkeys(("acme", "backup")) | {"panel": {"allow": None, "ssl_sites": []}, "options": {}}
    texts = dict.fromkeys(("client_name", "email", "label", "smarthost"), "")
    names = {"fqdn": fqdn, "hostname": fqdn.partition(".")[0], "admin": {"name": fqdn, "email": ""}}
    return {**found, **texts, **names, "maintenance": {}}
