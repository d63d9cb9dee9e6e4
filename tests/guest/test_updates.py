"""What a guest knows of updates: where they come from, what is installed, what waits, and what is told of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guests import Guest
from tests.seeds import seed

pytestmark = pytest.mark.lab

LIB = "/usr/local/lib/vps"


@pytest.fixture(scope="module")
def guest(golden_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """On, and told who it is: no service is asked for more."""
    with Guest(golden_tree, seed(), tmp_path_factory.mktemp("guest")) as guest:
        guest.wait(lambda: guest.file("/etc/vps/guest.json").exists(), "no settings")
        yield guest


def test_updates_come_from_the_security_archive_alone(guest: Guest) -> None:
    told = guest.ask("apt-config dump --format '%f=%v%n'")
    allowed = re.findall(r"^Unattended-Upgrade::(?:Origins-Pattern|Allowed-Origins)::?=(.+)$", told, re.MULTILINE)
    assert allowed == [
        "origin=Debian,codename=${distro_codename},label=Debian-Security",
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security",
    ]
    values = dict(line.partition("=")[::2] for line in told.splitlines())
    assert values["Unattended-Upgrade::Automatic-Reboot"] == "false"
    assert values["APT::Periodic::Unattended-Upgrade"] == "1"
    assert any(re.match(pattern, "aegir3-hostmaster") for pattern in re.findall(r"Blacklist::?=(.+)", told))
    guest.ask("systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer vps-updates.timer")
    # The tool itself understands it.
    guest.ask("unattended-upgrade --dry-run", timeout=300)


JUDGE = """
our %nrconf;
do "/etc/needrestart/needrestart.conf";
die $@ if $@;
print "$nrconf{restart}\\n";
for my $unit (@ARGV) {
    my $stays = grep { $unit =~ /$_/ && !$nrconf{override_rc}{$_} } keys %{$nrconf{override_rc}};
    print $unit, $stays ? " stays\\n" : " restarts\\n";
}
"""
"""needrestart's configuration is a program: it is run, as needrestart does, and asked."""


def test_needrestart_spares_what_must_not_bounce(guest: Guest) -> None:
    stays = ["mariadb.service", "hosting-queued.service", "vps-firstboot.service"]
    restarts = ["nginx.service", "php8.4-fpm.service"]
    told = guest.ask(f"perl - {' '.join(stays + restarts)}", stdin=JUDGE).splitlines()
    assert told == ["a", *(f"{unit} stays" for unit in stays), *(f"{unit} restarts" for unit in restarts)]


def test_what_is_installed_and_newer_is_reported(guest: Guest) -> None:
    guest.ask(f"{LIB}/updates", timeout=300)
    said = json.loads(guest.ask(f"{LIB}/report"))["updates"]
    classes = {one["id"]: one for one in said["classes"]}
    assert set(classes) == {"UPD-1", "UPD-2", "UPD-3", "UPD-4"}
    parts = {part["name"]: part for part in classes["UPD-1"]["parts"]}
    assert {"nginx", "mariadb-server", "openssl", "base-files"} <= set(parts)
    assert any(name.startswith("linux-image-") for name in parts)
    for part in parts.values():
        assert part["installed"]
        assert part["newest"]
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", part["updated"])
    assert said["reboot_pending"] is False


def test_what_was_baked_is_reported_by_its_class(guest: Guest) -> None:
    """A bundle's sources: the commit, the day it was released, and honestly nothing of what is newer."""
    sources = [{"name": name, "commit": f"{name:0<40}", "date": "2026-01-02"} for name in ("core", "queue", "other")]
    guest.ask("cat >/run/manifest.json", stdin=json.dumps({"schema": 1, "name": "shop", "sources": sources}))
    guest.ask("cat >/run/flavour.json", stdin=json.dumps({"updates": {"core": ["core"], "modules": ["queue"]}}))
    paths = "VPS_BUNDLE=/run/manifest.json VPS_FLAVOUR=/run/flavour.json VPS_UPDATES=/run/updates.json"
    guest.ask(f"{paths} {LIB}/updates", timeout=300)
    classes = {one["id"]: one["parts"] for one in json.loads(guest.ask("cat /run/updates.json"))["classes"]}
    assert [part["name"] for part in classes["UPD-2"]] == ["core"]
    assert [part["name"] for part in classes["UPD-3"]] == ["queue"]
    assert classes["UPD-4"] == []
    part = classes["UPD-2"][0]
    assert (part["installed"], part["released"], part["newest"]) == (f"{'core':0<40}", "2026-01-02", None)
    assert part["updated"]


def test_a_reboot_that_waits_is_reported_with_its_reason(guest: Guest) -> None:
    guest.ask("touch /run/reboot-required; echo linux-image-9.9-cloud-amd64 >/run/reboot-required.pkgs")
    try:
        guest.ask(f"{LIB}/updates", timeout=300)
        said = json.loads(guest.ask(f"{LIB}/report"))["updates"]
        assert (said["reboot_pending"], said["reboot_why"]) == (True, ["linux-image-9.9-cloud-amd64"])
        told = guest.run(f"{LIB}/health.d/updates")
        assert told.returncode == 2
        assert "linux-image-9.9" in told.stdout
    finally:
        guest.ask("rm -f /run/reboot-required /run/reboot-required.pkgs")


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ("", 0, "come tonight"),
        ('.at = "2020-01-01T00:00:00Z"', 1, "vps-updates.timer"),
        (".lists_at = null", 1, "out of reach"),
        ('.security = ["nginx"] | .security_since = "2020-01-01T00:00:00Z"', 1, "nginx"),
        ('.nightly.trouble = "ERROR dpkg returned an error"', 2, "dpkg returned an error"),
    ],
)
def test_updates_that_stay_away_are_told(guest: Guest, change: str, code: int, word: str) -> None:
    """Days after delivery, which is when it counts."""
    now = guest.ask("date -u +%Y-%m-%dT%H:%M:%SZ").strip()
    good = {"schema": 1, "at": now, "lists_at": now, "security": [], "reboot_pending": False, "nightly": {"ran": now}}
    guest.ask(f"jq '{change or '.'}' >/run/said.json", stdin=json.dumps(good))
    guest.ask("mkdir -p /run/state && touch -d '30 days ago' /run/state/delivered")
    told = guest.run(f"VPS_STATE=/run/state VPS_UPDATES=/run/said.json {LIB}/health.d/updates")
    assert (told.returncode, word in told.stdout) == (code, True), told.stdout
