import os
import subprocess
from pathlib import Path

import pytest

from components.lab import libvirtd
from components.lab.command import call
from components.lab.places import Places

pytestmark = pytest.mark.lab


def virsh(lab, *arguments):
    return call(["virsh", "-q", "-c", lab.uri, *arguments], what="Unable to ask the lab")


def test_host_has_its_own_name_and_an_identity_that_stays(lab):
    assert virsh(lab, "hostname").strip() == lab.name
    assert f"<uuid>{lab.places.host_uuid}</uuid>" in virsh(lab, "capabilities")


def test_libvirt_advertises_what_really_runs(lab):
    """A driver learns the domain type from the capabilities, like on any host."""
    offered = "<domain type='kvm'/>" in virsh(lab, "capabilities")
    assert offered == (lab.status().acceleration == "kvm")


def test_pid_file_counts_only_with_the_labs_own_daemon_behind_it(tmp_path, monkeypatch, lab):
    assert libvirtd.running(lab.places) == lab.status().pid
    monkeypatch.setattr("components.lab.places.RUN", tmp_path)
    other = Places(lab.name)
    other.run.mkdir()
    assert libvirtd.running(other) == 0
    for text in ("", "x", "1", "0", "-1", str(2**22 + 1), str(os.getpid())):
        (other.run / "libvirtd.pid").write_text(text)
        assert libvirtd.running(other) == 0


def test_libvirtd_of_another_namespace_is_not_ours(tmp_path, monkeypatch, lab):
    pid = libvirtd.running(lab.places)
    monkeypatch.setattr("components.lab.places.RUN", tmp_path)
    other = Places("other")
    other.run.mkdir()
    (other.run / "libvirtd.pid").write_text(str(pid))
    assert libvirtd.running(other) == 0


def test_daemons_hold_nothing_of_the_callers_environment(lab):
    said = Path(f"/proc/{lab.status().pid}/environ").read_text()
    assert {entry.split("=")[0] for entry in said.split("\0") if entry} <= {"PATH", "LANG", "HOME", "PWD", "OLDPWD"}


def test_only_root_may_use_the_socket(lab):
    assert lab.places.socket.stat().st_mode & 0o777 == 0o700
    assert libvirtd.answers(lab.places)


def test_stock_filters_are_there(lab):
    assert "clean-traffic" in virsh(lab, "nwfilter-list")
    assert subprocess.run(["ls", "/etc/libvirt/nwfilter"], capture_output=True, check=True).stdout
