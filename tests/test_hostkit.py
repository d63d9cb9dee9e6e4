"""The host kit as an installer, in a mount namespace of its own: what it writes, and that it can be run again."""

import subprocess
from pathlib import Path

import pytest

from components.hostkit import HOOK, KEEP, UNITS, files, installer

pytestmark = pytest.mark.lab

SYSTEMCTL = """#!/bin/sh
case $* in *try-restart*) [ -e /run/works ] || { echo cut; exit 1; } ;; esac
echo "systemctl $*"
"""


def test_the_hook_says_yes_where_the_kit_is_not() -> None:
    """A host without the program starts its guests."""
    text = files()[HOOK]
    done = subprocess.run(["sh", "-s", "x", "prepare", "begin"], input=text, text=True, check=False, timeout=20)
    assert done.returncode == 0


def test_the_installer_writes_what_is_missing_and_nothing_twice(tmp_path: Path) -> None:
    """In a mount namespace of its own, where systemd does not run."""
    script = tmp_path / "install.sh"
    script.write_text(installer(7))
    shown = f"find {KEEP} {HOOK.parent} {UNITS} -type f; cat {KEEP}/settings"
    folders = " ".join(str(path) for path in (KEEP, HOOK.parents[1], UNITS))
    alone = f"""mkdir -p {folders}
sh {script}; echo AGAIN; echo hold_minutes=9 >{KEEP}/settings; sh {script}; {shown}"""
    done = _alone(alone)
    assert done.returncode == 0, done.stderr
    first, _, again = done.stdout.partition("AGAIN\n")
    assert all(f"wrote {path}\n" in first for path in files())
    assert "wrote" not in again
    assert all(f"{path}\n" in again for path in files())
    assert again.endswith("hold_minutes=9\n"), "what an operator set stays"


def test_an_installer_that_was_cut_does_the_rest_when_it_is_run_again(tmp_path: Path) -> None:
    """A libvirtd that was not restarted never calls the hooks. systemd, which does not run here, is stood in for."""
    done = _installed(tmp_path, "test:///default", "touch /run/works; sh $script; echo AGAIN; sh $script")
    assert done.returncode == 0, done.stdout + done.stderr
    cut, _, rest = done.stdout.partition("AFTER THE CUT\n")
    assert "cut" in cut
    first, _, again = rest.partition("AGAIN\n")
    assert "try-restart libvirtd" in first
    assert "try-restart" not in again, "guests go on, but nobody restarts libvirtd for nothing"


def test_an_installer_that_can_not_ask_what_is_down_starts_nothing(tmp_path: Path) -> None:
    """It would start what its client shut down."""
    done = _installed(tmp_path, "qemu:///system?socket=/nowhere", "sh $script")
    assert done.returncode != 0
    assert "libvirtd does not answer" in done.stdout
    assert "systemctl enable" not in done.stdout


def _installed(folder: Path, connect: str, then: str) -> subprocess.CompletedProcess[str]:
    """Run the installer alone, where systemd seems to run; it fails once, then `then`."""
    script, tools = folder / "install.sh", folder / "bin"
    script.write_text(installer())
    tools.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    alone = f"""script={script}; PATH={tools}:$PATH
mkdir -p {KEEP} {HOOK.parents[1]} {UNITS} /run/systemd/system
echo 'connect="{connect}"' >{KEEP}/settings
sh $script || true; echo 'AFTER THE CUT'; {then}"""
    return _alone(alone)


def _alone(script: str) -> subprocess.CompletedProcess[str]:
    """Run it in a mount namespace of its own, on an empty /var/lib, /etc and /run."""
    empty = 'for folder in /var/lib /etc /run; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done'
    command = ["unshare", "--mount", "sh", "-c", f"set -e; {empty}\n{script}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
