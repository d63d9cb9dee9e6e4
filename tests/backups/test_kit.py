"""The target's kit: one script that makes a machine the target, and brings it up to date when run again."""

import subprocess
from pathlib import Path

import pytest

from components.backups.kit import SOURCES, installer, settings
from components.domain.backups import Place
from tests.backups.target_host import PLACE, TargetHost

EVIL = Place(user="vps-backups", host="h", port=22, path="/srv/it's")


@pytest.mark.lab
def test_scripts_are_sound(tmp_path: Path) -> None:
    (tmp_path / "installer").write_text(installer(PLACE))
    scripts = [str(SOURCES / "serve"), str(SOURCES / "admin"), str(tmp_path / "installer")]
    done = subprocess.run(["shellcheck", "--shell=sh", *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_value_is_never_shell_text() -> None:
    said = subprocess.run(
        ["sh", "-c", f'{settings(EVIL)}\nprintf %s "$folder"'], capture_output=True, text=True, check=True
    )
    assert said.stdout == "/srv/it's"


@pytest.mark.lab
def test_run_again_it_changes_nothing(host: TargetHost) -> None:
    look = "ls -lR --full-time /etc/vps-backups /usr/local/lib/vps-backups /etc/ssh/sshd_config.d; id vps-backups"
    before = host.run(look).stdout
    again = host.run("sh -s", stdin=installer(PLACE, 1024).encode())
    assert again.returncode == 0, again.stderr
    assert b"wrote" not in again.stdout
    assert b"Its host key, for fleet.yaml: ssh-ed25519 AAAA" in again.stdout
    assert host.run(look).stdout == before


@pytest.mark.lab
def test_nobody_but_root_changes_who_may_write(host: TargetHost) -> None:
    """The account that serves guests owns neither the keys nor the programs."""
    for path in ("/etc/vps-backups/authorized_keys", "/usr/local/lib/vps-backups/serve", "/etc/vps-backups/keys/x.pub"):
        done = host.run(f"runuser -u {PLACE.user} -- sh -c 'echo >>{path}'")
        assert done.returncode, path
    effective = host.run(f"sshd -T -C user={PLACE.user},host=x,addr=192.0.2.10").stdout.decode()
    for line in ("permittty no", "disableforwarding yes", "authorizedkeysfile /etc/vps-backups/authorized_keys"):
        assert line in effective.splitlines()
