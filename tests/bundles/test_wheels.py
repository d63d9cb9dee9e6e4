"""Wheels are the pinned ones, for the guest's Python, from the mirror's folder or from pip's own set-up."""

import subprocess
import sys

import pytest

from components.bundles import wheels
from components.bundles.errors import BundleError
from components.bundles.mirror import Mirror
from tests.bundles.conftest import sha256
from tests.bundles.standin import wheel


@pytest.fixture
def own_pip(monkeypatch):
    """No package index is set up on this machine, so pip asks nobody."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return monkeypatch


def take(world, mirror, into):
    into.mkdir()
    wheels.fetch(world.folder / "pins.txt", "3.11", "2.36", mirror, into)
    return sorted(path.name for path in into.iterdir())


def test_a_mirrors_wheels_are_taken_and_nobody_elses(world, tmp_path, own_pip):
    own_pip.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    own_pip.delenv("PIP_NO_INDEX")
    assert take(world, Mirror(str(world.mirror)), tmp_path / "a") == ["greet-1.0-py3-none-any.whl"]


def test_a_mirror_at_an_address_has_them_too(world, web, tmp_path, own_pip):
    assert take(world, Mirror(web.url), tmp_path / "a") == ["greet-1.0-py3-none-any.whl"]


def test_without_wheels_in_the_mirror_pips_own_set_up_counts(world, tmp_path, own_pip):
    moved = (world.mirror / "python").rename(tmp_path / "elsewhere")
    mirror = Mirror(str(world.mirror))
    assert wheels.where(mirror) == ("the package index that pip on this machine is set up with", "")
    with pytest.raises(BundleError, match=r"pip can't bring what pins\.txt pins from the package index"):
        take(world, mirror, tmp_path / "a")
    own_pip.setenv("PIP_FIND_LINKS", str(moved))
    assert take(world, mirror, tmp_path / "b") == ["greet-1.0-py3-none-any.whl"]


def test_a_wheel_with_other_bytes_is_refused(world, tmp_path, own_pip):
    (world.mirror / "python" / "greet-1.0-py3-none-any.whl").unlink()
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "greet.py").write_text("import os\n")
    wheel(tmp_path / "evil", "greet", world.mirror / "python")
    with pytest.raises(BundleError, match=r"pip can't bring what pins\.txt pins.*"):
        take(world, Mirror(str(world.mirror)), tmp_path / "a")


def test_only_one_hash_a_wheel_is_a_pin(tmp_path):
    file = tmp_path / "pins.txt"
    one, two = "a" * 64, "b" * 64
    file.write_text(
        f"# remark\na==1.0 \\\n    --hash=sha256:{one}\nb==1.0 --hash=sha256:{one} --hash=sha256:{two}\n"
        f"c>=1.0 --hash=sha256:{one}\nd==1.0\n--no-binary :all:\nA==2.0 --hash=sha256:{two}\n"
    )
    with pytest.raises(BundleError) as caught:
        wheels.pins(file)
    numbers = [int(line.split(f"{file}:")[1].split(":")[0]) for line in str(caught.value).splitlines()[1:]]
    assert numbers == [4, 5, 6, 7, 8]
    assert "A is pinned twice" in str(caught.value)


def test_an_empty_file_pins_nothing(tmp_path):
    (tmp_path / "pins.txt").write_text("# nothing\n")
    with pytest.raises(BundleError, match="names no package"):
        wheels.pins(tmp_path / "pins.txt")


def test_platforms_are_those_of_the_guests_library():
    tags = wheels.platforms("2.36")
    assert tags[0] == "manylinux_2_36_x86_64"
    assert {"manylinux_2_17_x86_64", "manylinux2014_x86_64", "any"} <= set(tags)
    assert "manylinux_2_37_x86_64" not in tags


def test_pip_installs_from_them_offline_by_their_hashes(world, tmp_path, own_pip):
    """What the image build does with a bundle's wheels."""
    take(world, Mirror(str(world.mirror)), tmp_path / "a")
    tree = wheels.tree(world.folder / "pins.txt", tmp_path / "a")
    out = tmp_path / "out"
    out.mkdir()
    for entry, data in zip(tree.entries, tree.contents(), strict=True):
        (out / entry.path).write_bytes(data)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", out, "--require-hashes"]
    subprocess.run([*command, "--target", tmp_path / "venv", "-r", out / wheels.REQUIREMENTS], check=True, timeout=120)
    assert (tmp_path / "venv" / "greet.py").is_file()
    assert tree.facts["packages"] == ["greet==1.0"]


def test_kept_wheels_are_looked_at_again(world, tmp_path, own_pip):
    take(world, Mirror(str(world.mirror)), tmp_path / "a")
    pins = wheels.pins(world.folder / "pins.txt")
    assert wheels.are_intact(tmp_path / "a", pins)
    (tmp_path / "a" / "more.whl").write_bytes(b"more")
    assert not wheels.are_intact(tmp_path / "a", pins)
    assert sha256(b"more") not in pins.values()
