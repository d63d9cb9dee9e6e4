"""A tree of Debian loses what names a machine."""

import os

import pytest

from components.images import debian, recipe
from components.images.errors import ImageError
from components.images.steps import Steps

TRACES = (
    "etc/ssh/ssh_host_rsa_key",
    "etc/ssh/ssh_host_rsa_key.pub",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/apt/lists/mirror_dists_trixie_InRelease",
    "var/lib/apt/lists/partial/x",
    "var/cache/apt/pkgcache.bin",
    "var/log/apt/history.log",
    "var/log/dpkg.log",
    "var/log/nginx/access.log",
    "etc/passwd-",
    "tmp/left",
)
KEPT = ("etc/ssh/sshd_config", "var/log/nginx/keep", "etc/passwd", "var/lib/dbus/other")


@pytest.fixture
def root(tmp_path):
    for name in TRACES + KEPT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "etc" / "machine-id").write_text("uninitialized\n")
    (tmp_path / "etc" / "hostname").write_text("builder\n")
    return tmp_path


def test_scrubbing_takes_the_traces_and_no_more(root):
    assert len(debian.leftovers(root)) >= len(TRACES) - 1
    debian.scrub(root)
    assert debian.leftovers(root) == []
    assert [name for name in TRACES if (root / name).exists()] == []
    assert [name for name in KEPT if not (root / name).exists()] == []
    assert (root / "etc" / "machine-id").read_text() == ""
    assert (root / "etc" / "hostname").read_text() == "localhost\n"


def test_an_open_password_is_named(root):
    (root / "etc" / "shadow").write_text("root:!*:1::::::\nops:$y$x:1::::::\nnobody::1::::::\nwww:*:1::::::\n")
    assert debian.passwords(root) == ["ops", "nobody"]


def test_packages_are_those_that_are_installed(root):
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(
        "Package: nginx\nStatus: install ok installed\nDescription: web: server\n more: text\nVersion: 1.26.3-3\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
    )
    assert debian.packages(root) == {"nginx": "1.26.3-3"}


def test_only_root_can_build_a_whole_system(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    steps = Steps("base-debian-13", tmp_path / "log", lambda line: None)
    with pytest.raises(ImageError, match=r"only root.*sudo vps image build base-debian-13"):
        debian.tree(steps, recipe.load("base-debian-13"), tmp_path, "uuid")
    assert not (tmp_path / "root").exists()
