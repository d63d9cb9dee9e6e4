"""The row `guests`: what it says of the runs, and that the peer is the same guest with its packages yet to come."""

import hashlib
import subprocess
from dataclasses import replace

import pytest
import yaml

from components.config.loader import load as load_fleet
from components.images import cache, layers
from components.images.recipe import load
from components.lab.example import EXAMPLE, IMAGE
from tests.bench import guests, table
from tests.bench.bare import mirror, templates
from tests.bench.delivery import Delivery, Idle
from tests.bench.figures import Sample

SMALL = load_fleet(EXAMPLE).fleet.packages["small@2026-01"]
IDLE = Idle(
    memory_seen=1976,
    memory_used=300,
    memory_host=900,
    disk_seen=9.7,
    disk_used=1.5,
    disk_host=0.2,
    image_gib=0.3,
)


LIB = "usr/local/lib/vps"


def _laid(folders):
    """Files that end up in a guest: what lies in wait for the first boot counts as where it will lie."""
    files = {path.relative_to(folder) for folder in folders for path in folder.rglob("*") if path.is_file()}
    own = [path for path in files if path.is_relative_to(templates.PLACE)]
    put_off = {
        path.relative_to(f"{templates.PLACE}/overlay")
        for path in own
        if path.is_relative_to(f"{templates.PLACE}/overlay")
    }
    return {str(path) for path in (files - set(own)) | put_off}


def delivery(wall, *, is_done=True):
    return Delivery(sample=Sample(wall, wall / 2), is_done=is_done, last="VPS v: 05-packages")


def shown(ours, theirs):
    found = list(guests.deliveries(ours, theirs, "load 1 before, 2 after"))
    return table.text(found), table.status(found)


def test_five_times_faster_is_the_promise():
    text, status = shown(delivery(100.0), delivery(500.0))
    assert status == 0
    assert "5.0 times faster" in text
    assert "at least 5.0" not in text
    text, status = shown(delivery(100.0), delivery(490.0))
    assert status == table.OVER
    assert "OVER: 0.20" in text


def test_a_peer_that_was_cut_off_is_told_as_such():
    """What proves the promise proves it; what doesn't, doesn't."""
    text, status = shown(delivery(100.0), delivery(600.0, is_done=False))
    assert status == 0
    assert "at least 6.0 times faster" in text
    assert "cut off, not delivered after 600 s: VPS v: 05-packages" in text
    assert shown(delivery(200.0), delivery(600.0, is_done=False))[1] == table.OVER


def test_an_idle_guest_leaves_the_client_half_of_what_it_bought():
    sheet = guests.held(IDLE, SMALL)
    assert sheet.broken == ()
    assert ("memory that it uses (total - available)", "300 MiB", "2048 MiB", "15%") in sheet.rows
    assert ("disk that it uses", "1.50 GiB", "10 GiB", "15%") in sheet.rows
    greedy = guests.held(replace(IDLE, memory_used=1100, disk_used=6), SMALL)
    assert [words.partition(":")[0] for words in greedy.broken] == [
        "memory that it uses (total - available)",
        "disk that it uses",
    ]


def test_a_build_that_nobody_timed_is_not_given_a_time():
    entry = cache.Entry(
        name=IMAGE,
        sha256="0" * 64,
        bytes=300 << 20,
        virtual_gib=3,
        inputs="",
        built="2026-11-22",
        expires="2027-11-22",
        packages={"nginx": "1"},
    )
    known = guests.Built(entry=entry, seconds=181.2, told="load 1.0")
    sheet = guests.images([known, replace(known, seconds=None)])
    assert [row[1:4] for row in sheet.rows] == [("181 s", "300 MiB", "1"), ("not known", "300 MiB", "1")]


@pytest.mark.parametrize("name", [IMAGE, guests.AEGIR])
def test_the_peer_is_the_real_recipe_and_nothing_of_it_is_lost(tmp_path, name):
    """Packages and hooks, each in the image or at first boot; the same overlays and the same steps but one."""
    real = load(name)
    named, recipes = templates.lay(name, tmp_path, mirror.URL)
    bare = load(named, recipes=recipes)
    place = recipes / named / "overlay" / templates.PLACE
    later = (place / "packages").read_text().split()
    assert set(bare.all_packages()) | set(later) == set(real.all_packages())
    assert {"nginx", "mariadb-server"} <= set(later)
    assert set(bare.all_packages()).isdisjoint(later)
    hooks = [path.name for path in layers.scripts(bare.layers(), "hooks")]
    assert set(hooks) == templates.EARLY_HOOKS
    hooks += [path.name.split("-", 1)[1] for path in sorted((place / "hooks").iterdir())]
    assert sorted(hooks) == [path.name for path in layers.scripts(real.layers(), "hooks")]
    bare_files, real_files = (_laid(layers.overlays(one.layers())) for one in (bare, real))
    assert bare_files - real_files == {f"{LIB}/firstboot.d/{templates.STEP.name}"}
    assert real_files - bare_files == set()
    steps = {path.name for folder in layers.overlays(bare.layers()) for path in folder.glob(f"{LIB}/firstboot.d/*")}
    assert min(steps) == templates.STEP.name
    assert yaml.safe_load((recipes / named / "recipe.yaml").read_text())["suite"] == real.suite


def test_a_mirror_lists_its_packages(tmp_path):
    control = tmp_path / "tree" / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text("Package: thing\nVersion: 1:2\nArchitecture: all\nMaintainer: A <a@b>\nDescription: A thing\n")
    (tmp_path / "pool").mkdir()
    deb = tmp_path / "pool" / "thing.deb"
    subprocess.run(["dpkg-deb", "--build", control.parents[1], deb], check=True, timeout=60, capture_output=True)
    assert mirror.index(tmp_path) == 1
    fields = dict(line.split(": ", 1) for line in (tmp_path / "Packages").read_text().splitlines())
    assert (fields["Package"], fields["Version"]) == ("thing", "1:2")
    assert (tmp_path / fields["Filename"]).is_file()
    assert fields["SHA256"] == hashlib.sha256(deb.read_bytes()).hexdigest()
