"""A bundle is made of what was proven, whole or not at all; every problem is told at once with source and mirror."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from components.bundles.build import copy
from components.bundles.errors import BundleError
from tests.bundles.standin import stand_in

ROOT = Path(__file__).resolve().parents[2]


def members(made):
    with tarfile.open(made.file) as archive:
        return {member.name: (member, archive.extractfile(member)) for member in archive.getmembers()}


def left(cache):
    return sorted(path.name for path in cache.iterdir() if path.name not in (".lock", "fetched"))


def test_every_source_lands_at_its_place_as_upstream_has_it(world):
    with tarfile.open(world.build().file) as archive:
        found = {member.name: member for member in archive.getmembers()}
        assert archive.extractfile("var/app/lib/index.php").read() == b"<?php // $Format:%H$\n"
        assert archive.extractfile("usr/local/bin/tool").read() == b"tool"
        assert archive.extractfile("opt/wheels/requirements.txt").read() == (world.folder / "pins.txt").read_bytes()
        described = json.load(archive.extractfile("manifest.json"))
    assert found["var/app/run"].mode == found["usr/local/bin/tool"].mode == 0o755
    assert found["var/app/now"].linkname == "lib/index.php"
    assert "opt/wheels/greet-1.0-py3-none-any.whl" in found
    assert {(one.uid, one.gid, one.uname, one.mtime) for one in found.values()} == {(0, 0, "", 946684800)}
    by_name = {row["name"]: row for row in described["sources"]}
    assert by_name["app"]["commit"] == world.commit
    assert by_name["app"]["licence"] == "GPL-2.0-or-later"
    assert by_name["venv"]["packages"] == ["greet==1.0"]


def test_the_same_sources_give_the_same_bytes_anywhere(world, tmp_path, monkeypatch):
    first = world.build()
    again = world.build()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another" / "folder"))
    moved = world.mirror.rename(tmp_path / "moved")
    os.umask(os.umask(0o077))
    elsewhere = world.build(moved)
    assert first.sha256 == again.sha256 == elsewhere.sha256
    assert first.file.read_bytes() == elsewhere.file.read_bytes()
    assert first.file.name == f"small-{first.sha256}.tar"


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_left(world, own_cache):
    shutil.rmtree(world.mirror / "github.com")
    (world.mirror / "files.example.org" / "tool.phar").write_bytes(b"another tool")
    shutil.rmtree(world.mirror / "python")
    (world.mirror / "python").mkdir()
    with pytest.raises(BundleError) as caught:
        world.build()
    text = str(caught.value)
    assert f"Unable to make the bundle small from the mirror {world.mirror}:" in text
    assert f"app: there is no repository {world.mirror}/github.com/example/app.git." in text
    assert "tool: " in text
    assert "is pinned." in text
    assert "venv: pip can't bring what pins.txt pins from" in text
    assert left(own_cache) == []


def test_a_pending_source_stops_a_bundle_with_its_reason(world):
    source = world.source("app")
    del source["git"]
    source["pending"] = {"url": "https://github.com/example/app", "reason": "No release speaks PHP 8.4 yet."}
    with pytest.raises(BundleError, match=r"app: .*is not pinned yet: No release speaks PHP 8\.4 yet\."):
        world.build()


def test_what_was_proven_once_is_not_fetched_again_but_proven_again(world, own_cache):
    first = world.build()
    shutil.move(world.mirror, world.mirror.with_name("gone"))
    world.mirror.mkdir()
    (world.mirror / "python").mkdir()
    assert world.build().sha256 == first.sha256
    (kept,) = [path for path in (own_cache / "fetched").iterdir() if path.is_file()]
    kept.write_bytes(b"changed")
    with pytest.raises(BundleError, match=r"tool: there is no file"):
        world.build()


def test_damaged_objects_that_were_kept_are_fetched_anew(world, own_cache):
    world.only("app")
    first = world.build()
    (kept,) = (own_cache / "fetched").glob("*.git")
    for file in [*kept.glob("objects/pack/*.pack"), *kept.glob("objects/??/*")]:
        file.chmod(0o644)
        file.write_bytes(b"rubbish" + file.read_bytes()[7:])
    assert world.build().sha256 == first.sha256


def test_two_sources_that_write_one_file_are_refused(world):
    world.source("tool")["to"] = "/var/app/run"
    with pytest.raises(BundleError, match=r"tool and app both write /var/app/run\."):
        world.build()


def test_a_source_may_lie_inside_another(world):
    world.source("tool")["to"] = "/var/app/lib/tool"
    assert "var/app/lib/tool" in members(world.build())


def test_a_killed_maker_leaves_nothing_that_the_next_one_trusts(world, own_cache):
    drafts = own_cache / ".new-killed"
    drafts.mkdir(parents=True)
    (drafts / "bundle.tar").write_bytes(b"half")
    made = world.build()
    assert left(own_cache) == sorted([made.file.name, made.file.with_suffix(".json").name])


def test_a_copy_appears_whole_or_not_at_all(world, tmp_path):
    made = world.build()
    target = tmp_path / "out" / "small.tar"
    with pytest.raises(BundleError, match="Unable to write"):
        copy(made, target)
    target.parent.mkdir()
    copy(made, target)
    assert target.read_bytes() == made.file.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["small.tar"]


@pytest.mark.lab
def test_a_full_disk_is_told_and_leaves_no_bundle(world, tmp_path):
    """On a real filesystem of 1 MiB, in a mount namespace of its own."""
    (world.mirror / "files.example.org" / "tool.phar").write_bytes(os.urandom(700_000))
    digest = subprocess.run(
        ["sha256sum", world.mirror / "files.example.org" / "tool.phar"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    world.source("tool")["file"]["sha256"] = digest
    world.only("tool")
    world.manifest()
    small = tmp_path / "small"
    small.mkdir()
    script = (
        'mount -t tmpfs -o size=1m none "$1" && export XDG_CACHE_HOME="$1" && '
        '"$2" image bundle "$3" --mirror "$4"; code=$?; find "$1" -name "small-*"; exit $code'
    )
    done = subprocess.run(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            script,
            "sh",
            small,
            Path(sys.executable).with_name("vps"),
            world.file,
            world.mirror,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert "error: Unable to make the bundle small" in done.stderr
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_stand_in_has_the_places_of_the_real_bundle(tmp_path):
    """For the tests of flavours: sources made here, everything else as the manifest says."""
    real = ROOT / "templates" / "flavours" / "backdrop" / "bundle-debian-12.yaml"
    sources = tmp_path / "sources"
    (sources / "bee").mkdir(parents=True)
    (sources / "bee" / "bee.php").write_text("<?php\n")
    (tmp_path / "work").mkdir()
    made = stand_in(real, sources, tmp_path / "work")
    found = members(made)
    assert "usr/local/share/bee/bee.php" in found
    assert "var/aegir/admin/web/modules/hosting/STAND-IN.txt" in found
    assert "opt/vps/wheels/stand_in_ansible-1.0-py3-none-any.whl" in found
