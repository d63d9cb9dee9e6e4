"""A composer.lock's packages come by their commits, and composer can make the autoloader of them offline."""

import json

import pytest

from components.bundles import composer
from components.bundles.errors import BundleError
from tests.bundles.standin import repository

URL = "https://github.com/vendor/lib.git"


def lock(*packages):
    return json.dumps({"packages": list(packages), "packages-dev": [{"name": "dev/only"}]}).encode()


def package(commit="1" * 40, name="vendor/lib", **more):
    source = {"type": "git", "url": URL, "reference": commit}
    return {"name": name, "version": "1.0", "license": ["MIT"], "source": source, **more}


def test_packages_are_pinned_by_commit():
    (found,) = composer.packages(lock(package()), "composer.lock")
    assert (found.name, found.url, found.commit, found.licence) == ("vendor/lib", URL, "1" * 40, "MIT")


def test_every_package_without_pin_is_named():
    data = lock(
        package("main", "a/one"),
        {"name": "a/two", "dist": {"type": "zip", "url": "https://x/y.zip", "shasum": ""}},
        package(name="../evil"),
        package(name="a/four", source={"type": "git", "url": "ssh://x/y", "reference": "1" * 40}),
    )
    with pytest.raises(BundleError) as caught:
        composer.packages(data, "composer.lock")
    text = str(caught.value)
    assert [name in text for name in ("a/one is", "a/two is", "'../evil' is", "a/four is")] == [True] * 4


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"packages": 3}', b'{"packages": [3]}'])
def test_what_is_no_lock_is_told(data):
    with pytest.raises(BundleError, match=r"composer\.lock is no composer\.lock"):
        composer.packages(data, "composer.lock")


@pytest.fixture
def library(world, tmp_path):
    """Two packages in the mirror; the lock of both."""
    rows = []
    for name in ("vendor/lib", "vendor/lib-two"):
        content = tmp_path / name.replace("/", "-")
        (content / "src").mkdir(parents=True)
        (content / "src" / "a.php").write_text(f"<?php // {name}\n")
        (content / "README").write_text(name)
        commit = repository(content, world.mirror / "github.com" / f"{name}.git")
        source = {"type": "git", "url": f"https://github.com/{name}.git", "reference": commit}
        rows.append(package(name=name, source=source))
    return lock(*reversed(rows))


def bundled(world):
    import tarfile

    with tarfile.open(world.build().file) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive.getmembers() if one.isreg()}


def test_a_lock_beside_the_manifest_brings_its_packages(world, library):
    (world.folder / "composer.lock").write_bytes(library)
    (world.folder / "composer.json").write_text("{}\n")
    world.declared["sources"] = [{"name": "deps", "licence": "MIT", "to": "/opt/deps", "composer": {}}]
    found = bundled(world)
    assert found["opt/deps/vendor/vendor/lib/src/a.php"] == b"<?php // vendor/lib\n"
    assert found["opt/deps/vendor/vendor/lib-two/README"] == b"vendor/lib-two"
    assert found["opt/deps/composer.lock"] == library
    installed = json.loads(found[f"opt/deps/{composer.INSTALLED}"])
    assert [one["install-path"] for one in installed["packages"]] == ["../vendor/lib", "../vendor/lib-two"]
    (row,) = json.loads(found["manifest.json"])["sources"]
    assert [one["name"] for one in row["packages"]] == ["vendor/lib", "vendor/lib-two"]


def test_a_lock_in_a_pinned_source_does_too(world, library):
    (world.content / "composer.lock").write_bytes(library)
    world.source("app")["git"]["commit"] = repository(world.content, world.mirror / "github.com" / "example" / "b.git")
    world.source("app")["git"]["url"] = "https://github.com/example/b"
    world.only("app")
    world.declared["sources"].append({"name": "deps", "licence": "MIT", "to": "/var/app", "composer": {"of": "app"}})
    found = bundled(world)
    assert found["var/app/vendor/vendor/lib/README"] == b"vendor/lib"
    assert found["var/app/composer.lock"] == library


def test_a_lock_that_is_not_there_or_could_not_be_had_is_told(world):
    world.declared["sources"].append({"name": "deps", "licence": "MIT", "to": "/var/app", "composer": {"of": "app"}})
    with pytest.raises(BundleError, match=r"deps: app holds no composer\.lock\."):
        world.build()
    world.source("app")["git"]["commit"] = "12" * 20
    with pytest.raises(BundleError, match=r"deps: its composer\.lock is in app, which could not be had\."):
        world.build()


def test_a_package_that_the_mirror_lacks_is_named(world, tmp_path):
    (world.folder / "composer.lock").write_bytes(lock(package()))
    (world.folder / "composer.json").write_text("{}\n")
    world.declared["sources"] = [{"name": "deps", "licence": "MIT", "to": "/opt/deps", "composer": {}}]
    with pytest.raises(BundleError, match=r"deps: vendor/lib: there is no repository .*/github\.com/vendor/lib\.git\."):
        world.build()
