"""An image is built when it must be, recorded when it is there, and a failing build leaves its log."""

import io
import json
import os
import shutil
import tarfile

import pytest

from components.bundles import cache as bundles
from components.bundles.manifest import load
from components.images import cache, lock, recipe
from components.images.build import build
from components.images.errors import ImageError
from tests.images.test_cache import put
from tests.images.test_disk import BOOT

PINNED = """\
name: shop
sources:
  - name: app
    licence: MIT
    to: /var/app
    git: {url: https://github.com/example/app, commit: a123456789012345678901234567890123456789}
"""
UNREACHABLE = "apt: {archive: http://127.0.0.1:9/debian, security: http://127.0.0.1:9/security}\n"


@pytest.fixture
def said():
    return []


@pytest.fixture
def cached(own_cache, recipes):
    """An image in the cache, made from what the recipe says now."""
    return put(own_cache, inputs=recipe.load("small", recipes=recipes).inputs())


def test_a_cached_image_of_the_same_inputs_is_recorded(cached, recipes, fleet, said):
    image = build("small", fleet, said.append, recipes=recipes)
    assert image == cached.image()
    assert lock.locked(fleet) == {"small": image}
    assert said == [
        f"small: cached and unchanged ({cached.sha256[:12]}…)",
        f"small: recorded in {fleet / 'images.lock.yaml'}",
    ]


def test_a_second_run_changes_nothing(cached, recipes, fleet, said):
    build("small", fleet, recipes=recipes)
    before = (fleet / "images.lock.yaml").stat().st_mtime_ns
    build("small", fleet, said.append, recipes=recipes)
    assert (fleet / "images.lock.yaml").stat().st_mtime_ns == before
    assert said == [f"small: cached and unchanged ({cached.sha256[:12]}…)"]


def test_the_locked_image_wins_over_a_newer_one_of_the_same_inputs(own_cache, cached, recipes, fleet):
    build("small", fleet, recipes=recipes)
    newer = put(own_cache, data=b"other", inputs=cached.inputs)
    os.utime(own_cache / f"{newer.sha256}.json")
    assert build("small", fleet, recipes=recipes).sha256 == cached.sha256


def test_changed_inputs_ask_for_a_build_that_leaves_only_its_log(cached, own_cache, recipes, fleet, said):
    build("small", fleet, recipes=recipes)
    locked = (fleet / "images.lock.yaml").read_text()
    (fleet / "fleet.yaml").write_text(UNREACHABLE)
    before = {path.name for path in own_cache.iterdir()}
    with pytest.raises(ImageError) as caught:
        build("small", fleet, said.append, recipes=recipes)
    assert "the step 'package lists' ended with exit code" in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert str(own_cache / "small.log") in str(caught.value)
    assert {path.name for path in own_cache.iterdir()} - before == {"small.log"}
    assert (fleet / "images.lock.yaml").read_text() == locked
    assert said == ["small: package lists … [0 s]"]


def test_bytes_that_rotted_are_not_trusted_when_asked(cached, own_cache, recipes, fleet):
    build("small", fleet, recipes=recipes)
    file = cache.path(cached.sha256)
    stamp = file.stat().st_mtime_ns
    file.write_bytes(b"imagf")
    os.utime(file, ns=(stamp, stamp))
    assert build("small", fleet, recipes=recipes).sha256 == cached.sha256
    (recipes / "small" / "recipe.yaml").write_text(
        (recipes / "small" / "recipe.yaml").read_text().replace("busybox-static", "no-such-package")
    )
    with pytest.raises(ImageError):
        build("small", fleet, recipes=recipes, verify_bytes=True)


def test_what_a_killed_build_left_is_swept(own_cache, recipes, fleet):
    stale = own_cache / ".building-other"
    stale.mkdir()
    (stale / "disk.raw").write_text("x")
    (fleet / "fleet.yaml").write_text(UNREACHABLE)
    with pytest.raises(ImageError):
        build("small", fleet, lambda line: None, recipes=recipes)
    assert not stale.exists()


def test_a_full_disk_is_told_before_the_build(own_cache, recipes, fleet, monkeypatch):
    monkeypatch.setattr("components.images.build._NEEDED_BYTES", {"busybox": 1 << 62})
    with pytest.raises(ImageError, match=r"GiB are free\. Make room"):
        build("small", fleet, recipes=recipes)
    assert not (own_cache / "small.log").exists()


def test_a_missing_fleet_and_a_broken_lock_file_stop_before_the_build(own_cache, recipes, fleet, said):
    with pytest.raises(ImageError, match="no fleet folder"):
        build("small", fleet / "none", said.append, recipes=recipes)
    (fleet / "images.lock.yaml").write_text("images: [\n")
    with pytest.raises(ImageError, match="Unable to read"):
        build("small", fleet, said.append, recipes=recipes)
    assert said == []


@pytest.fixture
def made(recipes, monkeypatch):
    """Files of the tree that the recipe `small` makes; the build after it is the real one, only packages are not."""
    files = {
        "boot/grub/grub.cfg": "",
        "etc/machine-id": "",
        "etc/shadow": "root:!*:1::::::\nwww-data:*:1::::::\n",
        "var/lib/dpkg/status": "Package: base-files\nStatus: install ok installed\nVersion: 13\n",
    }

    def tree(steps, wanted, work, root_uuid, bundle):
        for name, text in files.items():
            (work / "root" / name).parent.mkdir(parents=True, exist_ok=True)
            (work / "root" / name).write_text(text() if callable(text) else text)
        (work / "boot.img").write_bytes(BOOT)
        (work / "core.img").write_bytes(b"x" * 2000)
        return work / "root", work / "boot.img", work / "core.img"

    monkeypatch.setattr("components.images.debian.tree", tree)
    monkeypatch.setattr("components.images.build._NEEDED_BYTES", {"debian": 1})
    file = recipes / "small" / "recipe.yaml"
    file.write_text(file.read_text().replace("kind: busybox", "kind: debian"))
    return files


def refusal(own_cache, fleet, recipes, said):
    """What a build says that must not leave an image, nor anything else but its log."""
    with pytest.raises(ImageError) as caught:
        build("small", fleet, said.append, recipes=recipes)
    assert {path.name for path in own_cache.iterdir()} - {".lock"} == {"small.log"}
    assert lock.locked(fleet) == {}
    return str(caught.value)


def test_a_clean_tree_becomes_an_image(made, own_cache, recipes, fleet, said):
    image = build("small", fleet, said.append, recipes=recipes)
    assert lock.locked(fleet) == {"small": image}
    entry = cache.describe(image.sha256)
    assert entry.packages == {"base-files": "13"}
    assert entry.seconds > 0
    assert not list(own_cache.glob(".building-*"))


@pytest.mark.parametrize(
    "name", ["etc/ssh/ssh_host_ed25519_key", "var/lib/dbus/machine-id", "var/lib/cloud/instance", "etc/shadow-"]
)
def test_a_tree_with_leftovers_never_becomes_a_disk(made, own_cache, recipes, fleet, said, name):
    made[name] = "x"
    assert name in refusal(own_cache, fleet, recipes, said)
    assert not [line for line in said if "root filesystem" in line]


@pytest.mark.parametrize("line", ["root::1::::::", "ops:$y$abc:1::::::"])
def test_a_tree_with_a_password_never_becomes_a_disk(made, own_cache, recipes, fleet, said, line):
    made["etc/shadow"] += f"{line}\n"
    assert f"it carries {line.split(':')[0]}." in refusal(own_cache, fleet, recipes, said)
    assert not [line for line in said if "root filesystem" in line]


def test_a_machine_id_is_found_before_anybody_may_use_the_image(made, own_cache, recipes, fleet, said):
    made["etc/machine-id"] = "0123456789abcdef0123456789abcdef\n"
    assert "its /etc/machine-id is not empty" in refusal(own_cache, fleet, recipes, said)
    assert [line for line in said if "root filesystem" in line], "told by the step that the others must not reach"


def test_a_recipe_that_changed_while_it_was_built_is_built_again(made, own_cache, recipes, fleet, said):
    init = recipes / "small" / "initramfs" / "init"
    before = recipe.load("small", recipes=recipes).inputs()

    def edit():
        init.write_text("#!/bin/sh\n# edited meanwhile\n")
        return ""

    made["etc/motd"] = edit
    assert build("small", fleet, said.append, recipes=recipes).inputs == before
    made["etc/motd"] = ""
    after = build("small", fleet, said.append, recipes=recipes).inputs
    assert after == recipe.load("small", recipes=recipes).inputs() != before


@pytest.fixture
def shop(recipes):
    """The recipe `small` wants a bundle now."""
    for name, text in {
        "guest/layer.yaml": "packages: []\n",
        "flavours/shop/flavour.yaml": "title: Shop\nstatus: supported\nversions:\n"
        '  - {name: Shop, version: "1", expires: "2027-01-01"}\n',
        "flavours/shop/bundle.yaml": PINNED,
    }.items():
        (recipes.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (recipes.parent / name).write_text(text)
    file = recipes / "small" / "recipe.yaml"
    file.write_text(file.read_text() + "flavour: shop\nbundle: bundle.yaml\n")


@pytest.fixture
def archive(shop, own_cache, recipes, tmp_path):
    """A bundle that was packed here."""
    return bundle_of(recipes, tmp_path / "shop.tar")


def bundle_of(recipes, file, *more):
    """A bundle as the recipe `small` pins it, noted in the cache as if all its sources had been proven."""
    inputs = load(recipes.parent / "flavours/shop/bundle.yaml").inputs()
    said = {"name": "shop", "inputs": inputs, "sources": [{"name": "app", "to": "/var/app"}]}
    with tarfile.open(file, "w") as packed:
        for one in [("manifest.json", json.dumps(said).encode()), *more]:
            packed.addfile(*member(*one))
    bundles.folder().mkdir(parents=True, exist_ok=True)
    draft = bundles.folder() / "draft"
    shutil.copy(file, draft)
    bundles.store(draft, "shop", cache.digest(file), said)
    return file


def member(name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, io.BytesIO(data)


def test_a_bundle_that_is_wanted_and_not_given_names_its_command(made, shop, own_cache, recipes, fleet, said):
    with pytest.raises(ImageError, match=r"bundle\.yaml.*`vps image bundle small`.*--bundle FILE"):
        build("small", fleet, said.append, recipes=recipes)
    assert said == []


def test_a_bundle_that_nobody_wants_is_refused(own_cache, recipes, fleet, tmp_path):
    with pytest.raises(ImageError, match="takes no bundle"):
        build("small", fleet, recipes=recipes, archive=tmp_path / "shop.tar")


def test_the_bundle_of_another_flavour_is_refused_before_the_build(
    made, shop, own_cache, recipes, fleet, said, archive
):
    (recipes.parent / "flavours/shop/bundle.yaml").write_text(PINNED.replace("shop", "shoe"))
    with pytest.raises(ImageError, match=r"is the bundle shop, and it takes shoe.*vps image bundle small"):
        build("small", fleet, said.append, recipes=recipes, archive=archive)
    assert said == []


def test_a_bundle_that_nobody_here_packed_needs_its_digest(made, shop, own_cache, recipes, fleet, said, archive):
    """Whatever its manifest says."""
    with tarfile.open(archive, "a") as packed:
        packed.addfile(*member("var/app/evil", b"x"))
    with pytest.raises(ImageError, match=r"not packed on this machine.*vps image bundle small.*--bundle-sha256"):
        build("small", fleet, said.append, recipes=recipes, archive=archive)
    with pytest.raises(ImageError, match=f"has the SHA-256 {cache.digest(archive)}, and 00 was named"):
        build("small", fleet, said.append, recipes=recipes, archive=archive, archive_sha256="00")
    assert said == []
    sha256 = cache.digest(archive)
    assert build("small", fleet, recipes=recipes, archive=archive, archive_sha256=sha256.upper()).bundle == sha256


def test_what_was_baked_is_recorded_and_enough_for_the_next_run(made, shop, own_cache, recipes, fleet, said, archive):
    image = build("small", fleet, said.append, recipes=recipes, archive=archive)
    assert (image.flavour, image.bundle) == ("shop", cache.digest(archive))
    assert image.expires.isoformat() <= "2027-01-01"
    archive.unlink()
    assert build("small", fleet, recipes=recipes) == image
    assert lock.locked(fleet) == {"small": image}


def test_what_was_baked_is_not_enough_once_another_commit_is_pinned(
    made, shop, own_cache, recipes, fleet, said, archive
):
    image = build("small", fleet, said.append, recipes=recipes, archive=archive)
    pinned = recipes.parent / "flavours/shop/bundle.yaml"
    pinned.write_text(PINNED.replace("a123", "ffff"))
    with pytest.raises(ImageError, match=r"Make it with `vps image bundle small`"):
        build("small", fleet, recipes=recipes)
    assert lock.locked(fleet) == {"small": image}


def test_another_bundle_is_another_image(made, shop, own_cache, recipes, fleet, said, archive):
    image = build("small", fleet, said.append, recipes=recipes, archive=archive)
    bundle_of(recipes, archive, ("var/more", b"x"))
    other = build("small", fleet, said.append, recipes=recipes, archive=archive)
    assert other.inputs != image.inputs
    assert lock.locked(fleet) == {"small": other}
