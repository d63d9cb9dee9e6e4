"""A filled mirror is all that a bundle needs, wherever it is taken."""

import pytest

from components.bundles.build import build
from components.bundles.errors import BundleError
from components.bundles.filling import fill
from components.bundles.mirror import Mirror, named
from tests.bundles.standin import git, repository


def filled(world, target, source=None):
    fill(world.manifest(), named(str(source or world.mirror)), target, lambda _: None)


def test_the_same_bundle_comes_of_it(world, tmp_path, monkeypatch):
    first = world.build()
    filled(world, tmp_path / "new")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert world.build(tmp_path / "new").sha256 == first.sha256


def test_one_is_filled_over_the_web_and_given_out_as_files(world, web, tmp_path):
    git("update-server-info", folder=world.mirror / "github.com" / "example" / "app.git")
    filled(world, tmp_path / "new", web.url)
    bare = tmp_path / "new" / "github.com" / "example" / "app.git"
    assert (bare / "info" / "refs").is_file()
    assert (tmp_path / "new" / "python" / "greet-1.0-py3-none-any.whl").is_file()


def test_a_second_run_changes_nothing_and_a_pin_outlives_its_branch(world, tmp_path):
    filled(world, tmp_path / "new")
    upstream = world.mirror / "github.com" / "example" / "app.git"
    (world.content / "run").write_text("#!/bin/sh\necho rewritten\n")
    other = repository(world.content, tmp_path / "other.git")
    git("fetch", "-q", str(tmp_path / "other.git"), other, folder=upstream)
    git("update-ref", "refs/heads/main", other, folder=upstream)
    filled(world, tmp_path / "new")
    kept = tmp_path / "new" / "github.com" / "example" / "app.git"
    assert git("rev-parse", "refs/heads/main", folder=kept) == other
    assert git("rev-parse", f"refs/tags/pinned-{world.commit}", folder=kept) == world.commit


def test_packages_of_a_pinned_lock_come_along(world, tmp_path):
    import json

    source = {"type": "git", "url": "https://github.com/example/app.git", "reference": world.commit}
    lock = {"packages": [{"name": "example/app", "version": "1", "source": source}]}
    (world.content / "composer.lock").write_text(json.dumps(lock))
    holder = repository(world.content, world.mirror / "github.com" / "example" / "holder.git")
    world.source("app")["git"] = {"url": "https://github.com/example/holder", "commit": holder}
    world.only("app")
    world.declared["sources"].append({"name": "deps", "licence": "MIT", "to": "/var/app", "composer": {"of": "app"}})
    filled(world, tmp_path / "new")
    assert (tmp_path / "new" / "github.com" / "example" / "app.git").is_dir()
    assert build(world.manifest(), Mirror(str(tmp_path / "new")), lambda _: None)


def test_all_that_could_not_be_had_is_told_and_the_rest_is_there(world, tmp_path):
    world.source("tool")["file"]["sha256"] = "0" * 64
    world.declared["sources"].append(
        {"name": "later", "licence": "MIT", "to": "/opt/l", "pending": {"url": "https://a.example/b", "reason": "No."}}
    )
    world.source("app")["git"]["commit"] = "12" * 20
    with pytest.raises(BundleError) as caught:
        filled(world, tmp_path / "new")
    text = str(caught.value)
    assert f"Unable to fill the mirror {tmp_path / 'new'} for small from the mirror {world.mirror}:" in text
    assert f"app: {world.mirror}/github.com/example/app.git has no commit {'12' * 20}." in text
    assert "tool: " in text
    assert "later: https://a.example/b is not pinned yet: No." in text
    assert (tmp_path / "new" / "python" / "greet-1.0-py3-none-any.whl").is_file()
    assert not list((tmp_path / "new" / "files.example.org").iterdir())


def test_a_folder_that_cannot_be_made_is_told(world, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="Unable to fill the mirror"):
        filled(world, tmp_path / "file" / "new")
